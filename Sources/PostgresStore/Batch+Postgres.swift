// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// The rows of a batch, as parameters and results.

extension Connection {
    /// Begins the batch's transaction, locks what it needs in the order of `BatchNeeds`, and reads
    /// it: one round trip, or two when keys are known already.
    mutating func load(
        _ needs: BatchNeeds, at now: Timestamp
    ) throws(StoreError) -> BatchSnapshot {
        try send(BatchStatements.begin)
        if !needs.accountsToOpen.isEmpty {
            var opened = Parameters()
            opened.names(needs.accountsToOpen)
            opened.int64(now.unixMilliseconds)
            try send(BatchStatements.openAccounts, opened)
        }
        var ids = Parameters()
        ids.uuids(needs.withdrawals) { $0 }
        if !needs.withdrawals.isEmpty { try send(BatchStatements.lockWithdrawals, ids) }
        var accounts = Parameters()
        accounts.names(needs.accounts)
        if needs.withdrawals.isEmpty {
            try send(BatchStatements.lockAccounts, accounts)
        } else {
            accounts.uuids(needs.withdrawals) { $0 }
            try send(BatchStatements.lockAllAccounts, accounts)
        }
        var keys = Parameters()
        if !needs.keys.isEmpty {
            keys.names(needs.keys.map(\.account))
            keys.int64s(needs.keys) { Int64($0.method.rawValue) }
            keys.texts(needs.keys) { $0.key.text }
            try send(BatchStatements.findKeys, keys)
        }
        var results = try finish().dropFirst(needs.accountsToOpen.isEmpty ? 1 : 2)
        var snapshot = BatchSnapshot()
        if !needs.withdrawals.isEmpty, let rows = results.popFirst() {
            for withdrawal in try rows.withdrawals() {
                snapshot.withdrawals[withdrawal.id] = withdrawal
            }
        }
        if let rows = results.popFirst() {
            // An account without entries was opened for this batch; for the plan it comes into
            // being with its first entry.
            for account in try rows.accounts() where account.lastSequence > 0 {
                snapshot.accounts[account.key] = account
            }
        }
        // Keys are mostly new; what known ones stand for is worth a round trip of its own.
        if let rows = results.popFirst(), rows.count > 0 {
            try send(BatchStatements.findKeyWithdrawals, keys)
            try send(BatchStatements.findKeyEntries, keys)
            let found = try finish()
            try snapshot.add(keys: rows, withdrawals: found[0], entries: found[1])
        }
        return snapshot
    }

    /// Writes the batch and commits: one round trip.
    mutating func store(_ writes: BatchWrites) throws(StoreError) {
        if !writes.accounts.isEmpty { try send(BatchStatements.updateAccounts, writes.accountRows) }
        if !writes.entries.isEmpty { try send(BatchStatements.insertEntries, writes.entryRows) }
        if !writes.newWithdrawals.isEmpty {
            try send(BatchStatements.insertWithdrawals, writes.newWithdrawalRows)
        }
        if !writes.changedWithdrawals.isEmpty {
            try send(BatchStatements.updateWithdrawals, writes.changedWithdrawalRows)
        }
        if !writes.events.isEmpty { try send(BatchStatements.insertEvents, writes.eventRows) }
        if !writes.openedHolds.isEmpty {
            try send(BatchStatements.openHolds, writes.openedHoldRows)
        }
        if !writes.endedHolds.isEmpty { try send(BatchStatements.endHolds, writes.endedHoldRows) }
        if !writes.keys.isEmpty { try send(BatchStatements.insertKeys, writes.keyRows) }
        if !writes.payouts.isEmpty { try send(BatchStatements.insertPayouts, writes.payoutRows) }
        try send(BatchStatements.commit)
        _ = try finish()
    }

    mutating func rollBack() throws(StoreError) {
        try send(BatchStatements.rollback)
        _ = try finish()
    }
}

extension BatchSnapshot {
    fileprivate mutating func add(
        keys rows: ResultRows, withdrawals: ResultRows, entries: ResultRows
    ) throws(StoreError) {
        for withdrawal in try withdrawals.withdrawals()
        where self.withdrawals[withdrawal.id] == nil {
            self.withdrawals[withdrawal.id] = withdrawal
        }
        let entriesByKey = Dictionary(
            try entries.entries().map { (EntryName($0.account, $0.sequence), $0) }
        ) { first, _ in first }
        for row in 0..<rows.count {
            let record = try rows.keyRecord(row)
            keys[record.scope] = record
            if case .entry(let sequence) = record.subject {
                self.entries[record.scope] =
                    entriesByKey[EntryName(record.scope.account, sequence)]
            }
        }
    }

    private struct EntryName: Hashable {
        let account: AccountKey
        let sequence: Int64

        init(_ account: AccountKey, _ sequence: Int64) {
            self.account = account
            self.sequence = sequence
        }
    }
}

extension Parameters {
    /// Two parameters: the tenants and the accounts.
    mutating func names(_ keys: some Collection<AccountKey>) {
        texts(keys) { $0.tenant.text }
        texts(keys) { $0.account.text }
    }
}

extension BatchWrites {
    fileprivate var accountRows: Parameters {
        var rows = Parameters()
        rows.names(accounts.map(\.key))
        rows.int64s(accounts) { $0.available.rawValue }
        rows.int64s(accounts) { $0.held.rawValue }
        rows.int64s(accounts) { $0.lastSequence }
        rows.int64s(accounts) { $0.updatedAt.unixMilliseconds }
        return rows
    }

    fileprivate var entryRows: Parameters {
        var rows = Parameters()
        rows.names(entries.map(\.account))
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

    fileprivate var newWithdrawalRows: Parameters {
        var rows = Parameters()
        rows.uuids(newWithdrawals) { $0.id }
        rows.names(newWithdrawals.map(\.account))
        rows.int64s(newWithdrawals) { $0.amount.rawValue }
        rows.int64s(newWithdrawals) { $0.fee.rawValue }
        rows.texts(newWithdrawals) { $0.destination.rawAddress }
        rows.bools(newWithdrawals) { $0.destination.isBounceable }
        rows.texts(newWithdrawals) { $0.comment }
        rows.texts(newWithdrawals) { $0.state.rawValue }
        rows.int64s(newWithdrawals) { $0.version }
        rows.int64s(newWithdrawals) { $0.createdAt.unixMilliseconds }
        rows.int64s(newWithdrawals) { $0.updatedAt.unixMilliseconds }
        rows.texts(newWithdrawals) { $0.transactionHash }
        rows.texts(newWithdrawals) { $0.failureReason }
        return rows
    }

    fileprivate var changedWithdrawalRows: Parameters {
        var rows = Parameters()
        rows.uuids(changedWithdrawals) { $0.id }
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

    fileprivate var openedHoldRows: Parameters {
        var rows = Parameters()
        rows.uuids(openedHolds) { $0.id }
        rows.names(openedHolds.map(\.account))
        rows.int64s(openedHolds) { $0.amount.rawValue }
        rows.texts(openedHolds) { $0.state.rawValue }
        rows.int64s(openedHolds) { $0.at.unixMilliseconds }
        return rows
    }

    fileprivate var endedHoldRows: Parameters {
        var rows = Parameters()
        rows.uuids(endedHolds) { $0.id }
        rows.texts(endedHolds) { $0.state.rawValue }
        rows.int64s(endedHolds) { $0.at.unixMilliseconds }
        return rows
    }

    fileprivate var keyRows: Parameters {
        var rows = Parameters()
        rows.names(keys.map(\.scope.account))
        rows.int64s(keys) { Int64($0.scope.method.rawValue) }
        rows.texts(keys) { $0.scope.key.text }
        rows.blobs(keys) { $0.fingerprint.bytes }
        rows.uuids(keys) { record in
            if case .withdrawal(let id) = record.subject { id } else { nil }
        }
        rows.int64s(keys) { record in
            if case .entry(let sequence) = record.subject { sequence } else { nil }
        }
        rows.int64s(keys) { $0.firstSeenAt.unixMilliseconds }
        rows.int64s(keys) { $0.expiresAt.unixMilliseconds }
        return rows
    }

    fileprivate var payoutRows: Parameters {
        var rows = Parameters()
        rows.uuids(payouts) { $0.withdrawalID }
        rows.int64s(payouts) { $0.createdAt.unixMilliseconds }
        rows.texts(payouts) { $0.gateway }
        rows.texts(payouts) { $0.reference }
        rows.blobs(payouts) { $0.payload }
        return rows
    }
}
