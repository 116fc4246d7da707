// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Any JSON value, for tools and tests; calls are read and written without it.
public indirect enum JSONValue: Sendable, Equatable {
    /// The members in the order they stand.
    case object([Member])
    case array([JSONValue])
    case string(String)
    /// The number as it is written.
    case number(String)
    case bool(Bool)
    case null

    public struct Member: Sendable, Equatable {
        public var key: String
        public var value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Reads a whole document.
    public static func parse(
        _ bytes: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONError) -> JSONValue {
        try JSONValue(jsonBytes: bytes, limits: limits)
    }

    /// The member called `key`; nil when there is none or this is no object.
    public subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The element at `index`; nil when there is none or this is no array.
    public subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else {
            return nil
        }
        return elements[index]
    }

    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The number when it is whole and written without fraction and exponent.
    public var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// The document over several lines, for people.
    public func prettyText(indent: Int = 0) -> String {
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { member in
                let key = String(decoding: JSONValue.string(member.key).jsonBytes, as: UTF8.self)
                return "\(inner)\(key): \(member.value.prettyText(indent: indent + 2))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { inner + $0.prettyText(indent: indent + 2) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(outer)]"
        default:
            return String(decoding: jsonBytes, as: UTF8.self)
        }
    }
}

extension JSONValue: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        switch try reader.kind {
        case .object:
            var members: [Member] = []
            try reader.readObject { (reader, key) throws(JSONError) in
                members.append(Member(key.text, try JSONValue(from: &reader)))
            }
            self = .object(members)
        case .array:
            var elements: [JSONValue] = []
            try reader.readArray { (reader) throws(JSONError) in
                elements.append(try JSONValue(from: &reader))
            }
            self = .array(elements)
        case .string: self = .string(try reader.readString())
        case .number: self = .number(try reader.readNumberText())
        case .true, .false: self = .bool(try reader.readBool())
        case .null:
            try reader.readNull()
            self = .null
        }
    }

    public func encode(to writer: inout JSONWriter) {
        switch self {
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(text: member.key)
                member.value.encode(to: &writer)
            }
            writer.endObject()
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.encode(to: &writer) }
            writer.endArray()
        case .string(let text): writer.string(text)
        case .number(let text): writer.raw(text.utf8)
        case .bool(let value): writer.bool(value)
        case .null: writer.null()
        }
    }
}
