// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import Testing

@Suite struct TotalsTests {
    @Test(arguments: StoreKind.allCases)
    func `the totals are those of all accounts and of what is not settled`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        #expect(try await store.totals() == LedgerTotals())
        let (alice, bob) = (Sample.account("alice"), Sample.account("bob"))
        _ = try store.commit(
            [Sample.credit(alice, 10_000), Sample.credit(bob, 1_000)], at: Sample.now)
        let ids = (0..<3).map { _ in Sample.id() }
        for (offset, id) in ids.enumerated() {
            _ = try store.commit(
                [Sample.create(alice, 100, id: id)],
                at: Sample.now.adding(milliseconds: Int64(offset)))
        }
        let later = Sample.now.adding(milliseconds: 50)
        _ = try store.commit([Sample.step(ids[0], .pending, .processing)], at: later)
        var expected = LedgerTotals()
        expected.available = Sample.amount(11_000 - 3 * 105)
        expected.held = Sample.amount(3 * 105)
        expected.unsettled = [
            .pending: .init(
                count: 2, oldestChange: Sample.now.adding(milliseconds: 1),
                reserved: Sample.amount(210)),
            .processing: .init(count: 1, oldestChange: later, reserved: Sample.amount(105)),
        ]
        #expect(try await store.totals() == expected)
        _ = try store.commit([Sample.credit(bob, Nanotons.max.rawValue - 2_000)], at: later)
        #expect(try await store.totals().available == .max)
    }
}
