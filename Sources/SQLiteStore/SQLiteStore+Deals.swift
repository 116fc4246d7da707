// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
package import Ledger
package import TellerProtocol

extension SQLiteStore: DealStore {
    package func decide(
        _ commands: [DealCommand], at now: Timestamp?
    ) async throws(StoreError) -> [DealOutcome] {
        try await transact(commands, settling: [], fence: nil, at: now) { plan, _ in
            commands.map { plan.decide($0) }
        }
    }

    package func settle(
        _ deals: [DealID], fence: Fence?, at now: Timestamp?
    ) async throws(StoreError) -> [Settlement] {
        try await transact([], settling: deals, fence: fence, at: now) { plan, holds in
            deals.map { holds ? plan.settle($0) : .fenced }
        }
    }

    package func setAside(
        _ deal: DealID, error: String, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try await transact(beside: BatchNeeds([], fence: fence)) { batch, database in
            guard batch.holds(fence) else { return .refuse(false) }
            try database.execute(
                sql: """
                    UPDATE deals SET set_aside = ? WHERE id = ? AND due_at IS NOT NULL
                    """, arguments: [error, deal.blob])
            return database.changesCount == 1 ? .write(BatchWrites(), true) : .refuse(false)
        }
    }

    package func takeUp(_ deal: DealID) async throws(StoreError) -> Bool {
        try await transact(beside: BatchNeeds([])) { _, database in
            try database.execute(
                sql: "UPDATE deals SET set_aside = NULL WHERE id = ? AND set_aside IS NOT NULL",
                arguments: [deal.blob])
            return database.changesCount == 1 ? .write(BatchWrites(), true) : .refuse(false)
        }
    }

    package func dueDeals(
        _ kind: DealKind, limit: Int, at now: Timestamp?
    ) async throws(StoreError) -> DueDeals {
        try await read { database in
            try DealTable.due(kind, limit: limit, at: try now ?? database.time(), database)
        }
    }

    package func deal(_ id: DealID) async throws(StoreError) -> Deal? {
        try await read { try DealTable.find(id, $0) }
    }

    package func deals(_ page: DealPage) async throws(StoreError) -> [Deal] {
        try await read { try DealTable.page(page, $0) }
    }

    package func dealEvents(
        of id: DealID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [DealEvent] {
        try await read { try DealEventTable.page(id, after: sequence, limit: limit, $0) }
    }

    package func dealsSetAside(
        limit: Int
    ) async throws(StoreError) -> [DealSetAside] {
        try await read { try DealTable.setAside(limit: limit, $0) }
    }

    /// Decides and writes in one transaction.
    ///
    /// - Parameter decide: gets the plan, and whether the fence still stands.
    private func transact<Answer: Sendable>(
        _ commands: [DealCommand], settling settled: [DealID], fence: Fence?, at now: Timestamp?,
        _ decide: @escaping @Sendable (inout DealPlan, Bool) -> Answer
    ) async throws(StoreError) -> Answer {
        try await transact(
            finding: { database in
                var snapshot = DealSnapshot()
                for id in commands.compactMap(\.deal) + settled {
                    snapshot.deals[id] = try DealTable.find(id, database)
                }
                let accounts = DealPlan.accounts(
                    of: commands, settling: settled, snapshot.deals)
                for scope in commands.compactMap(\.scope) {
                    try snapshot.load(scope, database)
                }
                return (snapshot, BatchNeeds(accounts: accounts.all, fence: fence))
            }
        ) { [outcomeLifeMilliseconds] found, batch, database in
            var snapshot = found
            snapshot.accounts = batch.accounts
            var plan = DealPlan(
                on: snapshot, at: try now ?? database.time(),
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            let answer = decide(&plan, batch.holds(fence))
            guard !plan.writes.isEmpty else { return .refuse(answer) }
            for deal in plan.writes.newDeals { try DealTable.insert(deal, database) }
            for deal in plan.writes.changedDeals { try DealTable.update(deal, database) }
            for event in plan.writes.events { try DealEventTable.insert(event, database) }
            for record in plan.writes.keys { try DealKeyTable.insert(record, database) }
            return .write(plan.writes.ledger, answer)
        }
    }
}

extension DealSnapshot {
    /// Reads the key, the step it stands for and its deal, if it is known.
    fileprivate mutating func load(_ scope: KeyScope, _ database: Database) throws {
        guard let record = try DealKeyTable.find(scope, database),
            let deal = try deals[record.deal] ?? DealTable.find(record.deal, database)
        else { return }
        keys[scope] = record
        deals[deal.id] = deal
        events[scope] = try DealEventTable.find(record.sequence, of: deal, database)
    }
}

extension Database {
    /// SQLite's own time.
    fileprivate func time() throws -> Timestamp {
        let milliseconds = try Int64.fetchOne(
            cachedStatement(
                sql: """
                    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)
                    """))
        guard let milliseconds else { throw StoreError(.corrupt, "SQLite doesn't know the time") }
        return Timestamp(unixMilliseconds: milliseconds)
    }
}
