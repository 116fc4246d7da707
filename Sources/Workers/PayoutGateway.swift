// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import TellerProtocol

/// Where payouts leave the service: the chain, or what stands in for it.
///
/// The calls are split where promise 2 needs a commit between them. The dispatcher commits
/// `PROCESSING`, lets the gateway sign, commits `SENT` together with the signed bytes, and only
/// then hands these bytes over; from then on nothing but them is ever sent, and nothing but
/// evidence moves the withdrawal on.
package protocol PayoutGateway: Sendable {
    /// Kept with every payout; another gateway never touches it.
    var name: String { get }

    /// Whether it only pretends to pay; refused in production.
    var isSimulator: Bool { get }

    /// Which withdrawals of the queue can be paid now, in its order. Asked before any is taken.
    ///
    /// - Parameter fence: the lease its caller runs under, which what it writes must carry.
    func select(
        from queue: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> PayoutSelection

    /// Signs one payout for each of `withdrawals`, all of which it has selected just before;
    /// nothing leaves the process.
    ///
    /// What it signed may be forgotten without harm until it has been submitted. A withdrawal
    /// without an answer counts as postponed. When it throws, all are postponed.
    func prepare(
        _ withdrawals: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> [WithdrawalID: PreparedPayout]

    /// Sends exactly these bytes; sending them again changes nothing.
    ///
    /// It throws when they could not be handed over; whether they arrived is for evidence to say.
    func submit(_ payouts: [Payout], fence: Fence?) async throws

    /// What is proven about each payout; one without an answer counts as unknown.
    ///
    /// It throws only when nothing can be said about any of them.
    func evidence(for payouts: [Payout]) async throws -> [WithdrawalID: PayoutEvidence]
}

/// What a gateway would pay of a queue.
package struct PayoutSelection: Sendable, Equatable {
    package var withdrawals: [Ledger.Withdrawal]
    /// Why it pays none, for operators; nil when it is only busy.
    package var obstacle: String?

    package init(withdrawals: [Ledger.Withdrawal] = [], obstacle: String? = nil) {
        self.withdrawals = withdrawals
        self.obstacle = obstacle
    }
}

/// What became of an attempt to sign a payout.
package enum PreparedPayout: Sendable, Equatable {
    case signed(Payout)
    /// It can never be paid; the reason is safe to show. The money is released.
    case refused(reason: String)
    /// Not now; the withdrawal goes back to the queue's end.
    case postponed
}

/// What is proven about a payout.
package enum PayoutEvidence: Sendable, Equatable {
    case confirmed(transactionHash: String)
    /// Proof that it was not and will never be executed; the reason is safe to show.
    case refused(reason: String)
    /// Proof that this attempt was not and will never be executed; the withdrawal is queued again.
    case notExecuted(reason: String)
    /// It was executed and came back; the reason is safe to show.
    case bounced(reason: String)
    case unknown
}
