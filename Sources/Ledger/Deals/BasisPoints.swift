// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// A share in hundredths of a percent, from 0 to 10,000 (all of it).
///
/// A share of an amount is rounded down to a whole nanoton; whoever gets the rest gets it exactly,
/// so the parts always add up to the whole.
package struct BasisPoints: Hashable, Sendable {
    package static let zero = BasisPoints(unchecked: 0)
    package static let whole = BasisPoints(unchecked: 10_000)

    package let rawValue: Int64

    private init(unchecked rawValue: Int64) { self.rawValue = rawValue }

    /// nil for anything but 0 to 10,000.
    package init?(_ rawValue: Int64) {
        guard (0...10_000).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// This share of `amount`, rounded down; never more than `amount`.
    package func share(of amount: Nanotons) -> Nanotons {
        let product = amount.rawValue.multipliedFullWidth(by: rawValue)
        let share = Int64(10_000).dividingFullWidth(product).quotient
        return Nanotons(share) ?? amount
    }

    /// The least amount that is higher than `amount` by this share, which is rounded up, and by one
    /// nanoton at the least; nil beyond the largest amount.
    package func raise(_ amount: Nanotons) -> Nanotons? {
        let product = amount.rawValue.multipliedFullWidth(by: rawValue)
        let (quotient, remainder) = Int64(10_000).dividingFullWidth(product)
        return Nanotons(max(1, remainder > 0 ? quotient + 1 : quotient)).flatMap(amount.adding)
    }
}
