// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

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
