// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// An amount of money: nanotons (10⁻⁹ TON), a whole number from 0 to 2⁶³ − 1.
///
/// On the wire it is a decimal string (`"1500000000"`); it never passes through floating point.
public struct Nanotons: Hashable, Sendable, Comparable {
    /// The largest amount; TON's total supply is about half of it.
    public static let max = Nanotons(unchecked: .max)
    public static let zero = Nanotons(unchecked: 0)

    public let rawValue: Int64

    private init(unchecked rawValue: Int64) { self.rawValue = rawValue }

    /// An amount of `rawValue` nanotons; nil when negative.
    public init?(_ rawValue: Int64) {
        guard rawValue >= 0 else { return nil }
        self.rawValue = rawValue
    }

    /// Reads the wire form: 1 to 19 ASCII digits without a leading zero (`"0"` itself excepted).
    ///
    /// nil for anything else: a sign, a point, an exponent, white space, more than 2⁶³ − 1.
    public init?(wire text: some StringProtocol) {
        self.init(wireBytes: text.utf8)
    }

    /// `init(wire:)` over UTF-8.
    public init?(wireBytes bytes: some Collection<UInt8>) {
        guard (1...19).contains(bytes.count), bytes.count == 1 || bytes.first != UInt8(ascii: "0")
        else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = shifted.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !overflowed, !carried else { return nil }
            value = sum
        }
        self.rawValue = value
    }

    /// The wire form.
    public var wireText: String { String(rawValue) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The sum; nil when it exceeds the largest amount.
    public func adding(_ other: Self) -> Self? {
        let (sum, overflowed) = rawValue.addingReportingOverflow(other.rawValue)
        return overflowed ? nil : Self(unchecked: sum)
    }

    /// The difference; nil when it would be negative.
    public func subtracting(_ other: Self) -> Self? {
        other > self ? nil : Self(unchecked: rawValue - other.rawValue)
    }
}

extension Nanotons: CustomStringConvertible {
    /// The amount in TON for people: `1.5 TON`.
    public var description: String {
        let whole = rawValue / 1_000_000_000
        let fraction = rawValue % 1_000_000_000
        guard fraction != 0 else { return "\(whole) TON" }
        let digits = String(fraction)
        var padded = String(repeating: "0", count: 9 - digits.count) + digits
        while padded.last == "0" { padded.removeLast() }
        return "\(whole).\(padded) TON"
    }
}
