// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// Settles payments that left the hot wallet although the store knows of no message that asked for
/// them.
struct StrayDesk {
    private static let pageMax = 1_000

    let wallet: String
    let chain: any ChainStore
    let ledger: any LedgerStore
    let clock: RPCClock

    enum Refusal: Error, CustomStringConvertible {
        case notOpen(LogicalTime)
        case noWithdrawal(WithdrawalID)
        case different(WithdrawalID)
        case elsewhere(WithdrawalID, WithdrawalState)

        var description: String {
            switch self {
            case .notOpen(let lt): "there is no open payment with LT \(lt)"
            case .noWithdrawal(let id): "there is no withdrawal \(id)"
            case .different(let id):
                "withdrawal \(id) has another destination, amount or comment"
            case .elsewhere(let id, let state): "withdrawal \(id) is \(state.rawValue)"
            }
        }
    }

    func open() async throws -> [StrayPayment] {
        try await chain.strayPayments(of: wallet, state: .open, before: nil, limit: Self.pageMax)
    }

    /// The unpaid withdrawals that the payment would pay.
    func candidates(for stray: StrayPayment) async throws -> [Ledger.Withdrawal] {
        var found: [Ledger.Withdrawal] = []
        for state in [WithdrawalState.pending, .processing] {
            let queue = try await ledger.withdrawals(
                in: state, unchangedSince: clock.wall, limit: 10 * Self.pageMax)
            found += queue.filter { Self.matches(stray, $0) }
        }
        return found
    }

    private static func matches(_ stray: StrayPayment, _ withdrawal: Ledger.Withdrawal) -> Bool {
        withdrawal.destination.rawAddress == stray.destination
            && withdrawal.amount == stray.amount && withdrawal.comment == stray.comment
    }

    /// Takes the withdrawal that a payment has paid to `CONFIRMED`, and settles the payment.
    ///
    /// In this order: a death in between leaves the payment open, and nothing is paid before the
    /// same command has been given again, which finds the withdrawal where it has to be.
    func match(_ lt: LogicalTime, to id: WithdrawalID, note: String) async throws {
        guard let stray = try await open().first(where: { $0.lt == lt }) else {
            throw Refusal.notOpen(lt)
        }
        guard var withdrawal = try await ledger.withdrawal(id) else {
            throw Refusal.noWithdrawal(id)
        }
        guard Self.matches(stray, withdrawal) else { throw Refusal.different(id) }
        while withdrawal.state != .confirmed {
            withdrawal = try await step(withdrawal, paidBy: stray)
        }
        guard withdrawal.transactionHash == stray.transactionHash else {
            throw Refusal.elsewhere(id, withdrawal.state)
        }
        _ = try await chain.settleStrayPayment(
            wallet: wallet, lt: lt, as: .matched, note: note, withdrawal: id, at: clock.wall)
    }

    /// One step on the way to `CONFIRMED`.
    private func step(
        _ withdrawal: Ledger.Withdrawal, paidBy stray: StrayPayment
    ) async throws -> Ledger.Withdrawal {
        let next: TransitionWithdrawal
        switch withdrawal.state {
        case .pending: next = TransitionWithdrawal(withdrawal, to: .processing)
        case .processing:
            let payout = Payout(
                withdrawalID: withdrawal.id, gateway: "ton", reference: stray.transactionHash,
                payload: [], createdAt: clock.wall)
            next = TransitionWithdrawal(withdrawal, to: .sent, payout: payout)
        case .sent:
            // Under a message of its own it is for the watcher to say what became of it.
            let payout = try await ledger.payouts(of: [withdrawal.id])[withdrawal.id]
            guard payout?.reference == stray.transactionHash else {
                throw Refusal.elsewhere(withdrawal.id, .sent)
            }
            next = TransitionWithdrawal(
                withdrawal, to: .confirmed, detail: "matched by an operator",
                transactionHash: stray.transactionHash)
        default: throw Refusal.elsewhere(withdrawal.id, withdrawal.state)
        }
        switch try ledger.commit([.transition(next)], at: clock.wall)[0] {
        case .transitioned(let moved): return moved
        // A running server may have moved it; where it is now decides.
        case .conflict(let moved): return moved
        default: throw Refusal.noWithdrawal(withdrawal.id)
        }
    }

    /// - Parameter lt: nil for all that are open.
    func acknowledge(_ lt: LogicalTime?, note: String) async throws {
        let strays = try await open().filter { lt == nil || $0.lt == lt }
        if let lt, strays.isEmpty { throw Refusal.notOpen(lt) }
        for stray in strays {
            _ = try await chain.settleStrayPayment(
                wallet: wallet, lt: stray.lt, as: .acknowledged, note: note, withdrawal: nil,
                at: clock.wall)
        }
    }
}
