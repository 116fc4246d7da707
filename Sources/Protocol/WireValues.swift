// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The wire forms of the value types, and the pieces generated codecs are made of.

/// A change of money in nanotons; on the wire a decimal string, negative with a minus.
public struct SignedNanotons: Hashable, Sendable {
    public let rawValue: Int64

    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Reads the wire form: digits without a leading zero, after a minus when negative. nil for
    /// anything else, `-0` included.
    public init?(wire text: String) {
        self.init(wireBytes: Array(text.utf8)[...])
    }

    init?(wireBytes bytes: ArraySlice<UInt8>) {
        let isNegative = bytes.first == UInt8(ascii: "-")
        guard let amount = Nanotons(wireBytes: isNegative ? bytes.dropFirst() : bytes),
            !(isNegative && amount == .zero)
        else { return nil }
        rawValue = isNegative ? -amount.rawValue : amount.rawValue
    }
}

/// An enum of the contract: each value is its raw text.
public protocol WireChoice: RawRepresentable, JSONDecodable, JSONEncodable
where RawValue == String {}

extension WireChoice {
    public init(from reader: inout JSONReader) throws(JSONError) {
        guard let value = Self(rawValue: try reader.readString()) else {
            throw reader.invalid("is none of the values it may have")
        }
        self = value
    }

    public func encode(to writer: inout JSONWriter) { writer.string(rawValue) }
}

/// Params that may carry the caller's idempotency key.
public protocol IdempotencyKeyed {
    var idempotencyKey: IdempotencyKey? { get set }
}

extension Nanotons: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing:
                "is not an amount: whole nanotons as a decimal string, at most \(Self.max.wireText)"
        ) { Nanotons(wireBytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.plainString { JSONWriter.append(rawValue, to: &$0) }
    }
}

extension SignedNanotons: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not a signed amount of whole nanotons"
        ) { SignedNanotons(wireBytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.plainString { JSONWriter.append(rawValue, to: &$0) }
    }
}

extension Timestamp: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not a time like 2026-11-23T23:07:00.000Z"
        ) { Timestamp(bytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.plainString { appendText(to: &$0) }
    }
}

extension AccountID: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not an account id: 1 to 64 of A–Z a–z 0–9 . _ : -"
        ) { AccountID(bytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) { writer.string(text) }
}

extension WithdrawalID: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not a withdrawal id"
        ) { WithdrawalID(bytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.plainString { uuid.appendText(to: &$0) }
    }
}

extension DealID: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not the id of an auction or a presale"
        ) { DealID(bytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.plainString { uuid.appendText(to: &$0) }
    }
}

extension MarketOperationID: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not an operation's id"
        ) { MarketOperationID(bytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.plainString { uuid.appendText(to: &$0) }
    }
}

extension IdempotencyKey: JSONDecodable, JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readString(
            refusing: "is not a key: 1 to 255 printable ASCII characters"
        ) { IdempotencyKey(bytes: $0) }
    }

    public func encode(to writer: inout JSONWriter) { writer.string(text) }
}

extension JSONReader {
    public mutating func readInteger(_ range: ClosedRange<Int>) throws(JSONError) -> Int {
        guard let value = Int(exactly: try readInt64()), range.contains(value) else {
            throw invalid("must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public mutating func readArray<Element: JSONDecodable>(
        of type: Element.Type
    ) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        try readArray { (reader) throws(JSONError) in elements.append(try Element(from: &reader)) }
        return elements
    }

    /// - Parameter length: Unicode scalars of each.
    public mutating func readTexts(_ length: ClosedRange<Int>) throws(JSONError) -> [String] {
        var texts: [String] = []
        try readArray { (reader) throws(JSONError) in texts.append(try reader.readText(length)) }
        return texts
    }

    /// The refusal of a member the type does not have.
    public func unknownMember(_ key: JSONKey) -> JSONError {
        JSONError(.unknownMember, "is not known here", at: offset)
    }

    /// Passes over a member the type does not have.
    ///
    /// - Throws: the refusal of it within params.
    public mutating func skipUnknownMember(_ key: JSONKey) throws(JSONError) {
        guard !refusesUnknownMembers else { throw unknownMember(key) }
        try skipValue()
    }

    /// The refusal of an object without `name`.
    public func missingMember(_ name: String) -> JSONError {
        JSONError(.missingMember, "is missing", at: offset, path: name)
    }
}

extension JSONWriter {
    public mutating func array(_ elements: some Sequence<some JSONEncodable>) {
        beginArray()
        for element in elements { element.encode(to: &self) }
        endArray()
    }

    public mutating func texts(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}
