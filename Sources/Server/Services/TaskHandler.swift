// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import Supervision
import TellerProtocol

/// `task.*` over this instance's supervisor and the cluster's history.
struct TaskHandler: TaskService {
    let board: TaskBoard
    let clock: RPCClock

    func list(
        _ params: TaskListParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskListResult {
        TaskListResult(
            tasks: board.status().sorted { $0.name < $1.name }
                .map { TaskStatus($0, on: board.instance) })
    }

    func status(
        _ params: TaskStatusParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskStatusResult {
        TaskStatusResult(task: try find(params.task))
    }

    func runs(
        _ params: TaskRunsParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskRunsResult {
        let task = try find(params.task).name
        let limit = params.limit ?? Page.rowsStandard
        let before = try Cursor.runs(params.cursor, of: task)
        let rows = try await context.readTasks { () async throws(TaskStoreError) in
            try await board.store.runs(of: task, before: before, limit: limit + 1)
        }
        let page = rows.prefix(limit)
        let next =
            rows.count > limit
            ? page.last.map { Cursor.text(afterRun: $0.number, of: task) } : nil
        return TaskRunsResult(runs: page.map(FinishedTaskRun.init), nextCursor: next)
    }

    func watch(
        _ params: TaskWatchParams, _ context: RPCContext, _ stream: RPCStream<TaskEvent>
    ) async throws(RPCError) -> TaskWatchResult {
        if let task = params.task { _ = try find(task) }
        return try await TaskWatch(board: board, clock: clock, context: context).run(
            params, to: stream)
    }

    func pause(
        _ params: TaskPauseParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskPauseResult {
        TaskPauseResult(
            task: try await order(
                .pause, params.task, reason: params.reason, until: params.until, context))
    }

    func resume(
        _ params: TaskResumeParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskResumeResult {
        TaskResumeResult(
            task: try await order(.resume, params.task, reason: "", until: nil, context))
    }

    func restart(
        _ params: TaskRestartParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskRestartResult {
        TaskRestartResult(
            task: try await order(
                .restart, params.task, reason: params.reason, until: nil, context))
    }

    private func find(_ name: String) throws(RPCError) -> TaskStatus {
        guard let found = board.status().first(where: { $0.name == name }) else {
            throw RPCError(reason: .taskNotFound)
        }
        return TaskStatus(found, on: board.instance)
    }

    /// Gives an order and returns the task as it then stands on this instance.
    private func order(
        _ action: TaskControlRecord.Action, _ name: String, reason: String, until: Timestamp?,
        _ context: RPCContext
    ) async throws(RPCError) -> TaskStatus {
        _ = try find(name)
        let now = clock.wall
        if let until, until <= now {
            throw RPCError(
                reason: .invalidParams, fields: [.init(path: "until", problem: "is over")])
        }
        let record = TaskControlRecord(
            task: name, action: action, by: context.principal.name, reason: reason,
            until: until?.timeOfDay, at: now.timeOfDay)
        let result = try await context.readTasks { () async throws(TaskStoreError) in
            try await board.order(record)
        }
        switch result {
        case .done: return try find(name)
        case .unknownTask: throw RPCError(reason: .taskNotFound)
        case .notApplicable(let why):
            throw RPCError(reason: .taskControlRefused, details: ["problem": why])
        }
    }
}
