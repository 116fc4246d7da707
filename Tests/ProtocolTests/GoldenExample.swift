// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol

/// A golden request with its answer, `proto-docs/examples/<method>/<name>.json`.
struct GoldenExample: Sendable, CustomStringConvertible {
    let method: String
    let name: String
    let request: JSONValue
    let events: [JSONValue]
    let response: JSONValue

    var description: String { "\(method)/\(name)" }

    /// All of them; empty when they can't be read, which a test looks at.
    static let all: [GoldenExample] = {
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

/// A method's generated codecs, as functions from bytes to bytes.
struct MethodCodecs: Sendable {
    typealias Codec = @Sendable ([UInt8]) throws -> [UInt8]

    let params: Codec
    let result: Codec
    var event: Codec?

    static let all: [String: MethodCodecs] = [
        "withdraw.quote": MethodCodecs(Methods.withdrawQuote),
        "withdraw.create": MethodCodecs(Methods.withdrawCreate),
        "withdraw.get": MethodCodecs(Methods.withdrawGet),
        "withdraw.list": MethodCodecs(Methods.withdrawList),
        "withdraw.cancel": MethodCodecs(Methods.withdrawCancel),
        "withdraw.watch": MethodCodecs(Methods.withdrawWatch),
        "account.get": MethodCodecs(Methods.accountGet),
        "account.credit": MethodCodecs(Methods.accountCredit),
        "account.entries": MethodCodecs(Methods.accountEntries),
        "service.info": MethodCodecs(Methods.serviceInfo),
    ]

    init<Params: JSONDecodable & SendableMetatype, Result: JSONEncodable & SendableMetatype>(
        _: MethodDescriptor<Params, Result>
    ) {
        params = { try Params(jsonBytes: $0).jsonBytes }
        result = { try Result(jsonBytes: $0).jsonBytes }
    }

    init<
        Params: JSONDecodable & SendableMetatype, Event: JSONEncodable & SendableMetatype,
        Result: JSONEncodable & SendableMetatype
    >(
        _: StreamDescriptor<Params, Event, Result>
    ) {
        params = { try Params(jsonBytes: $0).jsonBytes }
        result = { try Result(jsonBytes: $0).jsonBytes }
        event = { try Event(jsonBytes: $0).jsonBytes }
    }
}

extension JSONValue {
    /// The value with the members of every object in order of their keys.
    var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(
                members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(\.sorted))
        default: self
        }
    }

    /// The value with `member` added to every object in it.
    func adding(_ member: Member) -> JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.key, $0.value.adding(member)) } + [member])
        case .array(let elements): .array(elements.map { $0.adding(member) })
        default: self
        }
    }

    /// The value with `change` made to one member after the other: each object once for each
    /// of its members, with the member's path.
    func changingEachMember(
        at path: String = "", _ change: (JSONValue) -> JSONValue?
    ) -> [(path: String, value: JSONValue)] {
        switch self {
        case .object(let members):
            return members.indices.flatMap { index in
                let member = members[index]
                let place = path.isEmpty ? member.key : "\(path).\(member.key)"
                var inner = member.value.changingEachMember(at: place, change).map {
                    (path: $0.path, new: Optional($0.value))
                }
                inner.append((place, change(member.value)))
                return inner.map { changed in
                    var copy = members
                    if let new = changed.new {
                        copy[index].value = new
                    } else {
                        copy.remove(at: index)
                    }
                    return (changed.path, JSONValue.object(copy))
                }
            }
        case .array(let elements):
            return elements.indices.flatMap { index in
                elements[index].changingEachMember(at: "\(path)[\(index)]", change).map { changed in
                    var copy = elements
                    copy[index] = changed.value
                    return (changed.path, JSONValue.array(copy))
                }
            }
        default: return []
        }
    }
}
