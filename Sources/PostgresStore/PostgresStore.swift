// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
import Synchronization
package import TellerProtocol

/// The ledger in PostgreSQL: for production, with many Teller instances on one database.
///
/// A connection that writes takes one round trip for a batch whose accounts it remembers: the plan
/// is written on condition that no row has moved and no key is known. Where that fails, two: lock
/// and read, then write and commit. Rows are locked in one order, so writers never deadlock. Other
/// connections read.
package final class PostgresStore: Sendable {
    /// How often a batch that lost against another transaction is done again.
    static let transientRetriesMax = 5

    /// How many batches are done under locks at once after one that was planned without them was
    /// refused: another instance is at work on the same accounts, or keys are being replayed.
    package static let lockedBatchesAfterConflict = 64

    /// A connection that writes, one batch at a time.
    private final class Writer: Sendable {
        let number: Int
        let session: Mutex<Session>
        let lockedBatchesToCome = Atomic<Int>(0)
        let isBusy = Atomic<Bool>(false)
        /// Whether the last batch left a connection.
        let isConnected = Atomic<Bool>(false)

        init(_ number: Int, _ connectionString: String, planLife: Duration) {
            self.number = number
            session = Mutex(
                Session(connectionString, statements: BatchStatements.all, planLife: planLife))
        }
    }

    private let writers: [Writer]
    /// What the transactions of deals do to the accounts that writers remember.
    let news: AccountNews
    let readers: ConnectionPool
    /// For leases alone: a renewal must not wait for anything else.
    let leases: ConnectionPool
    /// For what is written beside the ledger.
    let records: ConnectionPool
    /// For the transactions of what is kept of the chain, which take their turns.
    let chain: ConnectionPool
    /// For the transactions of auctions, presales and operations at marketplaces.
    let deals: ConnectionPool
    private let lockedBatchesAfterConflict: Int
    let outcomeLifeMilliseconds: Int64
    private let logger: Logger

    /// Connects and brings the schema up to date; several instances may do so at once.
    ///
    /// - Parameters:
    ///   - connectionString: as libpq takes it: several hosts and `target_session_attrs` too.
    ///   - writers: connections for writing, each with batches of its own.
    ///   - readers: connections for reading.
    ///   - planLife: how long a statement's plan is used; see `PlanAge`.
    ///   - lockedBatchesAfterConflict: how many batches go under locks at once after a conflict.
    package init(
        connectionString: String, outcomeLifeMilliseconds: Int64, writers: Int = 2, readers: Int,
        planLife: Duration = .seconds(10),
        lockedBatchesAfterConflict: Int = PostgresStore.lockedBatchesAfterConflict, logger: Logger
    ) throws(StoreError) {
        try Schema.bringUpToDate(connectionString)
        self.writers = (0..<writers).map { Writer($0, connectionString, planLife: planLife) }
        news = AccountNews(writers: writers)
        self.readers = ConnectionPool(
            "reader", count: readers, connectionString: connectionString,
            statements: ReadStatements.all + RecordStatements.reads + ChainStatements.reads
                + DealStatements.reads + MarketStatements.reads,
            planLife: planLife)
        leases = ConnectionPool(
            "leases", count: 1, connectionString: connectionString,
            statements: LeaseStatements.all, planLife: planLife, limits: .brief)
        records = ConnectionPool(
            "records", count: 1, connectionString: connectionString,
            statements: RecordStatements.writes, planLife: planLife)
        chain = ConnectionPool(
            "chain", count: 1, connectionString: connectionString,
            statements: BatchStatements.all + ChainStatements.writes, planLife: planLife)
        deals = ConnectionPool(
            "deals", count: 2, connectionString: connectionString,
            statements: BatchStatements.all + DealStatements.writes + MarketStatements.writes,
            planLife: planLife)
        self.lockedBatchesAfterConflict = lockedBatchesAfterConflict
        self.outcomeLifeMilliseconds = outcomeLifeMilliseconds
        self.logger = logger
    }

    /// Plans the batch on what is known and on plain reads, and lets the database refuse the plan
    /// when any of it has moved since.
    ///
    /// - Returns: nil when the batch must be done under locks: the plan was refused, or it refuses
    ///   a command, which what is remembered may not.
    private func commitAtAGlance(
        _ commands: [LedgerCommand], _ needs: BatchNeeds, at now: Timestamp, by writer: Writer
    ) throws(StoreError) -> [LedgerOutcome]? {
        try writer.session.withLock { session throws(StoreError) in
            try session.run { connection throws(StoreError) in
                for row in news.read(writer: writer.number) { connection.accounts.update(row) }
                guard let loaded = try connection.glance(at: needs) else { return nil }
                let plan = plan(commands, on: loaded, at: now)
                guard plan.acceptsAll else { return nil }
                do throws(StoreError) {
                    try Self.store(plan.writes, on: loaded, unconfirmed: needs, &connection)
                    return plan.outcomes
                } catch {
                    for key in loaded.accounts { connection.accounts.remove(key) }
                    try? connection.rollBack()
                    guard error.isTransient || error.code == .rejected else { throw error }
                    // Of what this process does, the writers know enough to go on.
                    if !news.concerns(anyOf: needs.accounts, writer: writer.number) {
                        writer.lockedBatchesToCome.store(
                            lockedBatchesAfterConflict, ordering: .relaxed)
                    }
                    return nil
                }
            }
        }
    }

    private func commitUnderLocks(
        _ commands: [LedgerCommand], _ needs: BatchNeeds, at now: Timestamp, by writer: Writer
    ) throws(StoreError) -> [LedgerOutcome] {
        try writer.session.withLock { session throws(StoreError) in
            try session.run { connection throws(StoreError) in
                do throws(StoreError) {
                    let loaded = try connection.lock(needs, at: now)
                    let plan = plan(commands, on: loaded, at: now)
                    guard !plan.writes.isEmpty else {
                        try connection.rollBack()
                        return plan.outcomes
                    }
                    try Self.store(plan.writes, on: loaded, unconfirmed: nil, &connection)
                    return plan.outcomes
                } catch {
                    // On a lost connection this fails too, and the server rolls back by itself.
                    try? connection.rollBack()
                    throw error
                }
            }
        }
    }

    private func plan(
        _ commands: [LedgerCommand], on loaded: LoadedBatch, at now: Timestamp
    ) -> BatchPlan {
        BatchPlan(
            commands, on: loaded.snapshot, at: now,
            outcomeLifeMilliseconds: outcomeLifeMilliseconds)
    }

    private static func store(
        _ writes: BatchWrites, on loaded: LoadedBatch, unconfirmed: BatchNeeds?,
        _ connection: inout Connection
    ) throws(StoreError) {
        do throws(StoreError) {
            try connection.store(writes, on: loaded, unconfirmed: unconfirmed)
            connection.remember(writes, on: loaded)
        } catch {
            throw connection.isAlive ? error : error.duringCommit
        }
    }
}

extension StoreError {
    /// Whether the transaction lost against another one and may simply be done again.
    var isTransient: Bool {
        detail.hasPrefix("40001") || detail.hasPrefix("40P01")
    }

    /// What it means when COMMIT had been sent on a connection that is lost now: with the answer
    /// missing, the transaction may be there or not.
    var duringCommit: StoreError {
        guard code == .unavailable, !isTransient else { return self }
        return StoreError(.outcomeUnknown, detail)
    }
}

extension PostgresStore: LedgerStore {
    package var lanes: Int { writers.count }

    package func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome] {
        let writer = writers[lane]
        writer.isBusy.store(true, ordering: .relaxed)
        defer { writer.isBusy.store(false, ordering: .relaxed) }
        do throws(StoreError) {
            let outcomes = try commit(commands, at: now, by: writer)
            writer.isConnected.store(true, ordering: .relaxed)
            return outcomes
        } catch {
            writer.isConnected.store(error.code == .rejected, ordering: .relaxed)
            throw error
        }
    }

    private func commit(
        _ commands: [LedgerCommand], at now: Timestamp, by writer: Writer
    ) throws(StoreError) -> [LedgerOutcome] {
        let needs = BatchNeeds(commands)
        // A count that two threads lower at once only makes a few batches more or fewer careful.
        let lockedToCome = writer.lockedBatchesToCome.load(ordering: .relaxed)
        if lockedToCome > 0 {
            writer.lockedBatchesToCome.store(lockedToCome - 1, ordering: .relaxed)
        }
        var mayGlance = lockedToCome == 0 && !news.isChanging(anyOf: needs.accounts)
        var retries = 0
        var hasReconnected = false
        while true {
            do throws(StoreError) {
                if mayGlance,
                    let outcomes = try commitAtAGlance(commands, needs, at: now, by: writer)
                {
                    return outcomes
                }
                mayGlance = false
                return try commitUnderLocks(commands, needs, at: now, by: writer)
            } catch {
                if error.isTransient, retries < Self.transientRetriesMax {
                    retries += 1
                } else if error.code == .unavailable, !hasReconnected {
                    // Nothing was written; perhaps the server has only closed a connection that
                    // stood idle, and shows it now.
                    hasReconnected = true
                } else {
                    throw error
                }
            }
        }
    }

    package func account(_ key: AccountKey) async throws(StoreError) -> Ledger.Account? {
        try await readers.run(ReadStatements.account, named(key)) { rows throws(StoreError) in
            try rows.accounts().first
        }
    }

    package func entries(
        of key: AccountKey, before: Int64?, limit: Int
    ) async throws(StoreError) -> [Ledger.Entry] {
        var parameters = named(key)
        parameters.int64(before ?? .max)
        parameters.int64(Int64(limit))
        return try await readers.run(ReadStatements.entries, parameters) {
            rows throws(StoreError) in try rows.entries()
        }
    }

    package func withdrawal(_ id: WithdrawalID) async throws(StoreError) -> Ledger.Withdrawal? {
        var parameters = Parameters()
        parameters.uuid(id)
        return try await readers.run(ReadStatements.withdrawal, parameters) {
            rows throws(StoreError) in try rows.withdrawals().first
        }
    }

    package func withdrawals(
        of key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        var parameters = named(key)
        parameters.optionalUUID(before)
        parameters.optionalText(state?.rawValue)
        parameters.int64(Int64(limit))
        return try await readers.run(ReadStatements.withdrawalsOfAccount, parameters) {
            rows throws(StoreError) in try rows.withdrawals()
        }
    }

    package func events(
        of id: WithdrawalID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [Ledger.WithdrawalEvent] {
        var parameters = Parameters()
        parameters.uuid(id)
        parameters.int64(sequence)
        parameters.int64(Int64(limit))
        return try await readers.run(ReadStatements.events, parameters) {
            rows throws(StoreError) in try rows.events(of: id)
        }
    }

    package func withdrawals(
        in state: WithdrawalState, unchangedSince until: Timestamp, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        var parameters = Parameters()
        parameters.text(state.rawValue)
        parameters.int64(until.unixMilliseconds)
        parameters.int64(Int64(limit))
        return try await readers.run(ReadStatements.queue, parameters) {
            rows throws(StoreError) in try rows.withdrawals()
        }
    }

    package func payouts(
        of ids: [WithdrawalID]
    ) async throws(StoreError) -> [WithdrawalID: Payout] {
        var parameters = Parameters()
        parameters.uuids(ids) { $0 }
        return try await readers.run(ReadStatements.payouts, parameters) {
            rows throws(StoreError) in try rows.payouts()
        }
    }

    package func audit(
        after: AccountKey?, limit: Int
    ) async throws(StoreError) -> LedgerAudit {
        var parameters = Parameters()
        parameters.text(after?.tenant.text ?? "")
        parameters.text(after?.account.text ?? "")
        parameters.int64(Int64(limit))
        return try await readers.run(ReadStatements.audit, parameters) {
            rows throws(StoreError) in try rows.audit(limit: limit)
        }
    }

    package func totals() async throws(StoreError) -> LedgerTotals {
        try await readers.run(ReadStatements.totals) { rows throws(StoreError) in
            try rows.totals()
        }
    }

    package func ping() async throws(StoreError) {
        let isWritable = try await readers.run(ReadStatements.ping) {
            rows throws(StoreError) in rows.count == 1
        }
        guard isWritable else {
            throw StoreError(.unavailable, "the server is a standby and takes no writes")
        }
    }

    /// How the connections are at the moment, by pool.
    package var poolUsage: [PoolUsage] {
        var writing = PoolUsage(pool: "writer")
        for writer in writers {
            writing.add(
                isConnected: writer.isConnected.load(ordering: .relaxed),
                isBusy: writer.isBusy.load(ordering: .relaxed))
        }
        return [writing, readers.usage, leases.usage, records.usage, chain.usage, deals.usage]
    }

    package func close() async {
        readers.close()
        leases.close()
        records.close()
        chain.close()
        deals.close()
        for writer in writers { writer.session.withLock { $0.close() } }
    }

    private func named(_ key: AccountKey) -> Parameters {
        var parameters = Parameters()
        parameters.text(key.tenant.text)
        parameters.text(key.account.text)
        return parameters
    }
}
