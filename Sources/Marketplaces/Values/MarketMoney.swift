// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TON
package import TellerProtocol

/// What an account has at a marketplace.
package struct MarketBalance: Hashable, Sendable {
    package let available: Nanotons
    /// In bids and offers; nil where the marketplace doesn't tell.
    package let frozen: Nanotons?

    package init(available: Nanotons, frozen: Nanotons? = nil) {
        self.available = available
        self.frozen = frozen
    }
}

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

/// A marketplace's name for a withdrawal.
package struct MarketWithdrawalID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }
}

/// What came of asking for a withdrawal.
package struct WithdrawReceipt: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// It was taken; the money is on its way.
        case accepted
        /// It was refused, and nothing was carried out.
        case rejected
        /// Nobody knows.
        case unknown
    }

    package let state: State
    /// nil where the marketplace gives none.
    package let remoteID: MarketWithdrawalID?
    /// Why it was rejected, or why nobody knows; safe to show.
    package let message: String?

    package init(
        _ state: State, remoteID: MarketWithdrawalID? = nil, message: String? = nil
    ) {
        self.state = state
        self.remoteID = remoteID
        self.message = message
    }
}

/// What became of a withdrawal.
package enum WithdrawalStatus: Hashable, Sendable {
    case pending
    case completed
    case failed
    /// A word that is not known; to be shown, and read as pending.
    case other(String)
}

/// What came of a purchase.
package enum BuyOutcome: Hashable, Sendable {
    case bought
    /// Nothing was bought or paid; why, safe to show.
    case refused(String)
    /// Nobody knows; why, safe to show.
    case unknown(String)
}
