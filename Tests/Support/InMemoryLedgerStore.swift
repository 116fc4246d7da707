// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
import Synchronization
package import TellerProtocol

/// The ledger made of `BatchPlan` and dictionaries: the model the real stores are held to.
package final class InMemoryLedgerStore: LedgerStore {
    struct State {
        var tables = BatchSnapshot()
        var journal: [AccountKey: [Ledger.Entry]] = [:]
        var events: [WithdrawalID: [Ledger.WithdrawalEvent]] = [:]
        var payouts: [WithdrawalID: [Payout]] = [:]
        var chain = ChainTables()
        var deals = DealTables()
        var marketOperations: [MarketOperationID: MarketOperation] = [:]
        var failure: StoreError?
    }

    let state = Mutex(State())
    let outcomeLifeMilliseconds: Int64
    /// Has the leases that commands are fenced by.
    package let cluster = InMemoryClusterStore()
    /// Of the process that uses it at the moment.
    package let mortality = Mortality()

    package init(outcomeLifeMilliseconds: Int64 = 1000 * 3600) {
        self.outcomeLifeMilliseconds = outcomeLifeMilliseconds
    }

    /// Makes everything fail until it is set to nil.
    package func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    package func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome] {
        try write { state throws(StoreError) in
            state.tables.epochs = cluster.epochs
            let plan = BatchPlan(
                commands, on: state.tables, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            Self.apply(plan.writes, to: &state)
            return plan.outcomes
        }
    }

    /// A change, unless the process dies before it.
    func write<Value: Sendable>(
        _ change: (inout State) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try state.withLock { state throws(StoreError) in
            if let failure = state.failure { throw failure }
            let fate = mortality.next()
            if fate == .lost { throw Mortality.death }
            let value = try change(&state)
            if fate == .doneUnheard { throw Mortality.death }
            return value
        }
    }

    static func apply(_ writes: BatchWrites, to state: inout State) {
        for account in writes.accounts { state.tables.accounts[account.key] = account }
        for entry in writes.entries { state.journal[entry.account, default: []].append(entry) }
        for withdrawal in writes.newWithdrawals.map(\.withdrawal) + writes.changedWithdrawals {
            state.tables.withdrawals[withdrawal.id] = withdrawal
        }
        for event in writes.events { state.events[event.withdrawalID, default: []].append(event) }
        for record in writes.creditKeys + writes.newWithdrawals.compactMap(\.key) {
            state.tables.keys[record.scope] = record
            if let sequence = record.entry?.sequence {
                state.tables.entries[record.scope] =
                    state.journal[record.scope.account]?[Int(sequence) - 1]
            }
        }
        for payout in writes.payouts {
            state.payouts[payout.payout.withdrawalID, default: []].append(payout.payout)
        }
    }

    func read<Value: Sendable>(
        _ query: (State) -> Value
    ) throws(StoreError) -> Value {
        try state.withLock { state throws(StoreError) in
            if let failure = state.failure { throw failure }
            if mortality.isDead { throw Mortality.death }
            return query(state)
        }
    }

    package func account(_ key: AccountKey) async throws(StoreError) -> Ledger.Account? {
        try read { $0.tables.accounts[key] }
    }

    package func entries(
        of key: AccountKey, before: Int64?, limit: Int
    ) async throws(StoreError) -> [Ledger.Entry] {
        try read { state in
            let older = state.journal[key, default: []].filter { $0.sequence < before ?? .max }
            return Array(older.reversed().prefix(limit))
        }
    }

    package func withdrawal(_ id: WithdrawalID) async throws(StoreError) -> Ledger.Withdrawal? {
        try read { $0.tables.withdrawals[id] }
    }

    package func withdrawals(
        of key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try read { tables in
            let rows = tables.tables.withdrawals.values.filter { row in
                row.account == key && (state == nil || row.state == state)
                    && (before.map { row.id < $0 } ?? true)
            }
            return Array(rows.sorted { $0.id > $1.id }.prefix(limit))
        }
    }

    package func events(
        of id: WithdrawalID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [Ledger.WithdrawalEvent] {
        try read { state in
            let first = state.tables.withdrawals[id].map { [$0.creation] } ?? []
            let events = first + state.events[id, default: []]
            return Array(events.filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    package func withdrawals(
        in state: WithdrawalState, unchangedSince until: Timestamp, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try read { tables in
            let rows = tables.tables.withdrawals.values.filter {
                $0.state == state && $0.updatedAt <= until
            }
            return Array(
                rows.sorted { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }.prefix(limit))
        }
    }

    package func payouts(
        of ids: [WithdrawalID]
    ) async throws(StoreError) -> [WithdrawalID: Payout] {
        try read { state in
            var found: [WithdrawalID: Payout] = [:]
            for id in ids { found[id] = state.payouts[id]?.last }
            return found
        }
    }

    package func audit(after: AccountKey?, limit: Int) async throws(StoreError) -> LedgerAudit {
        try read { state in
            let accounts = state.tables.accounts.values
                .filter { account in after.map { $0 < account.key } ?? true }
                .sorted { $0.key < $1.key }.prefix(limit)
            var audit = LedgerAudit(violations: [], checked: accounts.count, last: nil)
            for account in accounts {
                let entries = state.journal[account.key, default: []]
                let unsettled = state.tables.withdrawals.values.filter {
                    $0.account == account.key && !WithdrawalStateMachine.isSettled($0.state)
                }
                let isSound =
                    entries.reduce(0) { $0 + $1.availableDelta } == account.available.rawValue
                    && entries.reduce(0) { $0 + $1.heldDelta } == account.held.rawValue
                    && unsettled.reduce(state.deals.held(of: account.key)) {
                        $0 + $1.amount.rawValue + $1.fee.rawValue
                    } == account.held.rawValue
                if !isSound { audit.violations.append(account.key) }
            }
            if accounts.count == limit { audit.last = accounts.last?.key }
            return audit
        }
    }

    package func totals() async throws(StoreError) -> LedgerTotals {
        try read { state in
            var totals = LedgerTotals()
            totals.heldByDeals = state.deals.held
            for account in state.tables.accounts.values {
                totals.available = totals.available.adding(account.available) ?? .max
                totals.held = totals.held.adding(account.held) ?? .max
            }
            for row in state.tables.withdrawals.values
            where !WithdrawalStateMachine.isSettled(row.state) {
                let known = totals.unsettled[row.state]
                totals.unsettled[row.state] = LedgerTotals.Standing(
                    count: 1 + (known?.count ?? 0),
                    oldestChange: min(known?.oldestChange ?? row.updatedAt, row.updatedAt),
                    reserved: [row.amount, row.fee].reduce(known?.reserved ?? .zero) {
                        $0.adding($1) ?? .max
                    })
            }
            totals.dealsSetAside = state.deals.deals.values.count { $0.setAside != nil }
            let unknown = state.marketOperations.values.filter { $0.state == .unknown }
            totals.operationsUnknown = unknown.count
            totals.oldestUnknown = unknown.map(\.createdAt).min()
            return totals
        }
    }

    package func ping() async throws(StoreError) { try read { _ in } }

    package func close() async {}
}
