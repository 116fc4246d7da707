// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import Testing

/// What an audit finds that was changed behind the ledger's back.
@Suite struct AuditTests {
    @Test(arguments: StoreKind.durable)
    func `the audit finds an account that was tampered with`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        for (name, amount) in [("a", 6), ("b", 7), ("c", 8), ("d", 9)] as [(String, Int64)] {
            _ = try fixture.store.commit(
                [
                    Sample.credit(Sample.account(name), 1000),
                    Sample.create(Sample.account(name), amount),
                ],
                at: Sample.now)
        }
        #expect(try await fixture.store.audit(after: nil, limit: 10).violations == [])
        try fixture.tamper(
            kind == .sqlite
                ? """
                DROP TRIGGER entries_are_never_changed;
                UPDATE entries SET available = available + 1 WHERE number = (SELECT newest_entry
                    FROM heads JOIN accounts ON account_number = number WHERE account = 'b')
                """
                : "UPDATE accounts SET available = available + 1 WHERE account = 'b'")
        try fixture.tamper("UPDATE withdrawals SET amount = amount - 1 WHERE amount = 9")
        let first = try await fixture.store.audit(after: nil, limit: 2)
        #expect(first.violations == [Sample.account("b")])
        #expect(first.last == Sample.account("b"))
        let second = try await fixture.store.audit(after: first.last, limit: 2)
        #expect(second.violations == [Sample.account("d")])
    }

    @Test(arguments: StoreKind.durable)
    func `the audit finds an account that was put back to what it was`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        for name in ["a", "b", "c"] {
            let account = Sample.account(name)
            _ = try fixture.store.commit(
                [Sample.credit(account, 1000), Sample.create(account, 6)], at: Sample.now)
        }
        try fixture.tamper(
            kind == .sqlite
                ? """
                UPDATE heads SET newest_entry = (SELECT previous FROM entries
                    WHERE number = newest_entry)
                WHERE account_number = (SELECT number FROM accounts WHERE account = 'b')
                """
                : """
                UPDATE accounts SET available = 1000, held = 0, last_sequence = 1
                WHERE account = 'b'
                """)
        var found: [AccountKey] = []
        var last: AccountKey?
        repeat {
            let page = try await fixture.store.audit(after: last, limit: 2)
            found += page.violations
            last = page.last
        } while last != nil
        #expect(found == [Sample.account("b")])
    }
}
