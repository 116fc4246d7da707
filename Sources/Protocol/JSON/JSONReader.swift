// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A strict reader of one JSON document (RFC 8259) that pulls values straight from the bytes.
///
/// It refuses what parsers often let pass: invalid UTF-8, lone surrogates, duplicate keys,
/// leading zeros, trailing bytes, a byte order mark. Numbers are handed over as exact integers or as
/// their text; nothing goes through floating point. Nothing is allocated but the strings asked
/// for.
///
/// Every call reads one value and leaves the reader behind it. After an error the reader is of
/// no further use.
public struct JSONReader: Sendable {
    let bytes: [UInt8]
    let end: Int
    /// Where the reader stands.
    var index: Int
    private let limits: JSONLimits
    private var depth = 0
    /// Whether types refuse members that they don't know rather than pass over them: params do, in
    /// every object within them, so that a misspelt member is not taken for an absent one.
    public var refusesUnknownMembers = false

    public init(_ bytes: [UInt8], limits: JSONLimits = .standard) {
        self.init(bytes, range: bytes.indices, limits: limits)
    }

    /// Reads the document that stands at `range` of `bytes`; offsets in errors count from the
    /// start of `bytes`.
    public init(_ bytes: [UInt8], range: Range<Int>, limits: JSONLimits = .standard) {
        self.bytes = bytes
        self.limits = limits
        index = range.lowerBound
        end = range.upperBound
    }

    /// Where the reader stands.
    public var offset: Int { index }

    /// What comes next. It skips white space and reads nothing.
    public var kind: JSONKind {
        mutating get throws(JSONError) {
            if depth == 0, end - index > limits.bytesMax {
                throw JSONError(.tooLarge, "the document is too long", at: index)
            }
            try skipWhiteSpace()
            switch bytes[index] {
            case UInt8(ascii: "{"): return .object
            case UInt8(ascii: "["): return .array
            case UInt8(ascii: "\""): return .string
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
            case UInt8(ascii: "t"): return .true
            case UInt8(ascii: "f"): return .false
            case UInt8(ascii: "n"): return .null
            default: throw syntax("no value begins")
            }
        }
    }

    // MARK: - Containers

    /// Reads an object, calling `member` for each of its members; it must read the value.
    ///
    /// - Throws: also what `member` throws, with the key put before its path.
    public mutating func readObject(
        _ member: (inout JSONReader, JSONKey) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(.object)
        try descend()
        var seen = SeenKeys()
        try skipWhiteSpace()
        if bytes[index] == UInt8(ascii: "}") {
            index += 1
            depth -= 1
            return
        }
        while true {
            try skipWhiteSpace()
            guard bytes[index] == UInt8(ascii: "\"") else { throw syntax("no key begins") }
            let start = index
            let key = JSONKey(try scanString(), in: bytes)
            guard seen.insert(key) else {
                throw JSONError(
                    .duplicateKey, "stands twice in its object", at: start,
                    path: JSONError.shortened(key.text))
            }
            try skipWhiteSpace()
            guard bytes[index] == UInt8(ascii: ":") else { throw syntax("no colon") }
            index += 1
            do throws(JSONError) {
                try member(&self, key)
            } catch {
                throw error.inside(key.text)
            }
            try skipWhiteSpace()
            switch bytes[index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                depth -= 1
                return
            default: throw syntax("neither a comma nor the object's end")
            }
        }
    }

    /// Reads an array, calling `element` for each of its elements; it must read the value.
    ///
    /// - Throws: also what `element` throws, with the index put before its path.
    public mutating func readArray(
        _ element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(.array)
        try descend()
        try skipWhiteSpace()
        if bytes[index] == UInt8(ascii: "]") {
            index += 1
            depth -= 1
            return
        }
        var count = 0
        while true {
            do throws(JSONError) {
                try element(&self)
            } catch {
                throw error.inside(count)
            }
            count += 1
            try skipWhiteSpace()
            switch bytes[index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "]"):
                index += 1
                depth -= 1
                return
            default: throw syntax("neither a comma nor the array's end")
            }
        }
    }

    // MARK: - Scalars

    public mutating func readBool() throws(JSONError) -> Bool {
        switch try kind {
        case .true:
            try scanWord("true")
            return true
        case .false:
            try scanWord("false")
            return false
        default: throw invalid("is not true or false")
        }
    }

    public mutating func readNull() throws(JSONError) {
        try expect(.null)
        try scanWord("null")
    }

    /// Reads a number as it is written.
    public mutating func readNumberText() throws(JSONError) -> String {
        try expect(.number)
        let start = index
        try scanNumber()
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// Reads a whole number without fraction or exponent.
    public mutating func readInt64() throws(JSONError) -> Int64 {
        try expect(.number)
        let start = index
        try scanNumber()
        let isNegative = bytes[start] == UInt8(ascii: "-")
        var value: Int64 = 0
        for byte in bytes[(isNegative ? start + 1 : start)..<index] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                throw JSONError(.invalidValue, "is not a whole number", at: start)
            }
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards when negative, because −2⁶³ has no positive counterpart.
            let (next, carried) =
                isNegative
                ? shifted.subtractingReportingOverflow(digit)
                : shifted.addingReportingOverflow(digit)
            guard !overflowed, !carried else {
                throw JSONError(.invalidValue, "is too large", at: start)
            }
            value = next
        }
        return value
    }

    /// Checks and passes over one value; the range of its bytes.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try self.kind
        let start = index
        switch kind {
        case .object:
            try readObject { (reader, _) throws(JSONError) in _ = try reader.skipValue() }
        case .array: try readArray { (reader) throws(JSONError) in _ = try reader.skipValue() }
        case .string: _ = try scanString()
        case .number: try scanNumber()
        case .true: try scanWord("true")
        case .false: try scanWord("false")
        case .null: try scanWord("null")
        }
        return start..<index
    }

    /// Refuses anything but white space after the document.
    public mutating func finish() throws(JSONError) {
        while index < end, Self.isWhiteSpace(bytes[index]) { index += 1 }
        guard index == end else { throw syntax("something follows the document") }
    }

    // MARK: - Errors

    /// The refusal of the value at hand, for types with rules of their own.
    public func invalid(_ problem: String) -> JSONError {
        JSONError(.invalidValue, problem, at: index)
    }

    func syntax(_ problem: String) -> JSONError {
        JSONError(.syntax, problem, at: index)
    }

    // MARK: - Scanning

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Leaves `index` at a byte that exists and is no white space.
    private mutating func skipWhiteSpace() throws(JSONError) {
        while index < end {
            guard Self.isWhiteSpace(bytes[index]) else { return }
            index += 1
        }
        throw syntax("the document ends too early")
    }

    mutating func expect(_ wanted: JSONKind) throws(JSONError) {
        guard try kind == wanted else { throw invalid("is not \(wanted.article)") }
    }

    private mutating func descend() throws(JSONError) {
        guard depth < limits.depthMax else {
            throw JSONError(.tooLarge, "the nesting is too deep", at: index)
        }
        depth += 1
        index += 1
    }

    private mutating func scanWord(_ word: String) throws(JSONError) {
        for byte in word.utf8 {
            guard index < end, bytes[index] == byte else { throw syntax("no value begins") }
            index += 1
        }
    }

    private mutating func scanNumber() throws(JSONError) {
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let integer = index
        try scanDigits()
        guard index - integer == 1 || bytes[integer] != UInt8(ascii: "0") else {
            throw syntax("a number has a leading zero")
        }
        if index < end, bytes[index] == UInt8(ascii: ".") {
            index += 1
            try scanDigits()
        }
        if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < end, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            try scanDigits()
        }
    }

    private mutating func scanDigits() throws(JSONError) {
        let start = index
        while index < end, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        guard index > start else { throw syntax("a number lacks digits") }
    }
}

extension JSONKind {
    /// The kind with its article, for messages.
    fileprivate var article: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .true, .false: "true or false"
        case .null: "null"
        }
    }
}
