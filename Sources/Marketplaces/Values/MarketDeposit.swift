// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TON
package import TellerProtocol

/// A marketplace's name for a deposit.
package struct MarketDepositID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }
}

/// Where to pay on the chain to top an account up.
package struct DepositTarget: Hashable, Sendable {
    package let address: WrittenTONAddress
    /// The text comment by which the payment is found; without it the money is lost.
    package let comment: String
    /// What `depositProgress` asks for; nil where the marketplace gives no such name.
    package let id: MarketDepositID?

    package init(address: WrittenTONAddress, comment: String, id: MarketDepositID? = nil) {
        self.address = address
        self.comment = comment
        self.id = id
    }
}

package enum DepositProgress: Hashable, Sendable {
    /// Nothing has come, or it has not been credited.
    case waiting
    /// So much was credited.
    case credited(Nanotons)
}
