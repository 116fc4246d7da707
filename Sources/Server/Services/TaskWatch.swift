// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import RPC
import Supervision
import TellerProtocol

/// One `task.watch`: the present states first, then every transition on every instance.
struct TaskWatch {
    /// Transitions read at a time.
    static let transitionsMax = 200
    /// How long before the caller's deadline the response comes.
    static let margin: Duration = .seconds(1)

    let board: TaskBoard
    let clock: RPCClock
    let context: RPCContext

    func run(
        _ params: TaskWatchParams, to stream: RPCStream<TaskEvent>
    ) async throws(RPCError) -> TaskWatchResult {
        var position: Int64
        if let cursor = try Cursor.transitions(params.cursor, of: params.task) {
            position = cursor
        } else {
            // Before the states are read: what happens in between comes twice rather than never.
            position = try await context.readTasks { () async throws(TaskStoreError) in
                try await board.store.newestNumber()
            }
            try await sendPresent(of: params.task, at: position, to: stream)
        }
        while clock.now + Self.margin < context.deadline {
            let after = position
            let page = try await context.readTasks { () async throws(TaskStoreError) in
                try await board.store.transitions(
                    of: params.task, after: after, limit: Self.transitionsMax)
            }
            // What was reaped can't be told any more; saying nothing would hide the gap.
            guard !page.hasGap else {
                throw RPCError(
                    reason: .cursorInvalid,
                    fields: [.init(path: "cursor", problem: "is older than the history")])
            }
            for transition in page.transitions {
                position = transition.number
                try await stream.send(
                    TaskEvent(
                        transition.record,
                        cursor: Cursor.text(afterTransition: position, of: params.task)))
            }
            guard page.transitions.count < Self.transitionsMax else { continue }
            do {
                try await Task.sleep(for: TaskBoard.pollInterval)
            } catch {
                throw RPCError(reason: .cancelled)
            }
        }
        return TaskWatchResult(cursor: Cursor.text(afterTransition: position, of: params.task))
    }

    private func sendPresent(
        of task: String?, at position: Int64, to stream: RPCStream<TaskEvent>
    ) async throws(RPCError) {
        let cursor = Cursor.text(afterTransition: position, of: task)
        for status in board.status() where task == nil || status.name == task {
            try await stream.send(TaskEvent(status, on: board.instance, cursor: cursor))
        }
    }
}

extension RPCContext {
    /// Runs a query of the task store.
    func readTasks<Value>(
        _ query: () async throws(TaskStoreError) -> Value
    ) async throws(RPCError) -> Value {
        do {
            return try await query()
        } catch {
            logger.warning("the store failed", metadata: ["error": "\(error.debugDescription)"])
            throw RPCError(reason: .storeUnavailable, retryAfterMilliseconds: 1000)
        }
    }
}
