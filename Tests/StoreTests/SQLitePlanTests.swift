// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
import Synchronization
import TellerProtocol
import Testing

@testable import SQLiteStore

/// How SQLite goes about the ledger's statements, which it says before it runs them.
@Suite struct SQLitePlanTests {
    private let alice = Sample.account("alice")

    /// A table of its own for a list or a `RETURNING` has a page cache, made anew for each row.
    @Test func `SQLite makes no table of its own for a row of a batch`() async throws {
        let store = try #require(try StoreKind.sqlite.open().store as? SQLiteStore)
        let seen = SeenStatements()
        try await store.pool.write { database in database.trace { seen.add($0) } }
        let id = Sample.id()
        let batches = [
            [Sample.credit(alice, 1000, key: "c"), Sample.create(alice, 100, key: "w", id: id)],
            [Sample.create(alice, 100, key: "w"), Sample.step(id, .pending, .processing)],
        ]
        for batch in batches { _ = try store.commit(batch, at: Sample.now) }
        let tables = [
            "accounts", "heads", "entries", "withdrawals", "withdrawal_events", "credit_keys",
        ]
        let programs = try await store.pool.write { database in
            database.trace(options: [])
            return try seen.texts(naming: tables).map { sql in
                let program = try Self.explained("EXPLAIN " + sql, database)
                return (sql, Set(program.map { $0["opcode"] as String }))
            }
        }
        #expect(
            programs.filter { $0.1.contains("Insert") || $0.1.contains("IdxInsert") }.count >= 7)
        for (sql, opcodes) in programs {
            #expect(
                opcodes.isDisjoint(with: ["OpenEphemeral", "OpenAutoindex", "SorterOpen"]), "\(sql)"
            )
        }
    }

    @Test func `what is not settled is found by its index`() async throws {
        let store = try #require(try StoreKind.sqlite.open().store as? SQLiteStore)
        let seen = SeenStatements()
        try await store.pool.read { database in database.trace { seen.add($0) } }
        _ = try await store.withdrawals(in: .pending, unchangedSince: Sample.now, limit: 5)
        _ = try await store.totals()
        let plans = try await store.pool.read { database in
            database.trace(options: [])
            return try seen.texts(naming: ["IN_REVIEW"]).map { sql in
                try Self.explained("EXPLAIN QUERY PLAN " + sql, database)
                    .map { $0["detail"] as String }
            }
        }
        #expect(plans.count == 2)
        for plan in plans {
            #expect(plan.contains { $0.contains("USING INDEX unsettled_withdrawals (state=?") })
            #expect(!plan.contains { $0.contains("TEMP B-TREE") })
        }
    }

    private static func explained(_ sql: String, _ database: Database) throws -> [Row] {
        let statement = try database.makeStatement(sql: sql)
        statement.setUncheckedArguments(StatementArguments())
        return try Row.fetchAll(statement)
    }
}

/// What the connections that are traced have run.
final class SeenStatements: Sendable {
    private let seen = Mutex<Set<String>>([])

    func add(_ event: Database.TraceEvent) {
        guard case .statement(let statement) = event else { return }
        seen.withLock { _ = $0.insert(statement.sql) }
    }

    /// Those that have one of these words.
    func texts(naming words: [String]) -> [String] {
        seen.withLock { texts in
            texts.filter { text in words.contains { text.contains($0) } }.sorted()
        }
    }
}
