// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization
import TellerProtocol

/// A ledger store in memory that fails where a test wants it to.
final class FaultyStore: LedgerStore {
    enum Fault {
        /// Nothing is written.
        case before
        /// It is written, but nobody is told.
        case after
    }

    private struct Rows {
        var accounts: [AccountKey: Ledger.Account] = [:]
        var entries: [AccountKey: [Ledger.Entry]] = [:]
        var withdrawals: [WithdrawalID: Ledger.Withdrawal] = [:]
        var events: [WithdrawalID: [Ledger.WithdrawalEvent]] = [:]
        var keys: [KeyScope: KeyRecord] = [:]
        var payouts: [WithdrawalID: [Payout]] = [:]
        var commits = 0
        var tampered: Set<AccountKey> = []
        var failure: StoreError?

        mutating func apply(_ writes: BatchWrites) {
            for account in writes.accounts { accounts[account.key] = account }
            for entry in writes.entries { entries[entry.account, default: []].append(entry) }
            for withdrawal in writes.newWithdrawals.map(\.withdrawal) + writes.changedWithdrawals {
                withdrawals[withdrawal.id] = withdrawal
            }
            for event in writes.events { events[event.withdrawalID, default: []].append(event) }
            for key in writes.creditKeys + writes.newWithdrawals.compactMap(\.key) {
                keys[key.scope] = key
            }
            for payout in writes.payouts {
                payouts[payout.payout.withdrawalID, default: []].append(payout.payout)
            }
        }
    }

    private let rows = Mutex(Rows())
    private let fault: Mutex<@Sendable ([LedgerCommand], Int) -> Fault?>

    init() { fault = Mutex { _, _ in nil } }

    /// Asks `fault` before each commit, with its commands and its number from 1.
    func onCommit(_ fault: @escaping @Sendable ([LedgerCommand], Int) -> Fault?) {
        self.fault.withLock { $0 = fault }
        rows.withLock { $0.commits = 0 }
    }

    /// Fails whatever it is asked, until it is told nil.
    func fail(with failure: StoreError?) { rows.withLock { $0.failure = failure } }

    private func read<Value>(_ query: (Rows) -> Value) throws(StoreError) -> Value {
        try rows.withLock { rows throws(StoreError) in
            if let failure = rows.failure { throw failure }
            return query(rows)
        }
    }

    /// Changes what the account holds, and nothing else.
    func tamper(_ account: AccountKey, heldBy difference: Int64) {
        rows.withLock { rows in
            guard let row = rows.accounts[account],
                let held = Nanotons(row.held.rawValue + difference)
            else { return }
            rows.accounts[account] = Ledger.Account(
                key: row.key, available: row.available, held: held,
                lastSequence: row.lastSequence, createdAt: row.createdAt,
                updatedAt: row.updatedAt)
        }
    }

    func tamper(with account: AccountKey) {
        rows.withLock { _ = $0.tampered.insert(account) }
    }

    func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome] {
        try read { _ in }
        let number = rows.withLock { rows in
            rows.commits += 1
            return rows.commits
        }
        let fault = fault.withLock { $0 }(commands, number)
        if fault == .before { throw StoreError(.unavailable, "scripted") }
        let outcomes = rows.withLock { rows in
            let needs = BatchNeeds(commands)
            var snapshot = BatchSnapshot()
            for id in needs.withdrawals { snapshot.withdrawals[id] = rows.withdrawals[id] }
            for key in needs.accounts { snapshot.accounts[key] = rows.accounts[key] }
            for scope in needs.keys { snapshot.keys[scope] = rows.keys[scope] }
            let plan = BatchPlan(
                commands, on: snapshot, at: now, outcomeLifeMilliseconds: 86_400_000)
            rows.apply(plan.writes)
            return plan.outcomes
        }
        if fault == .after { throw StoreError(.outcomeUnknown, "scripted") }
        return outcomes
    }

    func account(_ key: AccountKey) async throws(StoreError) -> Ledger.Account? {
        try read { $0.accounts[key] }
    }

    func entries(
        of key: AccountKey, before: Int64?, limit: Int
    ) async throws(StoreError) -> [Ledger.Entry] {
        try read { rows in
            Array(
                (rows.entries[key] ?? []).reversed().filter { $0.sequence < before ?? .max }
                    .prefix(limit))
        }
    }

    func withdrawal(_ id: WithdrawalID) async throws(StoreError) -> Ledger.Withdrawal? {
        try read { $0.withdrawals[id] }
    }

    func withdrawals(
        of key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try read { rows in
            Array(
                rows.withdrawals.values.filter {
                    $0.account == key && (state == nil || $0.state == state)
                        && (before == nil || $0.id < before!)
                }.sorted { $0.id > $1.id }.prefix(limit))
        }
    }

    func events(
        of id: WithdrawalID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [Ledger.WithdrawalEvent] {
        try read { rows in
            let first = rows.withdrawals[id].map { [$0.creation] } ?? []
            let events = first + (rows.events[id] ?? [])
            return Array(events.filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    func withdrawals(
        in state: WithdrawalState, unchangedSince until: Timestamp, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try read { rows in
            Array(
                rows.withdrawals.values.filter { $0.state == state && $0.updatedAt <= until }
                    .sorted { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }.prefix(limit))
        }
    }

    func payouts(of ids: [WithdrawalID]) async throws(StoreError) -> [WithdrawalID: Payout] {
        try read { rows in
            var payouts: [WithdrawalID: Payout] = [:]
            for id in ids { payouts[id] = rows.payouts[id]?.last }
            return payouts
        }
    }

    func audit(after: AccountKey?, limit: Int) async throws(StoreError) -> LedgerAudit {
        try read { rows in
            let page = rows.accounts.keys.sorted().filter { key in
                after.map { $0 < key } ?? true
            }.prefix(limit)
            let wrong = page.filter { key in
                guard let account = rows.accounts[key] else { return true }
                let entries = rows.entries[key] ?? []
                let held = rows.withdrawals.values.filter {
                    $0.account == key && [.pending, .processing, .sent].contains($0.state)
                }.reduce(0) { $0 + $1.amount.rawValue + $1.fee.rawValue }
                return rows.tampered.contains(key)
                    || entries.reduce(0) { $0 + $1.availableDelta } != account.available.rawValue
                    || entries.reduce(0) { $0 + $1.heldDelta } != account.held.rawValue
                    || held != account.held.rawValue
            }
            return LedgerAudit(
                violations: wrong, checked: page.count, last: page.count < limit ? nil : page.last)
        }
    }

    func totals() async throws(StoreError) -> LedgerTotals {
        try read { rows in
            var totals = LedgerTotals()
            for account in rows.accounts.values {
                totals.available = totals.available.adding(account.available) ?? .max
                totals.held = totals.held.adding(account.held) ?? .max
            }
            for row in rows.withdrawals.values where !WithdrawalStateMachine.isSettled(row.state) {
                let known = totals.unsettled[row.state]
                totals.unsettled[row.state] = LedgerTotals.Standing(
                    count: 1 + (known?.count ?? 0),
                    oldestChange: min(known?.oldestChange ?? row.updatedAt, row.updatedAt),
                    reserved: [row.amount, row.fee].reduce(known?.reserved ?? .zero) {
                        $0.adding($1) ?? .max
                    })
            }
            return totals
        }
    }

    func ping() async throws(StoreError) {}

    func close() async {}
}
