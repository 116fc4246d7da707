// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// Withdrawals whose payment was proven not executed, or came back in part.
@Suite struct SentAgainTests {
    private let alice = Sample.account("alice")

    private func payout(_ id: WithdrawalID, _ reference: String, at offset: Int64) -> Payout {
        Payout(
            withdrawalID: id, gateway: "test", reference: reference, payload: [1],
            createdAt: Sample.now.adding(milliseconds: offset))
    }

    /// Of one moment, and with a clock that was put back: the order of the steps counts.
    @Test(arguments: StoreKind.allCases, [Int64(0), 1, -1])
    func `the newest payout is the one that was sent last`(
        kind: StoreKind, offset: Int64
    ) async throws {
        let store = try kind.open().store
        let id = Sample.id()
        let payouts = (0..<4).map { payout(id, "p\($0)", at: Int64($0) * offset) }
        _ = try store.commit(
            [Sample.credit(alice, 1000), Sample.create(alice, 100, id: id)], at: Sample.now)
        for payout in payouts.prefix(2) {
            _ = try store.commit([Sample.step(id, .pending, .processing)], at: Sample.now)
            _ = try store.commit(
                [Sample.step(id, .processing, .sent, payout: payout)], at: Sample.now)
            #expect(try await store.payouts(of: [id]) == [id: payout])
            let back = try store.commit([Sample.step(id, .sent, .pending)], at: Sample.now)
            #expect(back[0].withdrawal?.state == .pending)
            // Nothing is posted: it stays reserved.
            let account = try #require(try await store.account(alice))
            #expect(account.held == Sample.amount(105) && account.lastSequence == 2)
        }
        // Twice in one batch.
        let steps = payouts.suffix(2).flatMap { payout in
            [
                Sample.step(id, .pending, .processing),
                Sample.step(id, .processing, .sent, payout: payout),
                Sample.step(id, .sent, .pending),
            ]
        }
        _ = try store.commit(steps, at: Sample.now)
        #expect(try await store.payouts(of: [id]) == [id: payouts[3]])
        #expect(try await store.withdrawal(id)?.version == 13)
        let cancelled = try store.commit([Sample.step(id, .pending, .cancelled)], at: Sample.now)
        #expect(cancelled[0].withdrawal?.state == .cancelled)
        #expect(try await store.account(alice)?.available == Sample.amount(1000))
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }

    @Test(
        arguments: StoreKind.allCases,
        [
            ([.sent], 100, 995), ([.sent], 60, 955), ([.sent], 0, 895),
            ([.sent, .confirmed], 60, 955), ([.sent, .confirmed], 0, 895),
        ] as [([WithdrawalState], Int64, Int64)])
    func `what arrived of a payment that came back is credited, and no more`(
        kind: StoreKind, way: (states: [WithdrawalState], returned: Int64, available: Int64)
    ) async throws {
        let store = try kind.open().store
        let id = Sample.id()
        _ = try store.commit(
            [
                Sample.credit(alice, 1000), Sample.create(alice, 100, id: id),
                Sample.step(id, .pending, .processing),
            ], at: Sample.now)
        var from = WithdrawalState.processing
        for to in way.states {
            _ = try store.commit([Sample.step(id, from, to)], at: Sample.now)
            from = to
        }
        let greedy = try store.commit(
            [Sample.step(id, from, .returned, returned: 101)], at: Sample.now)
        #expect(
            greedy[0].refusal == .amountOutOfRange(minimum: .zero, maximum: Sample.amount(100)))
        #expect(try await store.withdrawal(id)?.state == from)
        let outcome = try store.commit(
            [Sample.step(id, from, .returned, detail: "bounced", returned: way.returned)],
            at: Sample.now)
        #expect(outcome[0].withdrawal?.state == .returned)
        let account = try #require(try await store.account(alice))
        #expect(account.available == Sample.amount(way.available))
        #expect(account.held == .zero)
        let entry = try await store.entries(of: alice, before: nil, limit: 1).first
        #expect(entry?.kind == .return)
        #expect(entry?.availableDelta == way.returned)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }
}
