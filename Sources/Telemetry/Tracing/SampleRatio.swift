// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The share of traces that are recorded when no caller has decided: 0 for none, 1 for all.
///
/// Kept as millionths, so that nothing depends on how a fraction is rounded.
package struct SampleRatio: Sendable, Equatable {
    package static let all = SampleRatio(millionths: 1_000_000)

    /// 0…1,000,000.
    let millionths: UInt64

    private init(millionths: UInt64) { self.millionths = millionths }

    /// Reads `0`, `1`, `0.25`: a decimal from 0 to 1 with at most six digits behind its point.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first, whole == "0" || whole == "1", parts.count <= 2 else {
            return nil
        }
        var millionths: UInt64 = whole == "1" ? 1_000_000 : 0
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...6).contains(digits.count), let fraction = UInt64(parts[1]),
                digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
            else { return nil }
            millionths += (digits.count..<6).reduce(fraction) { value, _ in value * 10 }
        }
        guard millionths <= 1_000_000 else { return nil }
        self.init(millionths: millionths)
    }

    /// Whether a trace is recorded, which is the same wherever its id comes by.
    ///
    /// - Parameter traceLow: The random lower half of the trace's id.
    func takes(_ traceLow: UInt64) -> Bool {
        traceLow.multipliedFullWidth(by: 1_000_000).high < millionths
    }
}
