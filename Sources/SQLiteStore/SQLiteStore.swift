// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
package import Ledger
package import TellerProtocol

/// The ledger in one SQLite file: for one node, with no set-up.
///
/// One connection writes, several read (WAL). A commit returns after the log has been fsynced
/// (`synchronous = FULL`). Other processes, the `teller token` commands for one, may open the
/// file at the same time; SQLite's own locks keep the writers apart.
package final class SQLiteStore: Sendable {
    /// How long a writer waits for another process's transaction.
    private static let busyTimeoutSeconds = 5.0
    private static let readersMax = 4

    let pool: DatabasePool
    private let outcomeLifeMilliseconds: Int64

    /// Opens or makes the file and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - path: the file, in a folder that exists.
    ///   - outcomeLifeMilliseconds: how long a key's first outcome is replayed.
    package init(path: String, outcomeLifeMilliseconds: Int64) throws(StoreError) {
        self.outcomeLifeMilliseconds = outcomeLifeMilliseconds
        var configuration = Configuration()
        configuration.label = "teller.sqlite"
        configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
        configuration.maximumReaderCount = Self.readersMax
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // The pool itself relaxes it when it turns the write-ahead log on.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch {
            throw StoreError(error, isCommit: false)
        }
        try migrate()
    }

    private func migrate() throws(StoreError) {
        try Result { try pool.write { try SchemaHistory.bringUpToDate($0) } }
            .mapError { ($0 as? StoreError) ?? StoreError($0, isCommit: false) }.get()
    }

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.read(query)
        } catch {
            throw StoreError(error, isCommit: false)
        }
    }

    func write<Value: Sendable>(
        _ change: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.write(change)
        } catch {
            throw StoreError(error, isCommit: true)
        }
    }
}

extension SQLiteStore: LedgerStore {
    package func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome] {
        let needs = BatchNeeds(commands)
        do {
            return try pool.writeWithoutTransaction { database in
                var outcomes: [LedgerOutcome] = []
                try database.inTransaction(.immediate) {
                    let plan = BatchPlan(
                        commands, on: try BatchSnapshot(needs, database), at: now,
                        outcomeLifeMilliseconds: outcomeLifeMilliseconds)
                    outcomes = plan.outcomes
                    guard !plan.writes.isEmpty else { return .rollback }
                    try plan.writes.execute(in: database)
                    return .commit
                }
                return outcomes
            }
        } catch {
            throw StoreError(error, isCommit: true)
        }
    }

    package func account(_ key: AccountKey) async throws(StoreError) -> Ledger.Account? {
        try await read { try AccountTable.find(key, $0) }
    }

    package func entries(
        of key: AccountKey, before: Int64?, limit: Int
    ) async throws(StoreError) -> [Ledger.Entry] {
        try await read { try EntryTable.page(key, before: before ?? .max, limit: limit, $0) }
    }

    package func withdrawal(
        _ id: WithdrawalID
    ) async throws(StoreError) -> Ledger.Withdrawal? {
        try await read { try WithdrawalTable.find(id, $0) }
    }

    package func withdrawals(
        of key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try await read {
            try WithdrawalTable.page(key, state: state, before: before, limit: limit, $0)
        }
    }

    package func events(
        of id: WithdrawalID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [Ledger.WithdrawalEvent] {
        try await read { try EventTable.page(id, after: sequence, limit: limit, $0) }
    }

    package func withdrawals(
        in state: WithdrawalState, unchangedSince until: Timestamp, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try await read {
            try WithdrawalTable.queue(state, unchangedSince: until, limit: limit, $0)
        }
    }

    package func payouts(
        of ids: [WithdrawalID]
    ) async throws(StoreError) -> [WithdrawalID: Payout] {
        try await read { database in
            var payouts: [WithdrawalID: Payout] = [:]
            for id in ids { payouts[id] = try PayoutTable.newest(id, database) }
            return payouts
        }
    }

    package func audit(
        after: AccountKey?, limit: Int
    ) async throws(StoreError) -> LedgerAudit {
        try await read { try AccountTable.audit(after: after, limit: limit, $0) }
    }

    package func ping() async throws(StoreError) {
        _ = try await write { try Int.fetchOne($0, sql: "SELECT 1") }
    }

    package func close() async {
        try? pool.close()
    }
}

extension StoreError {
    /// What a failure of SQLite means for the ledger.
    ///
    /// - Parameter isCommit: whether a transaction that writes was under way. SQLite reports a
    ///   failed commit only after rolling it back, so nothing is left in doubt.
    init(_ error: any Error, isCommit: Bool) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.unavailable, "\(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH:
            self.init(.rejected, "\(error)")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.corrupt, "\(error)")
        default:
            self.init(.unavailable, "\(error)")
        }
    }
}
