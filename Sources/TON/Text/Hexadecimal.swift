// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Bytes as hexadecimal digits.
package enum Hexadecimal {
    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: [UInt8]) -> String { encode(bytes.span) }

    /// The same behind `prefix`.
    static func encode(_ bytes: Span<UInt8>, after prefix: String = "") -> String {
        let start = prefix.utf8.count
        let count = start + 2 * bytes.count
        return unsafe String(unsafeUninitializedCapacity: count) { text in
            for (index, character) in prefix.utf8.enumerated() { unsafe text[index] = character }
            for index in bytes.indices {
                unsafe text[start + 2 * index] = digit(bytes[index] >> 4)
                unsafe text[start + 2 * index + 1] = digit(bytes[index] & 0xF)
            }
            return count
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// nil unless `text` is an even number of digits of either case and nothing else.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = text.utf8
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        var isHigh = true
        var high: UInt8 = 0
        for character in characters {
            guard let value = value(of: character) else { return nil }
            if isHigh { high = value << 4 } else { bytes.append(high | value) }
            isHigh.toggle()
        }
        return bytes
    }

    /// The value of one digit of either case.
    static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
