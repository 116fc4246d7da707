// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import Testing

@testable import ContractGenerator

/// The project's files, found from where this source lies.
enum Project {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: root.appending(path: path)))
    }

    static func contractValue() throws -> JSONValue {
        try JSONValue.parse(bytes(ContractCommand.contractPath))
    }

    static func contract() throws -> Contract {
        try Contract(bytes(ContractCommand.contractPath))
    }
}

extension JSONValue {
    /// The value with what stands at `path` replaced; nil removes it. A step names a member, or
    /// an element by its `name`; a last step that is missing is added.
    func replacing(_ path: String, with new: JSONValue?) throws -> JSONValue {
        let steps = path.split(separator: "/").map(String.init)
        return try replacing(steps[...], with: new) ?? .null
    }

    private func replacing(_ steps: ArraySlice<String>, with new: JSONValue?) throws -> JSONValue? {
        guard let step = steps.first else { return new }
        let rest = steps.dropFirst()
        switch self {
        case .object(var members):
            if let index = members.firstIndex(where: { $0.key == step }) {
                if let value = try members[index].value.replacing(rest, with: new) {
                    members[index].value = value
                } else {
                    members.remove(at: index)
                }
            } else {
                try #require(rest.isEmpty, "there is no \(step)")
                members.append(Member(step, try #require(new)))
            }
            return .object(members)
        case .array(var elements):
            let found = elements.firstIndex { $0["name"]?.string == step || $0.string == step }
            if let index = found {
                if let value = try elements[index].replacing(rest, with: new) {
                    elements[index] = value
                } else {
                    elements.remove(at: index)
                }
            } else {
                try #require(rest.isEmpty, "there is no \(step)")
                elements.append(try #require(new))
            }
            return .array(elements)
        default:
            Issue.record("\(step) is inside a scalar")
            return self
        }
    }
}
