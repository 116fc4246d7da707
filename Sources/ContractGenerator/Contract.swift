// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// The contract as the generator understands it.
///
/// It takes the subset of OpenRPC and JSON Schema that the contract uses and refuses the rest, so that
/// nothing in the contract is silently without effect.
struct Contract {
    /// A value's type and limits.
    indirect enum Schema: Equatable {
        case reference(String)
        /// Text of a bounded number of Unicode scalars, without U+0000.
        case text(ClosedRange<Int>)
        /// Text with a Swift type of its own that checks its form.
        case typed(swiftType: String, pattern: String, length: ClosedRange<Int>?)
        case integer(ClosedRange<Int>)
        case boolean
        case choice([String])
        case array(Schema)
        case object([Property])
        /// An object of any shape, passed on as it is.
        case anyObject
    }

    struct Property: Equatable {
        let name: String
        let schema: Schema
        let description: String
        let isRequired: Bool
    }

    struct NamedSchema: Equatable {
        let name: String
        let schema: Schema
        let description: String
    }

    struct ErrorDefinition: Equatable {
        let reason: String
        let code: Int
        let message: String
        let status: Status
        let isRetryable: Bool
    }

    struct Example: Equatable {
        let params: JSONValue
        let result: JSONValue
    }

    struct Method: Equatable {
        let name: String
        let summary: String
        let description: String
        let scope: String
        /// `always`, or `with-key` for a method that may only be repeated with a key.
        let repeatable: String
        let params: [Property]
        let result: Schema
        /// The schema of the events; nil for a method that answers once.
        let event: String?
        /// Whether the answer is the same as long as the server runs.
        let isConstant: Bool
        let errors: [String]
        /// The first of its examples; nil for a method without.
        let example: Example?

        /// `withdraw`.
        var group: String { String(name.prefix { $0 != "." }) }
        /// `create`.
        var verb: String { String(name.drop { $0 != "." }.dropFirst()) }
        /// `WithdrawCreate`.
        var typeName: String { group.capitalizedFirst + verb.capitalizedFirst }
        /// `rpc.…` is answered by the RPC layer, not by a service.
        var isIntrinsic: Bool { group == "rpc" }
    }

    let title: String
    let version: String
    let description: String
    let methods: [Method]
    let schemas: [NamedSchema]
    let errors: [ErrorDefinition]
    /// The document, minified, for `rpc.discover`.
    let minified: [UInt8]

    var scopes: [String] { Set(methods.map(\.scope)).sorted() }
    /// The groups with a service, in the order they first stand.
    var groups: [String] {
        var groups: [String] = []
        for method in methods where !method.isIntrinsic && !groups.contains(method.group) {
            groups.append(method.group)
        }
        return groups
    }
}

/// What is wrong with the contract, with the place.
struct ContractError: Error, CustomStringConvertible {
    let place: String
    let problem: String

    var description: String { "\(place): \(problem)" }
}

extension Contract {
    init(_ bytes: [UInt8]) throws {
        let root = try JSONValue.parse(bytes)
        minified = root.jsonBytes
        guard root["openrpc"]?.string?.hasPrefix("1.3") == true else {
            throw ContractError(place: "openrpc", problem: "is not 1.3")
        }
        title = try root["info"].text("title", at: "info")
        version = try root["info"].text("version", at: "info")
        description = try root["info"].text("description", at: "info")
        let components = root["components"]
        schemas = try (components?["schemas"]?.members ?? []).map { member in
            NamedSchema(
                name: member.key, schema: try Schema(member.value, at: member.key),
                description: try Optional(member.value).text("description", at: member.key))
        }
        errors = try (components?["errors"]?.members ?? []).map {
            try ErrorDefinition($0.key, $0.value)
        }
        methods = try (root["methods"]?.elements ?? []).map { try Method($0) }
        try check()
    }

    /// Every reference leads somewhere and nothing stands twice.
    private func check() throws {
        let names = Set(schemas.map(\.name))
        let reasons = Set(errors.map(\.reason))
        guard Set(methods.map(\.name)).count == methods.count else {
            throw ContractError(place: "methods", problem: "a name stands twice")
        }
        guard Set(errors.map(\.code)).count == errors.count else {
            throw ContractError(place: "errors", problem: "a code stands twice")
        }
        func check(_ schema: Schema, at place: String) throws {
            switch schema {
            case .reference(let name):
                guard names.contains(name) else {
                    throw ContractError(place: place, problem: "there is no schema \(name)")
                }
            case .array(let element): try check(element, at: place + "[]")
            case .object(let properties):
                for property in properties {
                    try check(property.schema, at: "\(place).\(property.name)")
                }
            default: break
            }
        }
        for named in schemas { try check(named.schema, at: named.name) }
        for method in methods {
            for param in method.params {
                try check(param.schema, at: "\(method.name).\(param.name)")
            }
            try check(method.result, at: "\(method.name) result")
            if let event = method.event {
                try check(.reference(event), at: "\(method.name) x-stream")
            }
            for reason in method.errors where !reasons.contains(reason) {
                throw ContractError(place: method.name, problem: "there is no error \(reason)")
            }
        }
    }
}

extension Contract.Schema {
    /// The keywords that mean something here, by type; others would be without effect.
    private static let keywords: [String: Set<String>] = [
        "string": ["enum", "minLength", "maxLength", "pattern", "x-swift-type"],
        "integer": ["minimum", "maximum"],
        "boolean": [],
        "array": ["items"],
        "object": ["required", "properties"],
    ]

    fileprivate init(_ value: JSONValue, at place: String) throws {
        let known = Self.keywords[value["type"]?.string ?? ""] ?? ["$ref"]
        try value.checkMembers(known.union(["type", "description", "examples"]), at: place)
        if let target = value["$ref"]?.string {
            let prefix = "#/components/schemas/"
            guard target.hasPrefix(prefix) else {
                throw ContractError(place: place, problem: "refers outside the schemas")
            }
            self = .reference(String(target.dropFirst(prefix.count)))
            return
        }
        switch try Optional(value).text("type", at: place) {
        case "string": self = try Self.string(value, at: place)
        case "integer":
            guard let minimum = value["minimum"]?.int, let maximum = value["maximum"]?.int else {
                throw ContractError(place: place, problem: "an integer needs its bounds")
            }
            self = .integer(minimum...maximum)
        case "boolean": self = .boolean
        case "array":
            guard let items = value["items"] else {
                throw ContractError(place: place, problem: "an array needs its items")
            }
            self = .array(try Self(items, at: place + "[]"))
        case "object":
            guard let properties = value["properties"]?.members else {
                self = .anyObject
                return
            }
            let required = Set((value["required"]?.elements ?? []).compactMap(\.string))
            self = .object(
                try properties.map { member in
                    Contract.Property(
                        name: member.key,
                        schema: try Self(member.value, at: "\(place).\(member.key)"),
                        description: member.value["description"]?.string ?? "",
                        isRequired: required.contains(member.key))
                })
        case let type: throw ContractError(place: place, problem: "type \(type) is not supported")
        }
    }

    private static func string(_ value: JSONValue, at place: String) throws -> Self {
        if let choices = value["enum"]?.elements { return .choice(choices.compactMap(\.string)) }
        let length: ClosedRange<Int>? =
            if let minimum = value["minLength"]?.int, let maximum = value["maxLength"]?.int {
                minimum...maximum
            } else { nil }
        let pattern = try Optional(value).text("pattern", at: place)
        if let swiftType = value["x-swift-type"]?.string {
            return .typed(swiftType: swiftType, pattern: pattern, length: length)
        }
        guard let length, pattern == "^[^\\u0000]*$" else {
            throw ContractError(
                place: place,
                problem: "free text needs minLength, maxLength and the pattern ^[^\\u0000]*$")
        }
        return .text(length)
    }
}

extension Contract.ErrorDefinition {
    fileprivate init(_ reason: String, _ value: JSONValue) throws {
        self.reason = reason
        guard let code = value["code"]?.int, let data = value["data"],
            let retryable = data["retryable"]?.bool, data["reason"]?.string == reason,
            let status = data["status"]?.string.flatMap(Status.init(rawValue:))
        else { throw ContractError(place: reason, problem: "needs code and data") }
        self.code = code
        self.status = status
        isRetryable = retryable
        message = try Optional(value).text("message", at: reason)
    }
}

extension Contract.Method {
    fileprivate init(_ value: JSONValue) throws {
        let name = try Optional(value).text("name", at: "methods")
        self.name = name
        try value.checkMembers(
            [
                "name", "summary", "description", "tags", "paramStructure", "params", "result",
                "errors", "examples", "x-constant", "x-scope", "x-repeatable", "x-stream",
            ], at: name)
        guard value["paramStructure"]?.string == "by-name" else {
            throw ContractError(place: name, problem: "takes its params by name only")
        }
        guard name.split(separator: ".").count == 2 else {
            throw ContractError(place: name, problem: "is not noun.verb")
        }
        summary = try Optional(value).text("summary", at: name)
        description = try Optional(value).text("description", at: name)
        scope = try Optional(value).text("x-scope", at: name)
        repeatable = try Optional(value).text("x-repeatable", at: name)
        guard ["always", "with-key"].contains(repeatable) else {
            throw ContractError(place: name, problem: "x-repeatable is always or with-key")
        }
        params = try (value["params"]?.elements ?? []).map { param in
            let paramName = try Optional(param).text("name", at: name)
            guard let schema = param["schema"] else {
                throw ContractError(place: "\(name).\(paramName)", problem: "has no schema")
            }
            return Contract.Property(
                name: paramName, schema: try .init(schema, at: "\(name).\(paramName)"),
                description: try Optional(param).text("description", at: paramName),
                isRequired: param["required"]?.bool ?? false)
        }
        isConstant = value["x-constant"]?.bool ?? false
        guard !isConstant || params.isEmpty else {
            throw ContractError(place: name, problem: "is x-constant and has params")
        }
        guard let schema = value["result"]?["schema"] else {
            throw ContractError(place: name, problem: "has no result")
        }
        result = try .init(schema, at: "\(name) result")
        event = try value["x-stream"].map { stream in
            guard case .reference(let event) = try Contract.Schema(stream, at: "\(name) x-stream")
            else { throw ContractError(place: "\(name) x-stream", problem: "is no reference") }
            return event
        }
        errors = (value["errors"]?.elements ?? []).compactMap {
            $0["$ref"]?.string?.split(separator: "/").last.map(String.init)
        }
        example = try value["examples"]?[0].map { example in
            guard let params = example["params"]?.elements,
                let result = example["result"]?["value"]
            else { throw ContractError(place: name, problem: "has half an example") }
            let members = try params.map { param in
                JSONValue.Member(
                    try Optional(param).text("name", at: name), param["value"] ?? .null)
            }
            return Contract.Example(params: .object(members), result: result)
        }
    }
}

extension Optional where Wrapped == JSONValue {
    /// The member `key` as text, which must be there.
    fileprivate func text(_ key: String, at place: String) throws -> String {
        guard let text = self?[key]?.string else {
            throw ContractError(place: place, problem: "\(key) is missing or no text")
        }
        return text
    }
}

extension JSONValue {
    /// Refuses members that are not `known`.
    fileprivate func checkMembers(_ known: Set<String>, at place: String) throws {
        for member in members ?? [] where !known.contains(member.key) {
            throw ContractError(place: place, problem: "\(member.key) is not supported")
        }
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
    var uncapitalizedFirst: String { prefix(1).lowercased() + dropFirst() }

    /// `NOT_FOUND` as `notFound`.
    var camelCased: String {
        let words = split(separator: "_").map { $0.lowercased() }
        return (words.first ?? "") + words.dropFirst().map(\.capitalizedFirst).joined()
    }

    /// The name, in backticks where Swift has taken it.
    var swiftName: String {
        ["return", "default", "internal", "protocol"].contains(self) ? "`\(self)`" : self
    }
}
