// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import TellerProtocol

/// The chain as the hot wallet's keeper sees it.
package protocol WalletChain: Sendable {
    /// The wallet as of the newest block that can be had; never older than one seen before.
    func state() async throws(WalletChainError) -> WalletState

    /// The wallet's transactions after `last` up to `newest`, oldest first, each as a bag of cells:
    /// all of them, or where they are too many those that lie nearest to `last`.
    ///
    /// - Parameter last: nil for the wallet's first transaction.
    func transactions(
        after last: WalletState.Newest?, upTo newest: WalletState.Newest
    ) async throws(WalletChainError) -> [[UInt8]]

    /// Hands these bytes to the chain; whether they were executed is for its transactions to say.
    /// Sending them again is harmless.
    ///
    /// - Throws: when no endpoint took them. That proves nothing.
    func send(_ message: [UInt8]) async throws(WalletChainError)
}

/// Why the chain told nothing, in words that are safe to show. It says nothing of what the chain
/// holds, and the next try may succeed.
package struct WalletChainError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The hot wallet in one state of the chain.
package struct WalletState: Sendable, Hashable {
    package struct Newest: Sendable, Hashable {
        package let lt: LogicalTime
        /// 64 hexadecimal digits.
        package let hash: String

        package init(lt: LogicalTime, hash: String) {
            self.lt = lt
            self.hash = hash
        }
    }

    /// Unix seconds of the chain's clock.
    package let time: Int64
    package let balance: Nanotons
    /// Its newest transaction; nil before the first.
    package let newest: Newest?
    /// The next message's seqno, 0 before the wallet is deployed; nil for a highload wallet.
    package let seqno: Int64?
    /// Whether the contract is there; if not, the next message must bring it.
    package let isDeployed: Bool

    package init(
        time: Int64, balance: Nanotons, newest: Newest?, seqno: Int64?, isDeployed: Bool
    ) {
        self.time = time
        self.balance = balance
        self.newest = newest
        self.seqno = seqno
        self.isDeployed = isDeployed
    }
}
