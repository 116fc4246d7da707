// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import Testing

/// Payments that came back, and withdrawals that are sent again, as they are decided.
@Suite struct BatchPlanTests {
    private static let now = Timestamp(unixMilliseconds: 1_800_000_000_000)
    private let account: AccountKey
    private let id = WithdrawalID(UUIDv7(high: 1, low: 1))

    init() throws {
        account = AccountKey(tenant: .standard, account: try #require(AccountID("alice")))
    }

    /// A withdrawal of 100 with a fee of 5, in `state`, of an account that has 1000 beside it.
    private func snapshot(_ state: WithdrawalState) -> BatchSnapshot {
        let isHeld = !WithdrawalStateMachine.isSettled(state)
        var snapshot = BatchSnapshot()
        snapshot.accounts[account] = Account(
            key: account, available: Sample.amount(1000), held: Sample.amount(isHeld ? 105 : 0),
            lastSequence: 9, createdAt: Self.now, updatedAt: Self.now)
        snapshot.withdrawals[id] = Withdrawal(
            id: id, account: account, amount: Sample.amount(100), fee: Sample.amount(5),
            destination: Destination(rawAddress: "0:a", isBounceable: false), comment: nil,
            state: state, version: 3, createdAt: Self.now, updatedAt: Self.now,
            transactionHash: nil, failureReason: nil)
        return snapshot
    }

    private func plan(
        _ steps: [(WithdrawalState, WithdrawalState)], on snapshot: BatchSnapshot,
        returned: Int64? = nil, payout: Payout? = nil
    ) -> BatchPlan {
        let commands = steps.map { from, to in
            LedgerCommand.transition(
                TransitionWithdrawal(
                    id: id, account: account, from: from, to: to,
                    payout: to == .sent ? payout : nil,
                    returnedAmount: returned.map(Sample.amount)))
        }
        return BatchPlan(commands, on: snapshot, at: Self.now, outcomeLifeMilliseconds: 1)
    }

    /// Entries and sums move alike, whatever came back.
    @Test(
        arguments: [WithdrawalState.sent, .confirmed], [nil, 0, 1, 99, 100, 101, .max] as [Int64?])
    func `of a payment that came back, at most its amount is credited`(
        from: WithdrawalState, returned: Int64?
    ) throws {
        let before = snapshot(from)
        let plan = plan([(from, .returned)], on: before, returned: returned)
        let arrived = returned ?? 100
        guard arrived <= 100 else {
            #expect(
                plan.outcomes == [
                    .refused(.amountOutOfRange(minimum: .zero, maximum: Sample.amount(100)))
                ])
            #expect(plan.writes.isEmpty && plan.writes.accounts.isEmpty)
            #expect(!plan.acceptsAll)
            return
        }
        let opening = try #require(before.accounts[account])
        let account = try #require(plan.writes.accounts.first)
        let entry = try #require(plan.writes.entries.first)
        #expect(entry.kind == .return)
        #expect(entry.availableDelta == arrived)
        #expect(entry.heldDelta == (from == .sent ? -105 : 0))
        #expect(account.available.rawValue == opening.available.rawValue + entry.availableDelta)
        #expect(account.held.rawValue == opening.held.rawValue + entry.heldDelta)
        #expect((entry.available, entry.held) == (account.available, account.held))
        #expect(plan.writes.entries.count == 1)
    }

    @Test func `no other step looks at what arrived`() {
        for to in [WithdrawalState.confirmed, .failed, .pending] {
            let plan = plan([(.sent, to)], on: snapshot(.sent), returned: 101)
            #expect(plan.acceptsAll)
        }
    }

    @Test func `a payment proven not executed is queued again with nothing posted`() {
        let payout = Payout(
            withdrawalID: id, gateway: "g", reference: "r", payload: [], createdAt: Self.now)
        let again: [(WithdrawalState, WithdrawalState)] = [
            (.sent, .pending), (.pending, .processing), (.processing, .sent),
        ]
        let plan = plan(again + again, on: snapshot(.sent), payout: payout)
        #expect(plan.acceptsAll)
        #expect(plan.writes.entries.isEmpty && plan.writes.accounts.isEmpty)
        #expect(plan.writes.changedWithdrawals.map(\.version) == [9])
        #expect(plan.writes.events.map(\.sequence) == [4, 5, 6, 7, 8, 9])
        // The second one is the newer, although both are of one moment.
        #expect(plan.writes.payouts.map(\.sequence) == [6, 9])
    }

    @Test func `a batch leans on the newest of its own fence and its commands'`() {
        var transition = TransitionWithdrawal(
            id: id, account: account, from: .sent, to: .pending)
        for (own, carried) in [(1, 2), (2, 1), (2, 2)] as [(Int64, Int64)] {
            transition.fence = Fence(lease: "l", epoch: carried)
            let needs = BatchNeeds([.transition(transition)], fence: Fence(lease: "l", epoch: own))
            #expect(needs.fences == [Fence(lease: "l", epoch: 2)])
        }
        #expect(BatchNeeds([], fence: Fence(lease: "k", epoch: 7)).fences.map(\.epoch) == [7])
        #expect(BatchNeeds([]).fences == [])
    }
}
