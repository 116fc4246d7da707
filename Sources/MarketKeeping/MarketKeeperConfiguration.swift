// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TON
package import TellerProtocol

/// Limits and rhythms of what is done at one marketplace.
package struct MarketKeeperConfiguration: Sendable {
    /// Operations that are looked at in one turn, the oldest first.
    package var operationsMax = 100
    /// How often new operations are looked for.
    package var pollInterval: Duration = .seconds(1)
    /// From one look at the evidence of an operation to the next.
    package var lookInterval: Duration = .seconds(5)
    /// How long after the call absence begins to mean something: what was sent has been carried out
    /// by then, or never will be.
    package var settleTime: Duration = .seconds(60)
    /// So many looks in a row must find an unchanged balance and nothing else to prove that a call
    /// was not carried out: a replica may answer late.
    package var looksForProof = 2
    /// How long something that surely was not sent is tried, from when it was asked for.
    package var giveUpAfter: Duration = .seconds(60)
    /// From one question after deposits to the marketplace to the next.
    package var depositInterval: Duration = .seconds(15)
    /// The wallets from which the marketplace pays. With none, no deposit is taken for a
    /// withdrawal's money.
    package var senders: [TONAddress] = []
    /// What may be missing of a withdrawal when it arrives.
    package var withdrawalFeeMax = Nanotons(200_000_000) ?? .zero
    /// Unmatched deposits that are looked through for a withdrawal's money.
    package var depositsMax = 200

    package init() {}
}
