// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import TellerProtocol

/// A golden request with its answer, `proto-docs/examples/<method>/<name>.json`.
package struct GoldenExample: Sendable, CustomStringConvertible {
    package let method: String
    package let name: String
    package let request: JSONValue
    package let events: [JSONValue]
    package let response: JSONValue

    package var description: String { "\(method)/\(name)" }

    /// All of them; empty when they can't be read, which a test looks at.
    package static let all: [GoldenExample] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "proto-docs/examples")
        guard let paths = try? FileManager.default.subpathsOfDirectory(atPath: folder.path) else {
            return []
        }
        return paths.sorted().filter { $0.hasSuffix(".json") }.compactMap { path in
            guard let data = try? Data(contentsOf: folder.appending(path: path)),
                let value = try? JSONValue.parse(Array(data)), let request = value["request"],
                let response = value["response"], let slash = path.firstIndex(of: "/")
            else { return nil }
            return GoldenExample(
                method: String(path[..<slash]),
                name: String(path[path.index(after: slash)...].dropLast(5)),
                request: request, events: value["events"]?.elements ?? [], response: response)
        }
    }()
}

extension JSONValue {
    /// The value with the members of every object in order of their keys.
    package var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(
                members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(\.sorted))
        default: self
        }
    }
}
