// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The number of a request to a highload wallet, which executes each at most once within its
/// timeout.
///
/// The contract keeps one bit for each: 1023 bits in each of 8192 cells. Numbers are used one
/// after another, `number = bit + 1023 · shift`; the last one is kept for an operator whose wallet
/// has used up all others.
package struct HighloadQueryID: Hashable, Sendable {
    package static let shifts = 8192
    package static let bitsPerShift = 1023
    package static let count = shifts * bitsPerShift
    /// How many there are without the spare one.
    package static let usableCount = count - 1

    /// 0..<8192.
    package let shift: Int
    /// 0..<1023.
    package let bit: Int

    /// nil unless both are in range.
    package init?(shift: Int, bit: Int) {
        guard (0..<Self.shifts).contains(shift), (0..<Self.bitsPerShift).contains(bit) else {
            return nil
        }
        self.shift = shift
        self.bit = bit
    }

    /// The request with this running number, 0..<`count`; nil for others.
    package init?(number: Int) {
        guard (0..<Self.count).contains(number) else { return nil }
        self.init(shift: number / Self.bitsPerShift, bit: number % Self.bitsPerShift)
    }

    /// Reads the 23 bits that messages hold.
    init?(rawValue: UInt64) {
        guard rawValue >> 23 == 0 else { return nil }
        self.init(shift: Int(rawValue >> 10), bit: Int(rawValue & 0x3FF))
    }

    package var number: Int { bit + Self.bitsPerShift * shift }
    var rawValue: UInt64 { UInt64(shift) << 10 | UInt64(bit) }
}
