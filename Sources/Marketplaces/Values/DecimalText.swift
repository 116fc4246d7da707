// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol

/// Decimal numbers as they are written, read exactly: never through floating point.
enum DecimalText {
    /// Of a TON; a marketplace that writes more is refused.
    static let tonDecimals = 9
    private static let bytesMax = 64

    /// The number as whole units of 10^−`decimals`.
    ///
    /// - Parameter text: A number of JSON (RFC 8259 section 6) without a sign: `12.9`, `44`,
    ///   `1e-9`.
    /// - Returns: nil for anything else, for more decimals than `decimals`, be they zeros, and
    ///   beyond 2⁶³ − 1.
    static func units(_ text: String, decimals: Int) -> Int64? {
        guard text.utf8.count <= bytesMax else { return nil }
        var rest = text.utf8[...]
        let whole = takeDigits(&rest)
        guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else {
            return nil
        }
        var fraction = text.utf8[text.utf8.startIndex..<text.utf8.startIndex]
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = takeDigits(&rest)
            guard !fraction.isEmpty else { return nil }
        }
        guard let exponent = takeExponent(&rest), rest.isEmpty else { return nil }
        let shift = decimals + exponent - fraction.count
        guard shift >= 0 else { return nil }
        var value: Int64 = 0
        for digit in Array(whole) + Array(fraction) {
            guard let next = appending(digit - UInt8(ascii: "0"), to: value) else { return nil }
            value = next
        }
        for _ in 0..<(value == 0 ? 0 : shift) {
            guard let next = appending(0, to: value) else { return nil }
            value = next
        }
        return value
    }

    /// The amount in TON, as short as can be: `1.5`.
    static func text(_ amount: Nanotons) -> String {
        let (whole, nanotons) = amount.rawValue.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard nanotons > 0 else { return "\(whole)" }
        let digits = "\(nanotons)"
        var fraction = String(repeating: "0", count: tonDecimals - digits.utf8.count) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> Substring.UTF8View {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        return digits
    }

    /// What stands behind an `e`; 0 when there is none, nil when it is malformed.
    private static func takeExponent(_ rest: inout Substring.UTF8View) -> Int? {
        guard let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") else { return 0 }
        rest = rest.dropFirst()
        let sign = rest.first
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let digits = takeDigits(&rest)
        guard (1...3).contains(digits.count), let exponent = Int(Substring(digits)) else {
            return nil
        }
        return sign == UInt8(ascii: "-") ? -exponent : exponent
    }

    private static func appending(_ digit: UInt8, to value: Int64) -> Int64? {
        let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
        let (sum, carried) = shifted.addingReportingOverflow(Int64(digit))
        return overflowed || carried ? nil : sum
    }
}
