// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where a checked string stands, without its quotes.
struct JSONStringRange: Sendable {
    let start: Int
    let end: Int
    let hasEscapes: Bool

    /// The string's bytes with its escapes resolved.
    ///
    /// - Precondition: the reader has checked them.
    func resolved(in bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard hasEscapes else { return bytes[start..<end] }
        var resolved: [UInt8] = []
        resolved.reserveCapacity(end - start)
        var index = start
        while index < end {
            guard bytes[index] == UInt8(ascii: "\\") else {
                resolved.append(bytes[index])
                index += 1
                continue
            }
            let escape = bytes[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): resolved.append(0x08)
            case UInt8(ascii: "f"): resolved.append(0x0C)
            case UInt8(ascii: "n"): resolved.append(0x0A)
            case UInt8(ascii: "r"): resolved.append(0x0D)
            case UInt8(ascii: "t"): resolved.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = Self.codeUnit(bytes[index..<index + 4])
                index += 4
                if scalar & 0xFC00 == 0xD800 {
                    let second = Self.codeUnit(bytes[index + 2..<index + 6])
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + second & 0x3FF
                    index += 6
                }
                Self.append(scalar, to: &resolved)
            default: resolved.append(escape)
            }
        }
        return resolved[...]
    }

    private static func codeUnit(_ digits: ArraySlice<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | (JSONReader.hexValue($1) ?? 0) }
    }

    private static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}

extension JSONReader {
    public mutating func readString() throws(JSONError) -> String {
        try expect(.string)
        return String(decoding: try scanString().resolved(in: bytes), as: UTF8.self)
    }

    /// Reads a string and makes a value of its bytes, without text between.
    ///
    /// - Parameters:
    ///   - problem: what the value is refused for.
    ///   - make: nil refuses.
    mutating func readString<Value>(
        refusing problem: @autoclosure () -> String, _ make: (ArraySlice<UInt8>) -> Value?
    ) throws(JSONError) -> Value {
        try expect(.string)
        let start = index
        guard let value = make(try scanString().resolved(in: bytes)) else {
            throw JSONError(.invalidValue, problem(), at: start)
        }
        return value
    }

    /// Reads text of so many Unicode scalars, without U+0000, which not every store can hold.
    public mutating func readText(_ length: ClosedRange<Int>) throws(JSONError) -> String {
        try expect(.string)
        let start = index
        let range = try scanString()
        let text = String(decoding: range.resolved(in: bytes), as: UTF8.self)
        // A scalar takes one to four bytes, so most text needs no counting.
        let count = text.utf8.count
        if count > length.upperBound || count < 4 * length.lowerBound {
            guard length.contains(text.unicodeScalars.count) else {
                throw JSONError(
                    .invalidValue,
                    "must have \(length.lowerBound) to \(length.upperBound) characters", at: start)
            }
        }
        // U+0000 can only come as an escape.
        if range.hasEscapes, text.utf8.contains(0) {
            throw JSONError(.invalidValue, "must not contain U+0000", at: start)
        }
        return text
    }

    // MARK: - Scanning

    /// Checks the string at `index` and passes over it.
    mutating func scanString() throws(JSONError) -> JSONStringRange {
        index += 1
        let start = index
        var hasEscapes = false
        while index < end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return JSONStringRange(start: start, end: index - 1, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try scanEscape()
            } else if byte < 0x20 {
                throw syntax("a control character stands in a string")
            } else if byte < 0x80 {
                index += 1
            } else {
                try scanMultibyteCharacter(byte)
            }
        }
        throw syntax("the document ends within a string")
    }

    private mutating func scanEscape() throws(JSONError) {
        guard index + 1 < end else { throw syntax("the document ends within a string") }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            let first = try scanCodeUnit()
            guard first & 0xF800 == 0xD800 else { return }
            guard first < 0xDC00, index + 1 < end, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            else { throw syntax("a surrogate stands alone") }
            guard try scanCodeUnit() & 0xFC00 == 0xDC00 else {
                throw syntax("a surrogate stands alone")
            }
        default: throw syntax("an escape is unknown")
        }
    }

    /// Reads `\uXXXX`.
    private mutating func scanCodeUnit() throws(JSONError) -> UInt32 {
        guard index + 6 <= end else { throw syntax("the document ends within a string") }
        var value: UInt32 = 0
        for byte in bytes[index + 2..<index + 6] {
            guard let digit = JSONReader.hexValue(byte) else {
                throw syntax("an escape is unknown")
            }
            value = value << 4 | digit
        }
        index += 6
        return value
    }

    /// Checks one UTF-8 sequence (RFC 3629 section 4): neither overlong, nor a surrogate, nor
    /// beyond U+10FFFF.
    private mutating func scanMultibyteCharacter(_ first: UInt8) throws(JSONError) {
        let count: Int
        let second: ClosedRange<UInt8>
        switch first {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw syntax("the text is not UTF-8")
        }
        guard index + count <= end, second.contains(bytes[index + 1]),
            bytes[(index + 2)..<(index + count)].allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw syntax("the text is not UTF-8") }
        index += count
    }

    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
