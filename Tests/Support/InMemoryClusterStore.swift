// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience
package import Supervision
import Synchronization

/// What the instances of a cluster share, made of dictionaries: the model of leases, task history
/// and retry policies.
package final class InMemoryClusterStore: LeaseKeeper, TaskStore, PolicyStore {
    private struct State {
        var leases: [String: (lease: Lease, until: Duration)] = [:]
        var lastNumber: Int64 = 0
        var seen: Set<TaskEventName> = []
        var runs: [Numbered<TaskRun>] = []
        var transitions: [Numbered<TaskTransition>] = []
        var reaped: [String: Int64] = [:]
        var controls: [Numbered<TaskControlRecord>] = []
        var policies: [String: [PolicyVersion]] = [:]

        mutating func nextNumber() -> Int64 {
            lastNumber += 1
            return lastNumber
        }
    }

    private let state = Mutex(State())
    private let clock: WallTime

    package init(clock: WallTime = .system) { self.clock = clock }

    /// The present epoch of each lease.
    package var epochs: [String: Int64] {
        state.withLock { $0.leases.mapValues(\.lease.epoch) }
    }

    /// Ends a lease's life without giving it back.
    package func expire(_ lease: String) {
        state.withLock { $0.leases[lease]?.until = .zero }
    }

    // MARK: - Leases

    package func acquire(
        _ name: String, holder: String, life: Duration
    ) async throws(LeaseError) -> Lease {
        try state.withLock { state throws(LeaseError) in
            let now = clock.now()
            let row = state.leases[name]
            if let row, row.lease.holder != holder, row.until > now {
                throw .heldByOther(row.lease)
            }
            let lease = Lease(name: name, holder: holder, epoch: (row?.lease.epoch ?? 0) + 1)
            state.leases[name] = (lease, now + life)
            return lease
        }
    }

    package func renew(_ lease: Lease, life: Duration) async throws(LeaseError) {
        try state.withLock { state throws(LeaseError) in
            let now = clock.now()
            guard let row = state.leases[lease.name], row.lease == lease, row.until > now else {
                throw .lost
            }
            state.leases[lease.name] = (lease, now + life)
        }
    }

    package func release(_ lease: Lease) async throws(LeaseError) {
        try state.withLock { state throws(LeaseError) in
            guard state.leases[lease.name]?.lease == lease else { throw .lost }
            state.leases[lease.name] = (lease, .zero)
        }
    }

    // MARK: - Tasks

    package func append(_ history: TaskHistory) async throws(TaskStoreError) {
        state.withLock { state in
            for run in history.runs where state.seen.insert(run.event).inserted {
                state.runs.append(Numbered(state.nextNumber(), run))
            }
            for transition in history.transitions
            where state.seen.insert(transition.event).inserted {
                state.transitions.append(Numbered(state.nextNumber(), transition))
            }
        }
    }

    package func runs(
        of task: String, before: Int64?, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskRun>] {
        state.withLock { state in
            let runs = state.runs.filter { $0.record.task == task && $0.number < before ?? .max }
            return Array(runs.reversed().prefix(limit))
        }
    }

    package func transitions(
        of task: String?, after: Int64, limit: Int
    ) async throws(TaskStoreError) -> TaskTransitionPage {
        state.withLock { state in
            let later = state.transitions.filter {
                $0.number > after && (task == nil || $0.record.task == task)
            }
            let reaped = state.reaped.filter { task == nil || $0.key == task }.values.max() ?? 0
            return TaskTransitionPage(
                transitions: Array(later.prefix(limit)), hasGap: !later.isEmpty && reaped > after)
        }
    }

    package func newestNumber() async throws(TaskStoreError) -> Int64 {
        state.withLock { $0.lastNumber }
    }

    package func insert(_ control: TaskControlRecord) async throws(TaskStoreError) -> Int64 {
        state.withLock { state in
            let known = state.controls.first { old in
                let record = old.record
                return record.task == control.task && record.action == control.action
                    && record.by == control.by && record.at == control.at
            }
            if let known { return known.number }
            let number = state.nextNumber()
            state.controls.append(Numbered(number, control))
            return number
        }
    }

    package func controls(
        after: Int64, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskControlRecord>] {
        state.withLock { Array($0.controls.filter { $0.number > after }.prefix(limit)) }
    }

    package func standingControls() async throws(TaskStoreError) -> [Numbered<TaskControlRecord>] {
        state.withLock { Self.standing($0.controls) }
    }

    private static func standing(
        _ controls: [Numbered<TaskControlRecord>]
    ) -> [Numbered<TaskControlRecord>] {
        let newest = Dictionary(
            controls.filter { $0.record.action != .restart }.map { ($0.record.task, $0) }
        ) { $1 }
        return newest.values.sorted { $0.number < $1.number }
    }

    package func reap(_ limits: TaskHistoryLimits) async throws(TaskStoreError) -> Int {
        state.withLock { state in
            let runs = Self.old(state.runs, but: limits.runsMax) { $0.task }
            state.runs.removeAll { runs.contains($0.number) }
            let old = Self.old(state.transitions, but: limits.transitionsMax) { $0.task }
            for row in state.transitions where old.contains(row.number) {
                state.reaped[row.record.task] = row.number
            }
            state.transitions.removeAll { old.contains($0.number) }
            let standing = Set(Self.standing(state.controls).map(\.number))
            let controls = Self.old(state.controls, but: limits.controlsMax) { $0.task }
                .subtracting(standing)
            state.controls.removeAll { controls.contains($0.number) }
            return runs.count + old.count + controls.count
        }
    }

    private static func old<Record>(
        _ rows: [Numbered<Record>], but kept: Int, _ task: (Record) -> String
    ) -> Set<Int64> {
        let byTask = Dictionary(grouping: rows) { task($0.record) }
        return Set(byTask.values.flatMap { $0.dropLast(kept).map(\.number) })
    }

    // MARK: - Policies

    package func setPolicy(_ policy: PolicyVersion) async throws(PolicyStoreError) {
        try state.withLock { state throws(PolicyStoreError) in
            let newest = state.policies[policy.name]?.last
            guard newest != policy else { return }
            guard (newest?.version ?? 0) + 1 == policy.version else {
                throw .conflict(current: newest?.version ?? 0)
            }
            state.policies[policy.name, default: []].append(policy)
        }
    }

    package func policies() async throws(PolicyStoreError) -> [PolicyVersion] {
        state.withLock { $0.policies.values.compactMap(\.last).sorted { $0.name < $1.name } }
    }

    package func policyHistory(
        of name: String, before: Int64?, limit: Int
    ) async throws(PolicyStoreError) -> [PolicyVersion] {
        state.withLock { state in
            let older = state.policies[name, default: []].filter { $0.version < before ?? .max }
            return Array(older.reversed().prefix(limit))
        }
    }
}
