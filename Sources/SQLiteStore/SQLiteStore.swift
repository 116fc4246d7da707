// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Dispatch
import GRDB
package import Ledger
import Synchronization
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
    /// The pages the writer keeps in memory: those its accounts' rows lie on, which are many.
    private static let writerCacheKiB = 16 * 1024
    /// Pages of the write-ahead log between checkpoints. A page that is written often is copied to
    /// the file once for each.
    private static let checkpointPages = 8 * 1024

    /// Bytes written to see whether a file that failed can be written again: more than a batch.
    private static let probeBytes = 512 << 10

    /// A program that has used SQLite before goes on with its memory counted.
    private static let countsNoMemory = teller_sqlite_count_no_memory() == SQLITE_OK

    let pool: DatabasePool
    /// nil once the store is closed.
    private let writer: Mutex<LedgerWriter?>
    private let condition = FileCondition()
    let outcomeLifeMilliseconds: Int64
    /// Where the chain's transactions wait for their turn.
    private let thread = DispatchQueue(label: "teller.sqlite.chain")

    /// Opens or makes the file and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - path: the file, in a folder that exists.
    ///   - outcomeLifeMilliseconds: how long a key's first outcome is replayed.
    ///   - lookUpsAfterReplay: how many batches look their keys up first after one that was known.
    package init(
        path: String, outcomeLifeMilliseconds: Int64, lookUpsAfterReplay: Int = 64
    ) throws(StoreError) {
        self.outcomeLifeMilliseconds = outcomeLifeMilliseconds
        var configuration = Configuration()
        configuration.label = "teller.sqlite"
        configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
        configuration.maximumReaderCount = Self.readersMax
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        try FileCondition.checkLength(of: path)
        _ = Self.countsNoMemory
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // The pool itself relaxes it when it turns the write-ahead log on.
            try pool.writeWithoutTransaction { database in
                try database.execute(
                    sql: """
                        PRAGMA synchronous = FULL;
                        PRAGMA cache_size = -\(Self.writerCacheKiB);
                        PRAGMA wal_autocheckpoint = \(Self.checkpointPages);
                        """)
            }
            try pool.write { try SchemaHistory.bringUpToDate($0) }
            writer = Mutex(
                try pool.writeWithoutTransaction {
                    try LedgerWriter($0, lookUpsAfterReplay: lookUpsAfterReplay)
                })
        } catch {
            let failure = StoreError(error, isCommit: false)
            throw StoreError(failure.code, "\(path): \(failure.detail)")
        }
    }

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.read(query)
        } catch {
            throw condition.note(error, isCommit: false)
        }
    }

    func write<Value: Sendable>(
        _ change: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.write(change)
        } catch {
            throw condition.note(error, isCommit: true)
        }
    }

    /// Decides and writes in one transaction that has SQLite's write lock from the start. It blocks.
    ///
    /// - Parameters:
    ///   - find: looks for what is not the ledger's, and says what of the ledger is needed.
    ///   - body: decides on what was found, and writes what is not the ledger's.
    private func transact<Found, Answer>(
        finding find: (Database) throws -> (Found, BatchNeeds),
        _ body: (Found, BatchSnapshot, Database, LedgerWriter) throws -> ChainPlan<Answer>
    ) throws(StoreError) -> Answer {
        try condition.check()
        guard let writer = writer.withLock({ $0 }) else {
            throw StoreError(.unavailable, "the store is closed")
        }
        do {
            let plan = try pool.writeWithoutTransaction { database in
                func run(lookingUp looksUp: Bool) throws -> ChainPlan<Answer>? {
                    var plan: ChainPlan<Answer>?
                    try database.inTransaction(.immediate) {
                        let (found, needs) = try find(database)
                        let snapshot = try writer.load(needs, lookingUp: looksUp, database)
                        let decided = try body(found, snapshot, database, writer)
                        plan = decided
                        guard case .write(let writes, _) = decided else { return .rollback }
                        try writer.write(writes)
                        return .commit
                    }
                    return plan
                }
                var plan: ChainPlan<Answer>?
                do {
                    // On a full disk replays are answered, and would be refused if they were written.
                    plan = try run(lookingUp: condition.isFailing)
                } catch is LedgerWriter.KeyIsKnown {
                    plan = try run(lookingUp: true)
                }
                if case .write = plan { writer.committed() }
                return plan
            }
            switch plan {
            case .write(_, let answer):
                condition.wrote()
                return answer
            case .refuse(let answer): return answer
            case nil: throw StoreError(.unavailable, "the transaction was not run")
            }
        } catch {
            throw condition.note(error, isCommit: true)
        }
    }

    /// The same on a thread of the store's own, whatever becomes of the caller's task.
    func transact<Answer: Sendable>(
        beside needs: BatchNeeds,
        _ body: @escaping @Sendable (BatchSnapshot, Database) throws -> ChainPlan<Answer>
    ) async throws(StoreError) -> Answer {
        try await transact(finding: { _ in ((), needs) }) { _, batch, database in
            try body(batch, database)
        }
    }

    func transact<Found, Answer: Sendable>(
        finding find: @escaping @Sendable (Database) throws -> (Found, BatchNeeds),
        _ body: @escaping @Sendable (Found, BatchSnapshot, Database) throws -> ChainPlan<Answer>
    ) async throws(StoreError) -> Answer {
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            thread.async {
                do throws(StoreError) {
                    let answer = try self.transact(finding: find) { found, batch, database, _ in
                        try body(found, batch, database)
                    }
                    continuation.resume(returning: .success(answer))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

extension SQLiteStore: LedgerStore {
    /// Large batches share pages, and no other process waits for them as PostgreSQL's would.
    package var batchCommandsMax: Int { 2_000 }

    package func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome] {
        let needs = BatchNeeds(commands)
        return try transact(finding: { _ in ((), needs) }) { _, snapshot, _, writer in
            let plan = BatchPlan(
                commands, on: snapshot, at: now, outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            try writer.expectNew(plan.keysOfRefused(commands))
            return plan.writes.isEmpty
                ? .refuse(plan.outcomes) : .write(plan.writes, plan.outcomes)
        }
    }

    package func account(_ key: AccountKey) async throws(StoreError) -> Ledger.Account? {
        try await read { try BalanceTable.find(key, $0)?.account(key) }
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
        try await read { try BalanceTable.audit(after: after, limit: limit, $0) }
    }

    package func totals() async throws(StoreError) -> LedgerTotals {
        try await read { database in
            var totals = LedgerTotals()
            (totals.available, totals.held) = try BalanceTable.sums(database)
            totals.heldByDeals = try DealTable.reserved(database)
            totals.unsettled = try WithdrawalTable.unsettled(database)
            totals.dealsSetAside = try DealTable.countSetAside(database)
            (totals.operationsUnknown, totals.oldestUnknown) = try MarketTable.unknown(database)
            return totals
        }
    }

    package func ping() async throws(StoreError) {
        try condition.check()
        guard condition.isFailing else {
            _ = try await write { try Int.fetchOne($0, sql: "SELECT 1") }
            return
        }
        // A sign of life writes nothing; only a write that needs space shows that there is some.
        try await write { database in
            try database.execute(sql: "CREATE TABLE space_probe (bytes BLOB)")
            try database.execute(
                sql: "INSERT INTO space_probe VALUES (zeroblob(?))", arguments: [Self.probeBytes])
            try database.execute(sql: "DROP TABLE space_probe")
        }
        condition.wrote()
    }

    package func close() async {
        // The last connection to go empties the log into the file and removes it, so that a ledger
        // at rest is one file; that must be the one that may write.
        writer.withLock { $0 = nil }
        pool.invalidateReadOnlyConnections()
        try? pool.close()
    }
}

extension StoreError {
    /// What a failure of SQLite means for the ledger.
    ///
    /// - Parameter isCommit: whether a transaction that writes was under way. SQLite reports a
    ///   failed commit only after rolling it back, so nothing is left in doubt; but when the log
    ///   could not be written or fsynced, a complete transaction may stand in it, and it would
    ///   count after a crash. A full disk leaves none: its last frame is missing.
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
        case .SQLITE_IOERR where isCommit:
            self.init(.outcomeUnknown, "\(error)")
        default:
            self.init(.unavailable, "\(error)")
        }
    }
}
