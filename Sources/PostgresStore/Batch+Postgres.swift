// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// The rows of a batch, as parameters and results.

/// The rows a batch is planned on.
struct LoadedBatch {
    fileprivate(set) var snapshot = BatchSnapshot()
    /// The numbers by which the tables know the batch's accounts.
    fileprivate var numbers: [AccountKey: Int64] = [:]
    /// The rows of what was asked beside the batch's needs, in order.
    fileprivate(set) var beside: [ResultRows] = []

    /// Every account read.
    var accounts: some Sequence<AccountKey> { numbers.keys }

    fileprivate mutating func add(_ row: AccountCache.Row) {
        numbers[row.account.key] = row.number
        // An account without entries was opened for this batch; for the plan it comes into being
        // with its first entry.
        if row.account.lastSequence > 0 { snapshot.accounts[row.account.key] = row.account }
    }
}

extension Connection {
    /// Reads what the batch needs without locking it: what the connection remembers of accounts,
    /// and one round trip for the rest, if any. Keys are taken to be new, and leases to be held.
    ///
    /// - Returns: nil when the batch may need accounts that must be opened first.
    mutating func glance(at needs: BatchNeeds) throws(StoreError) -> LoadedBatch? {
        var loaded = LoadedBatch()
        var unknown: [AccountKey] = []
        for key in needs.accounts {
            if let row = accounts[key] { loaded.add(row) } else { unknown.append(key) }
        }
        for fence in needs.fences { loaded.snapshot.epochs[fence.lease] = fence.epoch }
        let isAllOpen = needs.accountsToOpen.allSatisfy { loaded.numbers[$0] != nil }
        guard isAllOpen else { return nil }
        if needs.withdrawals.isEmpty, unknown.isEmpty { return loaded }
        var ids = Parameters()
        ids.uuids(needs.withdrawals) { $0 }
        if !needs.withdrawals.isEmpty { try send(BatchStatements.readWithdrawals, ids) }
        var names = Parameters()
        names.names(unknown)
        if !unknown.isEmpty { try send(BatchStatements.readAccounts, names) }
        var results = try finish()[...]
        if !needs.withdrawals.isEmpty, let rows = results.popFirst() {
            try loaded.add(withdrawals: rows)
        }
        for row in try results.popFirst()?.cachedAccounts() ?? [] { loaded.add(row) }
        return loaded
    }

    /// Begins the batch's transaction, locks what it needs in the order of `BatchNeeds`, and reads
    /// it, in one round trip.
    ///
    /// - Parameter queries: run when the leases are locked and nothing else is.
    mutating func lock(
        _ needs: BatchNeeds, at now: Timestamp, beside queries: [Query] = []
    ) throws(StoreError) -> LoadedBatch {
        try send(BatchStatements.begin)
        if !needs.fences.isEmpty {
            var names = Parameters()
            names.texts(needs.fences) { $0.lease }
            try send(BatchStatements.lockLeases, names)
        }
        for query in queries { try send(query.statement, query.parameters) }
        if !needs.accountsToOpen.isEmpty {
            var opened = Parameters()
            opened.names(needs.accountsToOpen.sorted())
            opened.int64(now.unixMilliseconds)
            try send(BatchStatements.openAccounts, opened)
        }
        var ids = Parameters()
        ids.uuids(needs.withdrawals) { $0 }
        if !needs.withdrawals.isEmpty { try send(BatchStatements.lockWithdrawals, ids) }
        var accounts = Parameters()
        accounts.names(needs.accounts.sorted())
        if !needs.accounts.isEmpty { try send(BatchStatements.lockAccounts, accounts) }
        let withdrawalKeys = needs.keys.filter { $0.method == .withdrawCreate }
        let creditKeys = needs.keys.filter { $0.method == .accountCredit }
        try send(BatchStatements.findWithdrawalKeys, keys: withdrawalKeys)
        try send(BatchStatements.findCreditKeys, keys: creditKeys)
        var results = try finish().dropFirst()
        var loaded = LoadedBatch()
        if !needs.fences.isEmpty, let rows = results.popFirst() {
            for row in 0..<rows.count {
                loaded.snapshot.epochs[try rows.text(row, 0)] = try rows.int64(row, 1)
            }
        }
        loaded.beside = Array(results.prefix(queries.count))
        results = results.dropFirst(queries.count)
        if !needs.accountsToOpen.isEmpty { _ = results.popFirst() }
        if !needs.withdrawals.isEmpty, let rows = results.popFirst() {
            try loaded.add(withdrawals: rows)
        }
        if !needs.accounts.isEmpty, let rows = results.popFirst() {
            for row in try rows.cachedAccounts() { loaded.add(row) }
        }
        if !withdrawalKeys.isEmpty, let rows = results.popFirst() {
            try loaded.snapshot.add(withdrawalKeys: rows)
        }
        if !creditKeys.isEmpty, let rows = results.popFirst() {
            try loaded.snapshot.add(creditKeys: rows)
        }
        return loaded
    }

    /// Locks accounts, and those to be opened, in a transaction that `lock` has begun without any.
    mutating func lock(
        _ accounts: [AccountKey], opening opened: [AccountKey], at now: Timestamp,
        into loaded: inout LoadedBatch
    ) throws(StoreError) {
        if !opened.isEmpty {
            var names = Parameters()
            names.names(opened.sorted())
            names.int64(now.unixMilliseconds)
            try send(BatchStatements.openAccounts, names)
        }
        var names = Parameters()
        names.names(accounts.sorted())
        try send(BatchStatements.lockAccounts, names)
        let results = try finish()
        for row in try results.last?.cachedAccounts() ?? [] { loaded.add(row) }
    }

    private mutating func send(
        _ statement: Statement, keys: [KeyScope]
    ) throws(StoreError) {
        guard !keys.isEmpty else { return }
        var rows = Parameters()
        rows.names(keys.map(\.account))
        rows.texts(keys) { $0.key.text }
        try send(statement, rows)
    }

    /// Writes what was planned on `loaded`, and commits: one round trip. Rows are locked, and must
    /// not have moved, in the same order as by `lock`.
    ///
    /// - Parameters:
    ///   - unconfirmed: what `loaded` leans on without a lock; nil when `lock` has begun the
    ///     transaction.
    ///   - queries: run before the batch's rows are written.
    mutating func store(
        _ writes: BatchWrites, on loaded: LoadedBatch, unconfirmed: BatchNeeds?,
        beside queries: [Query] = []
    ) throws(StoreError) {
        if let unconfirmed {
            try send(BatchStatements.begin)
            try confirm(unconfirmed.fences)
        }
        for query in queries { try send(query.statement, query.parameters) }
        if !writes.changedWithdrawals.isEmpty {
            try send(BatchStatements.updateWithdrawals, writes.changedWithdrawalRows(loaded))
        }
        if !writes.accounts.isEmpty {
            try send(BatchStatements.updateAccounts, writes.accountRows(loaded))
        }
        if !writes.creditKeys.isEmpty {
            try send(BatchStatements.insertCreditKeys, writes.creditKeyRows(loaded))
        }
        if !writes.entries.isEmpty {
            try send(BatchStatements.insertEntries, writes.entryRows(loaded))
        }
        if !writes.newWithdrawals.isEmpty {
            try send(BatchStatements.insertWithdrawals, writes.newWithdrawalRows(loaded))
        }
        if !writes.events.isEmpty { try send(BatchStatements.insertEvents, writes.eventRows) }
        if !writes.payouts.isEmpty { try send(BatchStatements.insertPayouts, writes.payoutRows) }
        try send(BatchStatements.commit)
        _ = try finish()
    }

    /// Remembers the accounts of a batch that has been committed.
    mutating func remember(_ writes: BatchWrites, on loaded: LoadedBatch) {
        for row in writes.accountRows(on: loaded) { accounts.insert(row) }
    }

    private mutating func confirm(_ fences: [Fence]) throws(StoreError) {
        guard !fences.isEmpty else { return }
        var held = Parameters()
        held.texts(fences) { $0.lease }
        held.int64s(fences) { $0.epoch }
        try send(BatchStatements.confirmLeases, held)
    }

    mutating func rollBack() throws(StoreError) {
        try send(BatchStatements.rollback)
        _ = try finish()
    }
}

extension LoadedBatch {
    fileprivate mutating func add(withdrawals rows: ResultRows) throws(StoreError) {
        for withdrawal in try rows.withdrawals() {
            snapshot.withdrawals[withdrawal.id] = withdrawal
        }
    }
}

extension ResultRows {
    fileprivate func cachedAccounts() throws(StoreError) -> [AccountCache.Row] {
        var rows: [AccountCache.Row] = []
        for (row, account) in try accounts().enumerated() {
            rows.append(AccountCache.Row(number: try int64(row, 7), account: account))
        }
        return rows
    }
}

extension BatchSnapshot {
    fileprivate mutating func add(withdrawalKeys rows: ResultRows) throws(StoreError) {
        for (row, withdrawal) in try rows.withdrawals().enumerated() {
            let record = try rows.withdrawalKey(row, of: withdrawal)
            keys[record.scope] = record
            if withdrawals[withdrawal.id] == nil { withdrawals[withdrawal.id] = withdrawal }
        }
    }

    fileprivate mutating func add(creditKeys rows: ResultRows) throws(StoreError) {
        for (row, entry) in try rows.entries().enumerated() {
            let record = try rows.creditKey(row, of: entry)
            keys[record.scope] = record
            entries[record.scope] = entry
        }
    }
}

extension Parameters {
    /// Two parameters: the tenants and the accounts.
    mutating func names(_ keys: [AccountKey]) {
        texts(keys) { $0.tenant.text }
        texts(keys) { $0.account.text }
    }
}

extension BatchWrites {
    /// The accounts as they are once this has been committed.
    func accountRows(on loaded: LoadedBatch) -> [AccountCache.Row] {
        accounts.compactMap { account in
            loaded.numbers[account.key].map { AccountCache.Row(number: $0, account: account) }
        }
    }

    fileprivate func accountRows(_ loaded: LoadedBatch) -> Parameters {
        var rows = Parameters()
        let order = accounts.indices.sorted { accounts[$0].key < accounts[$1].key }
        rows.int64s(order) { loaded.numbers[accounts[$0].key] }
        rows.int64s(order) { loaded.snapshot.accounts[accounts[$0].key]?.lastSequence ?? 0 }
        rows.int64s(order) { accounts[$0].available.rawValue }
        rows.int64s(order) { accounts[$0].held.rawValue }
        rows.int64s(order) { accounts[$0].lastSequence }
        rows.int64s(order) { accounts[$0].updatedAt.unixMilliseconds }
        return rows
    }

    fileprivate func entryRows(_ loaded: LoadedBatch) -> Parameters {
        var rows = Parameters()
        rows.int64s(entries) { loaded.numbers[$0.account] }
        rows.int64s(entries) { $0.sequence }
        rows.texts(entries) { $0.kind.rawValue }
        rows.int64s(entries) { $0.availableDelta }
        rows.int64s(entries) { $0.heldDelta }
        rows.int64s(entries) { $0.available.rawValue }
        rows.int64s(entries) { $0.held.rawValue }
        rows.uuids(entries) { $0.withdrawalID }
        rows.texts(entries) { $0.reference }
        rows.int64s(entries) { $0.at.unixMilliseconds }
        return rows
    }

    fileprivate func newWithdrawalRows(_ loaded: LoadedBatch) -> Parameters {
        var rows = Parameters()
        rows.uuids(newWithdrawals) { $0.withdrawal.id }
        rows.int64s(newWithdrawals) { loaded.numbers[$0.withdrawal.account] }
        rows.int64s(newWithdrawals) { $0.holdSequence }
        rows.int64s(newWithdrawals) { $0.withdrawal.amount.rawValue }
        rows.int64s(newWithdrawals) { $0.withdrawal.fee.rawValue }
        rows.texts(newWithdrawals) { $0.withdrawal.destination.rawAddress }
        rows.bools(newWithdrawals) { $0.withdrawal.destination.isBounceable }
        rows.texts(newWithdrawals) { $0.withdrawal.comment }
        rows.texts(newWithdrawals) { $0.withdrawal.state.rawValue }
        rows.int64s(newWithdrawals) { $0.withdrawal.version }
        rows.int64s(newWithdrawals) { $0.withdrawal.createdAt.unixMilliseconds }
        rows.int64s(newWithdrawals) { $0.withdrawal.updatedAt.unixMilliseconds }
        rows.texts(newWithdrawals) { $0.withdrawal.transactionHash }
        rows.texts(newWithdrawals) { $0.withdrawal.failureReason }
        rows.texts(newWithdrawals) { $0.key?.scope.key.text }
        rows.int64s(newWithdrawals) { $0.key?.expiresAt.unixMilliseconds }
        return rows
    }

    fileprivate func changedWithdrawalRows(_ loaded: LoadedBatch) -> Parameters {
        var rows = Parameters()
        let changedWithdrawals = changedWithdrawals.sorted { $0.id < $1.id }
        rows.uuids(changedWithdrawals) { $0.id }
        rows.int64s(changedWithdrawals) { loaded.snapshot.withdrawals[$0.id]?.version }
        rows.texts(changedWithdrawals) { $0.state.rawValue }
        rows.int64s(changedWithdrawals) { $0.version }
        rows.int64s(changedWithdrawals) { $0.updatedAt.unixMilliseconds }
        rows.texts(changedWithdrawals) { $0.transactionHash }
        rows.texts(changedWithdrawals) { $0.failureReason }
        return rows
    }

    fileprivate var eventRows: Parameters {
        var rows = Parameters()
        rows.uuids(events) { $0.withdrawalID }
        rows.int64s(events) { $0.sequence }
        rows.texts(events) { $0.state.rawValue }
        rows.int64s(events) { $0.at.unixMilliseconds }
        rows.texts(events) { $0.detail }
        return rows
    }

    fileprivate func creditKeyRows(_ loaded: LoadedBatch) -> Parameters {
        var rows = Parameters()
        rows.int64s(creditKeys) { loaded.numbers[$0.scope.account] }
        rows.texts(creditKeys) { $0.scope.key.text }
        rows.blobs(creditKeys) { $0.entry?.fingerprint.bytes }
        rows.int64s(creditKeys) { $0.entry?.sequence }
        rows.int64s(creditKeys) { $0.firstSeenAt.unixMilliseconds }
        rows.int64s(creditKeys) { $0.expiresAt.unixMilliseconds }
        return rows
    }

    fileprivate var payoutRows: Parameters {
        var rows = Parameters()
        rows.uuids(payouts) { $0.payout.withdrawalID }
        rows.int64s(payouts) { $0.payout.createdAt.unixMilliseconds }
        rows.texts(payouts) { $0.payout.gateway }
        rows.texts(payouts) { $0.payout.reference }
        rows.blobs(payouts) { $0.payout.payload }
        rows.int64s(payouts) { $0.sequence }
        return rows
    }
}
