// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Limits and rhythms of paying on TON.
package struct PaymentsConfiguration: Sendable, Equatable {
    /// How often the wallet is looked at.
    package var pollInterval: Duration = .seconds(2)
    /// Transactions in one commit of the watcher.
    package var stretchTransactionsMax = 200
    /// How long a message of a wallet with a seqno can be executed, in seconds of the chain.
    package var messageLifeSeconds: Int64 = 60
    /// How much earlier than the chain's time a highload message says it was made: the block that
    /// takes it may be of an earlier time than the state that was read.
    package var highloadBackdateSeconds: Int64 = 30
    /// Highload messages without a known outcome at the most.
    package var highloadMessagesMax = 16
    /// What stays in the wallet for fees, beside this for each payment.
    package var reserve = Nanotons(200_000_000) ?? .zero
    package var reservePerPayment = Nanotons(50_000_000) ?? .zero
    /// How far the chain's newest block may be from our clock.
    package var clockDifferenceMax: Duration = .seconds(60)
    /// A message that was signed and not released for so long is given up.
    package var signedLife: Duration = .seconds(30)
    /// With less than this in the wallet an alert is told; zero for never.
    package var balanceMin = Nanotons.zero

    package init() {}
}
