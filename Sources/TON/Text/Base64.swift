// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// base64 (RFC 4648) as TON's APIs write it: either alphabet, with padding or without.
package enum Base64 {
    package enum Alphabet: Sendable {
        /// `+` and `/`, padded with `=`.
        case standard
        /// `-` and `_`, without padding.
        case urlSafe
    }

    package static func encode(_ bytes: [UInt8], alphabet: Alphabet = .standard) -> String {
        encode(bytes.span, alphabet: alphabet)
    }

    static func encode(_ bytes: Span<UInt8>, alphabet: Alphabet) -> String {
        let capacity = (bytes.count + 2) / 3 * 4
        return unsafe String(unsafeUninitializedCapacity: capacity) { text in
            var count = 0
            var buffer: UInt32 = 0
            var bits: UInt32 = 0
            for index in bytes.indices {
                buffer = buffer << 8 | UInt32(bytes[index])
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    unsafe text[count] = character(of: buffer >> bits & 63, alphabet)
                    count += 1
                }
            }
            if bits > 0 {
                unsafe text[count] = character(of: buffer << (6 - bits) & 63, alphabet)
                count += 1
            }
            while alphabet == .standard, count & 3 != 0 {
                unsafe text[count] = padding
                count += 1
            }
            return count
        }
    }

    private static func character(of sextet: UInt32, _ alphabet: Alphabet) -> UInt8 {
        let sextet = UInt8(truncatingIfNeeded: sextet)
        return switch sextet {
        case 0..<26: UInt8(ascii: "A") + sextet
        case 26..<52: UInt8(ascii: "a") + (sextet - 26)
        case 52..<62: UInt8(ascii: "0") + (sextet - 52)
        case 62: alphabet == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-")
        default: alphabet == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_")
        }
    }

    /// The bytes of `text`; nil unless it is base64 in one alphabet, with all its padding or none,
    /// and with zeros in the bits that the last character carries beyond the last byte.
    ///
    /// - Parameter skippingNewlines: whether line feeds and carriage returns may stand anywhere:
    ///   one of toncenter's servers breaks its lines.
    package static func decode(
        _ text: some StringProtocol, skippingNewlines: Bool = false
    ) -> [UInt8]? {
        let characters = Array(text.utf8)
        let values = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3 + 2)
        var group = Group()
        var paddingCount = 0
        for character in characters {
            let entry = values[Int(character)]
            if entry < invalid, paddingCount == 0 {
                group.add(entry, to: &bytes)
            } else if character == padding {
                paddingCount += 1
            } else if !skippingNewlines || (character != 0x0A && character != 0x0D) {
                return nil
            }
        }
        guard group.alphabets != 0b11 else { return nil }
        let isPadded = paddingCount > 0
        guard !isPadded || (paddingCount <= 2 && (group.count + paddingCount) & 3 == 0),
            group.finish(in: &bytes)
        else { return nil }
        return bytes
    }

    /// Four characters, which make three bytes.
    private struct Group {
        private var buffer: UInt32 = 0
        /// Of all characters so far.
        private(set) var count = 0
        /// Bit 0 for the standard alphabet, bit 1 for the URL-safe one.
        private(set) var alphabets: UInt8 = 0

        mutating func add(_ entry: UInt8, to bytes: inout [UInt8]) {
            alphabets |= entry >> 6
            buffer = buffer << 6 | UInt32(entry & 63)
            count += 1
            guard count & 3 == 0 else { return }
            bytes.append(UInt8(truncatingIfNeeded: buffer >> 16))
            bytes.append(UInt8(truncatingIfNeeded: buffer >> 8))
            bytes.append(UInt8(truncatingIfNeeded: buffer))
        }

        /// Appends the bytes of a last group that is not full; false when there can't be one.
        func finish(in bytes: inout [UInt8]) -> Bool {
            switch count & 3 {
            case 0: return true
            case 2 where buffer & 0xF == 0:
                bytes.append(UInt8(truncatingIfNeeded: buffer >> 4))
                return true
            case 3 where buffer & 0x3 == 0:
                bytes.append(UInt8(truncatingIfNeeded: buffer >> 10))
                bytes.append(UInt8(truncatingIfNeeded: buffer >> 2))
                return true
            default: return false
            }
        }
    }

    private static let padding = UInt8(ascii: "=")
    private static let invalid: UInt8 = 0xFF

    /// For each byte its six bits, with 0x40 for a character of the standard alphabet alone and
    /// 0x80 for one of the URL-safe alphabet alone.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        for value: UInt8 in 0..<64 {
            let standard = Int(character(of: UInt32(value), .standard))
            values[standard] = value | (value < 62 ? 0 : 0x40)
            guard value >= 62 else { continue }
            // 0x80 | 63 is less than `invalid`.
            values[Int(character(of: UInt32(value), .urlSafe))] = value | 0x80
        }
        return values
    }()
}
