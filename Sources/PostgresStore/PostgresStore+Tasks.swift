// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
package import Supervision
import TellerProtocol

extension PostgresStore: TaskStore {
    package func append(_ history: TaskHistory) async throws(TaskStoreError) {
        var queries: [Query] = []
        if !history.runs.isEmpty {
            queries.append(Query(RecordStatements.appendRuns, history.runRows))
        }
        if !history.transitions.isEmpty {
            queries.append(Query(RecordStatements.appendTransitions, history.transitionRows))
        }
        guard !queries.isEmpty else { return }
        try await call(records, queries) { _ throws(StoreError) in }
    }

    package func runs(
        of task: String, before: Int64?, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskRun>] {
        var parameters = Parameters()
        parameters.text(task)
        parameters.int64(before ?? .max)
        parameters.int64(Int64(limit))
        return try await call(readers, [Query(RecordStatements.runs, parameters)]) {
            results throws(StoreError) in try results[0].runs()
        }
    }

    package func transitions(
        of task: String?, after: Int64, limit: Int
    ) async throws(TaskStoreError) -> TaskTransitionPage {
        var parameters = Parameters()
        parameters.int64(after)
        parameters.int64(Int64(limit))
        if let task { parameters.text(task) }
        let statement =
            task == nil ? RecordStatements.transitions : RecordStatements.transitionsOfTask
        return try await call(readers, [Query(statement, parameters)]) {
            results throws(StoreError) in try results[0].transitions()
        }
    }

    package func newestNumber() async throws(TaskStoreError) -> Int64 {
        try await call(readers, [Query(RecordStatements.newestNumber, Parameters())]) {
            results throws(StoreError) in
            results[0].count > 0 ? try results[0].int64(0, 0) : 0
        }
    }

    package func insert(_ control: TaskControlRecord) async throws(TaskStoreError) -> Int64 {
        var parameters = Parameters()
        parameters.text(control.task)
        parameters.text(control.action.rawValue)
        parameters.text(control.by)
        parameters.text(control.reason)
        parameters.optionalInt64(control.until?.wholeMilliseconds)
        parameters.int64(control.at.wholeMilliseconds)
        return try await call(records, [Query(RecordStatements.insertControl, parameters)]) {
            results throws(StoreError) in try results[0].int64(0, 0)
        }
    }

    package func controls(
        after: Int64, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskControlRecord>] {
        var parameters = Parameters()
        parameters.int64(after)
        parameters.int64(Int64(limit))
        return try await call(readers, [Query(RecordStatements.controls, parameters)]) {
            results throws(StoreError) in try results[0].controls()
        }
    }

    package func standingControls() async throws(TaskStoreError) -> [Numbered<TaskControlRecord>] {
        try await call(readers, [Query(RecordStatements.standingControls)]) {
            results throws(StoreError) in try results[0].controls()
        }
    }

    package func reap(_ limits: TaskHistoryLimits) async throws(TaskStoreError) -> Int {
        let kinds = [
            (RecordStatements.reapRuns, limits.runsMax),
            (RecordStatements.reapTransitions, limits.transitionsMax),
            (RecordStatements.reapControls, limits.controlsMax),
        ]
        var removed = 0
        for (statement, kept) in kinds {
            var parameters = Parameters()
            parameters.int64(Int64(kept))
            parameters.int64(Int64(TaskHistoryLimits.reapedAtOnceMax))
            removed += try await call(records, [Query(statement, parameters)]) {
                results throws(StoreError) in Int(try results[0].int64(0, 0))
            }
        }
        return removed
    }

    private func call<Value: Sendable>(
        _ pool: ConnectionPool, _ queries: [Query],
        _ decode: @escaping @Sendable ([ResultRows]) throws(StoreError) -> Value
    ) async throws(TaskStoreError) -> Value {
        do throws(StoreError) {
            return try await pool.run(queries, decode)
        } catch {
            throw TaskStoreError(error.debugDescription)
        }
    }
}

extension TaskHistory {
    fileprivate var runRows: Parameters {
        var rows = Parameters()
        rows.texts(runs) { $0.task }
        rows.events(runs) { $0.event }
        rows.int64s(runs) { Int64($0.attempt) }
        rows.int64s(runs) { $0.startedAt.wholeMilliseconds }
        rows.texts(runs) { $0.outcome.rawValue }
        rows.bools(runs) { $0.isAbandoned }
        rows.texts(runs) { $0.error }
        rows.texts(runs) { $0.progress }
        rows.int64s(runs) { $0.epoch }
        return rows
    }

    fileprivate var transitionRows: Parameters {
        var rows = Parameters()
        rows.texts(transitions) { $0.task }
        rows.events(transitions) { $0.event }
        rows.texts(transitions) { $0.from }
        rows.texts(transitions) { $0.to }
        rows.texts(transitions) { $0.reason }
        rows.int64s(transitions) { Int64($0.attempt) }
        rows.texts(transitions) { $0.error }
        return rows
    }
}

extension Parameters {
    /// Three parameters: instances, sequences and times.
    fileprivate mutating func events<Element>(
        _ elements: [Element], _ event: (Element) -> TaskEventName
    ) {
        texts(elements) { event($0).instance }
        int64s(elements) { event($0).sequence }
        int64s(elements) { event($0).at.wholeMilliseconds }
    }
}

extension ResultRows {
    fileprivate func runs() throws(StoreError) -> [Numbered<TaskRun>] {
        var runs: [Numbered<TaskRun>] = []
        for row in 0..<count {
            let run = TaskRun(
                task: try text(row, 1), event: try event(row),
                attempt: Int(try int64(row, 5)), startedAt: .milliseconds(try int64(row, 6)),
                outcome: try choice(row, 7), isAbandoned: try bool(row, 8),
                error: try optionalText(row, 9), progress: try optionalText(row, 10),
                epoch: isNull(row, 11) ? nil : try int64(row, 11))
            runs.append(Numbered(try int64(row, 0), run))
        }
        return runs
    }

    fileprivate func transitions() throws(StoreError) -> TaskTransitionPage {
        var transitions: [Numbered<TaskTransition>] = []
        for row in 0..<count {
            let transition = TaskTransition(
                task: try text(row, 1), event: try event(row), from: try text(row, 5),
                to: try text(row, 6), reason: try optionalText(row, 7),
                attempt: Int(try int64(row, 8)), error: try optionalText(row, 9))
            transitions.append(Numbered(try int64(row, 0), transition))
        }
        return TaskTransitionPage(
            transitions: transitions, hasGap: count > 0 ? try bool(0, 10) : false)
    }

    fileprivate func controls() throws(StoreError) -> [Numbered<TaskControlRecord>] {
        var controls: [Numbered<TaskControlRecord>] = []
        for row in 0..<count {
            let control = TaskControlRecord(
                task: try text(row, 1), action: try choice(row, 2), by: try text(row, 3),
                reason: try text(row, 4),
                until: isNull(row, 5) ? nil : .milliseconds(try int64(row, 5)),
                at: .milliseconds(try int64(row, 6)))
            controls.append(Numbered(try int64(row, 0), control))
        }
        return controls
    }

    private func event(_ row: Int) throws(StoreError) -> TaskEventName {
        TaskEventName(
            instance: try text(row, 2), sequence: try int64(row, 3),
            at: .milliseconds(try int64(row, 4)))
    }
}
