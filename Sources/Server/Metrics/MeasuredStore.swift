// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import Telemetry
import TellerProtocol

/// A ledger store with a clock beside it: how long each operation took, and which failed.
struct MeasuredStore: LedgerStore {
    enum Operation: Int, CaseIterable {
        case commit, account, entries, withdrawal, withdrawals, events, queue, payouts, audit
        case totals, ping

        var label: String { "\(self)" }
    }

    private let store: any LedgerStore
    private let metrics: MetricsRegistry
    private let durations: [HistogramSeries]
    private let time = SteadyTime.system

    /// - Parameter metrics: has `storeDuration` and `storeErrors`.
    init(_ store: any LedgerStore, metrics: MetricsRegistry) {
        self.store = store
        self.metrics = metrics
        durations = Operation.allCases.map {
            metrics.histogram(TellerMetrics.storeDuration, [$0.label])
        }
    }

    private func note(_ operation: Operation, since start: Duration, _ error: StoreError? = nil) {
        durations[operation.rawValue].observe(time.now() - start)
        guard let error else { return }
        metrics.counter(
            TellerMetrics.storeErrors, [operation.label, "\(error.code)"]
        ).add()
    }

    private func measure<Value: Sendable>(
        _ operation: Operation, _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let start = time.now()
        do throws(StoreError) {
            let value = try await body()
            note(operation, since: start)
            return value
        } catch {
            note(operation, since: start, error)
            throw error
        }
    }

    var lanes: Int { store.lanes }
    var batchCommandsMax: Int { store.batchCommandsMax }

    func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome] {
        let start = time.now()
        do throws(StoreError) {
            let outcomes = try store.commit(commands, at: now, lane: lane)
            note(.commit, since: start)
            return outcomes
        } catch {
            note(.commit, since: start, error)
            throw error
        }
    }

    func account(_ key: AccountKey) async throws(StoreError) -> Ledger.Account? {
        try await measure(.account) { () throws(StoreError) in try await store.account(key) }
    }

    func entries(
        of key: AccountKey, before: Int64?, limit: Int
    ) async throws(StoreError) -> [Ledger.Entry] {
        try await measure(.entries) { () throws(StoreError) in
            try await store.entries(of: key, before: before, limit: limit)
        }
    }

    func withdrawal(_ id: WithdrawalID) async throws(StoreError) -> Ledger.Withdrawal? {
        try await measure(.withdrawal) { () throws(StoreError) in
            try await store.withdrawal(id)
        }
    }

    func withdrawals(
        of key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try await measure(.withdrawals) { () throws(StoreError) in
            try await store.withdrawals(of: key, state: state, before: before, limit: limit)
        }
    }

    func events(
        of id: WithdrawalID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [Ledger.WithdrawalEvent] {
        try await measure(.events) { () throws(StoreError) in
            try await store.events(of: id, after: sequence, limit: limit)
        }
    }

    func withdrawals(
        in state: WithdrawalState, unchangedSince until: Timestamp, limit: Int
    ) async throws(StoreError) -> [Ledger.Withdrawal] {
        try await measure(.queue) { () throws(StoreError) in
            try await store.withdrawals(in: state, unchangedSince: until, limit: limit)
        }
    }

    func payouts(
        of ids: [WithdrawalID]
    ) async throws(StoreError) -> [WithdrawalID: Payout] {
        try await measure(.payouts) { () throws(StoreError) in try await store.payouts(of: ids) }
    }

    func audit(after: AccountKey?, limit: Int) async throws(StoreError) -> LedgerAudit {
        try await measure(.audit) { () throws(StoreError) in
            try await store.audit(after: after, limit: limit)
        }
    }

    func totals() async throws(StoreError) -> LedgerTotals {
        try await measure(.totals) { () throws(StoreError) in try await store.totals() }
    }

    func ping() async throws(StoreError) {
        try await measure(.ping) { () throws(StoreError) in try await store.ping() }
    }

    func close() async { await store.close() }
}
