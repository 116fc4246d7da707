// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import PostgresStore
import TellerProtocol
import TestSupport
import Testing

/// Batches planned on what a connection remembers of its accounts.
@Suite struct RememberedAccountTests {
    private let alice = Sample.account("alice")

    @Test func `what one instance remembers gives way to what another has written`() async throws {
        let fixture = try StoreKind.postgresAtAGlance.open()
        let stores = [fixture.store, try fixture.openAgain()]
        _ = try stores[0].commit([Sample.credit(alice, 1000)], at: Sample.now)
        for round in 0..<8 {
            let outcomes = try stores[round % 2].commit(
                [Sample.create(alice, 100, key: "k\(round)")], at: Sample.now)
            #expect(outcomes[0].withdrawal != nil)
        }
        let refused = try stores[0].commit([Sample.create(alice, 156)], at: Sample.now)
        #expect(refused[0].refusal == .insufficientFunds)
        let accepted = try stores[1].commit([Sample.create(alice, 155)], at: Sample.now)
        #expect(accepted[0].withdrawal != nil)
        let account = try #require(try await stores[0].account(alice))
        #expect(account.available == Sample.amount(0))
        #expect(account.lastSequence == 10)
        #expect(try await stores[0].audit(after: nil, limit: 10).violations == [])
        for store in stores { await store.close() }
    }

    @Test func `a key another instance has used is replayed although it is not remembered`()
        async throws
    {
        let fixture = try StoreKind.postgresAtAGlance.open()
        let other = try fixture.openAgain()
        _ = try fixture.store.commit(
            [Sample.credit(alice, 1000), Sample.credit(Sample.account("bob"), 1000)],
            at: Sample.now)
        let first = try other.commit([Sample.create(alice, 100, key: "k")], at: Sample.now)
        let outcomes = try fixture.store.commit(
            [
                Sample.create(Sample.account("bob"), 100, key: "k"),
                Sample.create(alice, 100, key: "k"), Sample.create(alice, 100, key: "new"),
            ], at: Sample.now)
        guard case .created = outcomes[0], case .createReplayed(let replayed, _) = outcomes[1],
            case .created = outcomes[2]
        else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(replayed.id == first[0].withdrawal?.id)
        #expect(try await fixture.store.audit(after: nil, limit: 10).violations == [])
        await other.close()
    }

    @Test func `a withdrawal that has moved meanwhile is not moved again`() async throws {
        let fixture = try StoreKind.postgresAtAGlance.open()
        let other = try fixture.openAgain()
        let id = Sample.id()
        _ = try fixture.store.commit(
            [Sample.credit(alice, 1000), Sample.create(alice, 100, id: id)], at: Sample.now)
        _ = try other.commit([Sample.step(id, .pending, .processing)], at: Sample.now)
        let late = try fixture.store.commit([Sample.step(id, .pending, .cancelled)], at: Sample.now)
        guard case .conflict(let current) = late[0] else {
            Issue.record("\(late)")
            return
        }
        #expect(current.state == .processing)
        await other.close()
    }

    /// As after a restore, or a failover that lost commits, behind a connection that stays.
    @Test func `a database that went back is not written over`() async throws {
        let fixture = try StoreKind.postgresAtAGlance.open()
        _ = try fixture.store.commit([Sample.credit(alice, 1000)], at: Sample.now)
        _ = try fixture.store.commit([Sample.create(alice, 100)], at: Sample.now)
        try fixture.tamper(
            """
            ALTER TABLE entries DISABLE TRIGGER ALL; DELETE FROM entries WHERE sequence = 2;
            ALTER TABLE entries ENABLE TRIGGER ALL; DELETE FROM withdrawals;
            UPDATE accounts SET available = 1000, held = 0, last_sequence = 1;
            """)
        let outcomes = try fixture.store.commit([Sample.create(alice, 50)], at: Sample.now)
        #expect(outcomes[0].withdrawal != nil)
        let account = try #require(try await fixture.store.account(alice))
        #expect(account.lastSequence == 2)
        #expect(account.available == Sample.amount(945))
        #expect(try await fixture.store.audit(after: nil, limit: 10).violations == [])
    }
}

/// The plans of the statements, seen in what they read: each row of a batch is found by an index,
/// whatever the tables held when the statements were planned.
@Suite struct PlanTests {
    /// 50,000 accounts of another tenant, with what belongs to them; one has much.
    private static let crowd = """
        INSERT INTO accounts
            (tenant, account, available, held, last_sequence, created_at, updated_at)
        SELECT 'crowd', 'c' || n, 1000, 0, 1, 0, 0 FROM generate_series(1, 50000) n;
        INSERT INTO entries SELECT number, 1, 'CREDIT', 1000, 0, 1000, 0, NULL, NULL, 0
        FROM accounts WHERE tenant = 'crowd';
        INSERT INTO withdrawals SELECT gen_random_uuid(), number, 0, 1, 0, '0:', false, NULL,
            'CONFIRMED', 4, 0, 0, 'h', NULL, 'k', 0 FROM accounts WHERE tenant = 'crowd';
        INSERT INTO credit_keys SELECT number, 'k', '\\x00', 1, 0, 0
        FROM accounts WHERE tenant = 'crowd';
        INSERT INTO entries SELECT number, n, 'HOLD', 0, 0, 1000, 0, gen_random_uuid(), NULL, 0
        FROM accounts, generate_series(2, 20000) n WHERE account = 'c1';
        INSERT INTO withdrawals SELECT withdrawal_id, account_number, sequence, 1, 0, '0:', false,
            NULL, 'CONFIRMED', 4, 0, 0, 'h', NULL, NULL, NULL
        FROM entries WHERE kind = 'HOLD' AND available_delta = 0;
        """
    private static let busy = Sample.account("c1", tenant: "crowd")

    enum Scene: CaseIterable {
        /// Planned and run on empty tables without statistics.
        case empty
        /// Planned on empty tables with statistics that say so; then the store fills them.
        case filled
        /// The same, and then others fill them.
        case growing
        /// Planned on large tables with statistics.
        case large
    }

    @Test(arguments: Scene.allCases, [StoreKind.postgres, .postgresAtAGlance])
    func `a batch reads a bounded number of rows for each command`(
        scene: Scene, kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        switch scene {
        case .empty: break
        case .filled:
            try fixture.tamper("VACUUM ANALYZE")
        case .growing:
            try fixture.tamper("VACUUM ANALYZE")
            _ = try await work(fixture.store, round: 0)
            try fixture.tamper(Self.crowd)
            try await Task.sleep(for: StoreFixture.planLife)
        case .large:
            try fixture.tamper(Self.crowd)
            try fixture.tamper("VACUUM ANALYZE")
        }
        try fixture.tamper("SELECT pg_stat_reset()")
        var commands = 0
        if scene == .filled {
            for round in 0..<100 { commands += try fill(fixture.store, round: round) }
        }
        for round in 1...4 { commands += try await work(fixture.store, round: round) }
        // Statistics are complete once the connections that made them have ended.
        await fixture.store.close()
        try await eventually {
            let others = try fixture.sql(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE application_name = 'teller' AND datname = current_database()
                """)
            if others != "0" { throw StoreError(.unavailable, "\(others) are connected") }
        }
        let read = try fixture.sql(
            """
            SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables
            WHERE relname <> 'schema_migrations' AND seq_tup_read + coalesce(idx_tup_fetch, 0) > 0
            """)
        let rows = try #require(
            Int(
                try fixture.sql(
                    """
                    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables
                    WHERE relname <> 'schema_migrations'
                    """)))
        #expect(rows < 8 * commands, "\(commands) commands: \(read)")
    }

    private func fill(_ store: any LedgerStore, round: Int) throws -> Int {
        let accounts = (0..<100).map { Sample.account("f\(round)-\($0)") }
        let ids = accounts.map { _ in Sample.id() }
        let commands =
            accounts.map { Sample.credit($0, 10_000, key: "credit") }
            + zip(accounts, ids).map { Sample.create($0, 100, key: "create", id: $1) }
            + zip(accounts, ids).map { Sample.step($1, .pending, .processing, of: $0) }
        for start in stride(from: 0, to: commands.count, by: 100) {
            _ = try store.commit(Array(commands[start..<start + 100]), at: Sample.now)
        }
        return commands.count
    }

    /// Every kind of batch, and the reads of the services and workers.
    ///
    /// - Returns: how many commands and pages.
    private func work(_ store: any LedgerStore, round: Int) async throws -> Int {
        let accounts = (0..<40).map { Sample.account("r\(round)-\($0)") }
        let ids = accounts.map { _ in Sample.id() }
        let credits = accounts.map { Sample.credit($0, 10_000, key: "credit") }
        let creates = zip(accounts, ids).map { Sample.create($0, 100, key: "create", id: $1) }
        let steps = zip(accounts, ids).map { Sample.step($1, .pending, .processing, of: $0) }
        var count = 0
        for batch in [credits, creates, credits, creates, steps] {
            _ = try store.commit(batch, at: Sample.now)
            count += batch.count
        }
        for (account, id) in zip(accounts, ids) {
            _ = try await store.account(account)
            _ = try await store.entries(of: account, before: nil, limit: 10)
            _ = try await store.entries(of: Self.busy, before: 10_000, limit: 5)
            _ = try await store.withdrawals(of: Self.busy, state: nil, before: nil, limit: 5)
            _ = try await store.withdrawal(id)
            _ = try await store.withdrawals(of: account, state: nil, before: nil, limit: 10)
            _ = try await store.events(of: id, after: 0, limit: 10)
            count += 7
        }
        _ = try await store.withdrawals(in: .processing, unchangedSince: Sample.now, limit: 40)
        _ = try await store.audit(after: Sample.account("r"), limit: 40)
        return count + 80
    }
}
