// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// Validates a value by the part of JSON Schema (draft 7) that the OpenRPC meta-schema and the
/// contract use. A keyword it doesn't know is a problem of its own, so nothing passes unchecked.
struct SchemaValidator {
    /// The document that `#/…` refers into.
    let root: JSONValue
    /// Refuses members that `properties` doesn't name; for examples, which must show only what
    /// the contract declares.
    var isClosed = false

    private static let annotations: Set<String> = [
        "$schema", "$id", "title", "description", "default", "examples", "format", "definitions",
    ]

    /// What is wrong with `value`, each with its place; empty when it is valid.
    func problems(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> [String] {
        if schema == .bool(true) { return [] }
        guard let keywords = schema.members else { return ["\(place): no schema"] }
        if let reference = schema["$ref"]?.string {
            return problems(value, referring: reference, at: place)
        }
        return keywords.flatMap { keyword in
            problems(value, keyword.key, keyword.value, schema, at: place)
        }
    }

    private func problems(
        _ value: JSONValue, referring reference: String, at place: String
    ) -> [String] {
        // The meta-schema of JSON Schema lies elsewhere; what it would check of the contract's
        // schemas, the generator's own reader checks more strictly.
        if reference == "https://meta.json-schema.tools" {
            return value.members != nil || value.bool != nil ? [] : ["\(place): no schema"]
        }
        if reference.hasPrefix("https://meta.json-schema.tools") {
            return value.string != nil ? [] : ["\(place): no reference"]
        }
        var target: JSONValue? = root
        for step in reference.split(separator: "/").dropFirst() { target = target?[String(step)] }
        guard reference.hasPrefix("#/"), let target else {
            return ["\(place): \(reference) leads nowhere"]
        }
        return problems(value, target, at: place)
    }

    private func problems(
        _ value: JSONValue, _ keyword: String, _ operand: JSONValue, _ schema: JSONValue,
        at place: String
    ) -> [String] {
        switch keyword {
        case "type":
            return Self.hasType(value, operand.string ?? "")
                ? [] : ["\(place): no \(operand.string ?? "")"]
        case "enum":
            return operand.elements?.contains(value) == true ? [] : ["\(place): not in the enum"]
        case "oneOf":
            let count = operand.elements?.count { problems(value, $0, at: place).isEmpty }
            return count == 1 ? [] : ["\(place): fits \(count ?? 0) schemas instead of one"]
        case "required":
            guard value.members != nil else { return [] }
            return (operand.elements ?? []).compactMap(\.string).filter { value[$0] == nil }
                .map { "\(place).\($0): missing" }
        case "properties":
            return (value.members ?? []).flatMap { member in
                operand[member.key].map {
                    problems(member.value, $0, at: "\(place).\(member.key)")
                } ?? (isClosed ? ["\(place).\(member.key): unknown"] : [])
            }
        case "patternProperties": return patternProblems(value, operand, at: place)
        case "additionalProperties":
            guard operand == .bool(false) else { return ["\(place): unknown keyword \(keyword)"] }
            return (value.members ?? []).filter { !Self.isDeclared($0.key, in: schema) }
                .map { "\(place).\($0.key): unknown" }
        case "items":
            return (value.elements ?? []).enumerated().flatMap { index, element in
                problems(element, operand, at: "\(place)[\(index)]")
            }
        case "additionalItems": return []  // Without effect beside a single `items`.
        case "pattern", "minLength", "maxLength", "minimum", "maximum":
            return boundProblem(value, keyword, operand, at: place)
        case _ where keyword.hasPrefix("x-") || Self.annotations.contains(keyword): return []
        default: return ["\(place): unknown keyword \(keyword)"]
        }
    }

    private func patternProblems(
        _ value: JSONValue, _ patterns: JSONValue, at place: String
    ) -> [String] {
        (value.members ?? []).flatMap { member in
            (patterns.members ?? []).filter { Self.matches(member.key, $0.key) }.flatMap {
                problems(member.value, $0.value, at: "\(place).\(member.key)")
            }
        }
    }

    private func boundProblem(
        _ value: JSONValue, _ keyword: String, _ operand: JSONValue, at place: String
    ) -> [String] {
        let length = value.string?.unicodeScalars.count
        let isWithin: Bool? =
            switch keyword {
            case "pattern": value.string.map { Self.matches($0, operand.string ?? "") }
            case "minLength": length.map { $0 >= operand.int ?? .max }
            case "maxLength": length.map { $0 <= operand.int ?? .min }
            case "minimum": value.int.map { $0 >= operand.int ?? .max }
            default: value.int.map { $0 <= operand.int ?? .min }
            }
        return isWithin == false ? ["\(place): against its \(keyword)"] : []
    }

    private static func hasType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.object, "object"), (.array, "array"), (.string, "string"), (.bool, "boolean"),
            (.null, "null"), (.number, "number"):
            true
        case (.number, "integer"): value.int != nil
        default: false
        }
    }

    private static func isDeclared(_ key: String, in schema: JSONValue) -> Bool {
        schema["properties"]?[key] != nil
            || (schema["patternProperties"]?.members ?? []).contains { matches(key, $0.key) }
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        guard let regex = try? Regex(pattern) else { return false }
        return text.firstMatch(of: regex) != nil
    }
}
