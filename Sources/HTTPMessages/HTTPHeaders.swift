// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The header fields of one message, in one flat buffer.
///
/// Names are lower case as HTTP/2 has them (RFC 9113 section 8.2); HTTP/1.1 names are folded by
/// the transport. All bytes lie in a single array, so a whole list costs two allocations.
public struct HTTPHeaders: Sendable {
    @usableFromInline
    struct Field: Sendable {
        @usableFromInline var start: Int32
        @usableFromInline var nameCount: Int32
        @usableFromInline var valueCount: Int32

        @usableFromInline
        init(start: Int32, nameCount: Int32, valueCount: Int32) {
            self.start = start
            self.nameCount = nameCount
            self.valueCount = valueCount
        }
    }

    @usableFromInline var bytes: [UInt8] = []
    @usableFromInline var fields: [Field] = []

    public init() {}

    public init(_ pairs: KeyValuePairs<String, String>) {
        for (name, value) in pairs { add(name, value) }
    }

    public var count: Int { fields.count }

    /// All names and values, one after the other; `ranges(at:)` tells where each lies.
    public var storage: [UInt8] { bytes }

    /// The size RFC 9113 section 6.5.2 counts: name, value and 32 bytes for each field.
    public var listBytes: Int { bytes.count + 32 * fields.count }

    public mutating func reserve(fields fieldCount: Int, bytes byteCount: Int) {
        fields.reserveCapacity(fieldCount)
        bytes.reserveCapacity(byteCount)
    }

    public mutating func add(_ name: String, _ value: String) {
        add(name: name.utf8, value: value.utf8)
    }

    @inlinable
    public mutating func add(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        let valueStart = bytes.count
        bytes.append(contentsOf: value)
        fields.append(
            Field(
                start: Int32(start),
                nameCount: Int32(valueStart - start),
                valueCount: Int32(bytes.count - valueStart)
            )
        )
    }

    /// Adds all fields of `other` after these.
    public mutating func add(contentsOf other: HTTPHeaders) {
        let offset = Int32(bytes.count)
        bytes.append(contentsOf: other.bytes)
        for var field in other.fields {
            field.start += offset
            fields.append(field)
        }
    }

    /// The value of the first field called `name`, nil when there is none or it is not UTF-8.
    @inlinable
    public subscript(_ name: StaticString) -> String? {
        for index in fields.indices where self.name(at: index, equals: name) {
            return String(validating: valueBytes(at: index), as: UTF8.self)
        }
        return nil
    }

    /// The value of the first field called `name`, without copying it.
    @inlinable
    public func bytes(_ name: StaticString) -> ArraySlice<UInt8>? {
        for index in fields.indices where self.name(at: index, equals: name) {
            return valueBytes(at: index)
        }
        return nil
    }

    @inlinable
    public func contains(_ name: StaticString) -> Bool {
        fields.indices.contains { self.name(at: $0, equals: name) }
    }

    /// How many fields are called `name`.
    @inlinable
    public func count(of name: StaticString) -> Int {
        fields.indices.count { self.name(at: $0, equals: name) }
    }

    /// Where the name and the value of a field lie in `storage`.
    public func ranges(at index: Int) -> (name: Range<Int>, value: Range<Int>) {
        let field = fields[index]
        let start = Int(field.start)
        let valueStart = start + Int(field.nameCount)
        return (start..<valueStart, valueStart..<valueStart + Int(field.valueCount))
    }

    @inlinable
    public func nameBytes(at index: Int) -> ArraySlice<UInt8> {
        let field = fields[index]
        return bytes[Int(field.start)..<Int(field.start + field.nameCount)]
    }

    @inlinable
    public func valueBytes(at index: Int) -> ArraySlice<UInt8> {
        let field = fields[index]
        let start = Int(field.start + field.nameCount)
        return bytes[start..<start + Int(field.valueCount)]
    }

    @inlinable
    func name(at index: Int, equals name: StaticString) -> Bool {
        let field = fields[index]
        guard Int(field.nameCount) == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { wanted in
            for offset in 0..<Int(field.nameCount)
            where unsafe bytes[Int(field.start) + offset] != wanted[offset] {
                return false
            }
            return true
        }
    }
}

extension HTTPHeaders: Sequence {
    /// The fields as text, in order; for logs, tests and the client.
    public func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var index = 0
        return AnyIterator {
            guard index < self.count else { return nil }
            defer { index += 1 }
            return (
                String(decoding: self.nameBytes(at: index), as: UTF8.self),
                String(decoding: self.valueBytes(at: index), as: UTF8.self)
            )
        }
    }
}
