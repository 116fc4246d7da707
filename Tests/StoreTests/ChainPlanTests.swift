// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
import TellerProtocol
import TestSupport
import Testing

@testable import SQLiteStore

/// What is kept of the chain is found by an index, however much there is.
@Suite struct ChainPlanTests {
    private static let tables = [
        "payout_messages", "payout_items", "deposits", "stray_payments", "wallet_positions",
        "deposit_memos",
    ]

    private let alice = Sample.account("alice")

    /// A wallet with 30,000 messages that have been executed, deposits and stray payments.
    private static let crowd = """
        INSERT INTO payout_messages (hash, wallet, sequence, valid_until, payload, created_at, state,
            updated_at)
        SELECT 'crowd-' || n, '\(ChainSample.wallet)', 1000000 + n, 0, '\\x00', 0, 'executed', 0
        FROM generate_series(1, 30000) n;
        INSERT INTO payout_items SELECT number, 1, gen_random_uuid(), '0:', 1, '', true
        FROM payout_messages WHERE hash LIKE 'crowd-%';
        INSERT INTO deposits SELECT '\(ChainSample.wallet)', 1000000 + n, '', '', 1, NULL, 'credited',
            'shop', 'crowd', 0 FROM generate_series(1, 30000) n;
        INSERT INTO stray_payments SELECT '\(ChainSample.wallet)', 1000000 + n, '', '', 1, '', NULL,
            'acknowledged', NULL, NULL, 0, 0 FROM generate_series(1, 30000) n;
        INSERT INTO deposit_memos SELECT 'm' || n, 'crowd', 'c' || n FROM generate_series(1, 30000) n;
        INSERT INTO wallet_positions SELECT 'w' || n, 0, '', 0, 0, 0, 0, 0, 0, 1
        FROM generate_series(1, 30000) n;
        """

    enum Scene: CaseIterable {
        /// Planned on empty tables with statistics that say so; then others fill them.
        case growing
        /// Planned on large tables with statistics.
        case large
    }

    @Test(arguments: Scene.allCases)
    func `each call reads a bounded number of rows`(scene: Scene) async throws {
        let fixture = try StoreKind.postgres.open()
        let chain = try fixture.chain
        switch scene {
        case .growing:
            try fixture.tamper("VACUUM ANALYZE")
            _ = try await work(chain, round: 0)
            try fixture.tamper(Self.crowd)
            try await Task.sleep(for: StoreFixture.planLife)
        case .large:
            _ = try await work(chain, round: 0)
            try fixture.tamper(Self.crowd)
            try fixture.tamper("VACUUM ANALYZE")
            try await Task.sleep(for: StoreFixture.planLife)
        }
        try fixture.tamper("SELECT pg_stat_reset()")
        var calls = 0
        for round: Int64 in 1...20 { calls += try await work(chain, round: round) }
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
            WHERE seq_tup_read + coalesce(idx_tup_fetch, 0) > 0
            """)
        let rows = try #require(
            Int(
                try fixture.sql(
                    """
                    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables
                    """)))
        #expect(rows < 20 * calls, "\(calls) calls: \(read)")
    }

    /// - Returns: how many calls.
    private func work(_ chain: any ChainStore, round: Int64) async throws -> Int {
        let (wallet, id) = (ChainSample.wallet, Sample.id())
        var message = ChainSample.message(round, sequence: round, paying: [id, Sample.id()])
        #expect(try await chain.add(message, fence: nil))
        #expect(
            try await chain.moveMessage(
                message.hash, from: .signed, to: .released, at: Sample.now, fence: nil))
        #expect(try await chain.messages([message.hash]).count == 1)
        #expect(
            try await chain.messages(of: wallet, in: [.signed, .released], limit: 5).count == 1)
        #expect(try await chain.messages(of: wallet, in: [.executed], limit: 5).count <= 5)
        #expect(try await chain.messages(paying: id).count == 1)
        var advance = ChainSample.deposits(from: round, to: [alice, alice])
        if round == 0 { advance = ChainSample.advance(from: 0) }
        message.state = .executed
        advance.messages = [message]
        advance.deposits.append(ChainSample.deposit(round * 1000 + 900))
        advance.strayPayments = [ChainSample.strayPayment(round)]
        #expect(try await chain.advance(advance, at: Sample.now).isAdvanced)
        #expect(try await chain.position(of: wallet)?.version == round + 1)
        for state in [nil, DepositState.unmatched] {
            _ = try await chain.deposits(of: wallet, state: state, before: nil, limit: 5)
            _ = try await chain.strayPayments(
                of: wallet, state: state == nil ? nil : .open, before: nil, limit: 5)
        }
        guard
            case .credited? = try await chain.assignDeposit(
                wallet: wallet, lt: round * 1000 + 900,
                by: CreditAccount(
                    account: alice, amount: Sample.amount(10), reference: nil, key: nil),
                at: Sample.now)
        else {
            Issue.record("not assigned")
            return 0
        }
        #expect(
            try await chain.settleStrayPayment(
                wallet: wallet, lt: round, as: .acknowledged, note: "", withdrawal: nil,
                at: Sample.now))
        let owner = Sample.account("r\(round)")
        let memo = try await chain.memo(of: owner, orElse: DepositMemo("own-\(round)"))
        #expect(try await chain.accounts(named: [memo, DepositMemo("no")]) == [memo: owner])
        return 16
    }

    /// SQLite says how it goes about a statement before it runs it.
    @Test func `SQLite reads no table from end to end, and sorts none`() async throws {
        let store = try #require(try StoreKind.sqlite.open().store as? SQLiteStore)
        let seen = SeenStatements()
        try await store.pool.write { database in database.trace { seen.add($0) } }
        try await store.pool.read { database in database.trace { seen.add($0) } }
        for round: Int64 in 0..<2 { _ = try await work(store, round: round) }
        let plans = try await store.pool.read { database in
            database.trace(options: [])
            return try seen.texts(naming: Self.tables).flatMap { sql in
                let plan = try database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                plan.setUncheckedArguments(StatementArguments())
                return try Row.fetchAll(plan).map { "\($0["detail"] as String) by \(sql)" }
            }
        }
        #expect(seen.texts(naming: Self.tables).count > 20)
        #expect(plans.filter { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") } == [])
    }
}
