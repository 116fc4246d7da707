// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Bytes as hexadecimal digits.
package enum Hexadecimal {
    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: [UInt8]) -> String {
        unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                unsafe text[index * 2] = digit(byte >> 4)
                unsafe text[index * 2 + 1] = digit(byte & 0xF)
            }
            return bytes.count * 2
        }
    }

    /// `prefix` and the 64 lower-case digits of four big-endian words.
    static func encode(
        _ words: (UInt64, UInt64, UInt64, UInt64), after prefix: String = ""
    ) -> String {
        let start = prefix.utf8.count
        return unsafe String(unsafeUninitializedCapacity: start + 64) { text in
            for (index, character) in prefix.utf8.enumerated() { unsafe text[index] = character }
            for (index, word) in [words.0, words.1, words.2, words.3].enumerated() {
                for place in 0..<16 {
                    let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * place) & 0xF)
                    unsafe text[start + index * 16 + place] = digit(nibble)
                }
            }
            return start + 64
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
