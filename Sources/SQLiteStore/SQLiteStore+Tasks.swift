// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
package import Supervision
import TellerProtocol

extension SQLiteStore: TaskStore {
    package func append(_ history: TaskHistory) async throws(TaskStoreError) {
        guard !history.isEmpty else { return }
        try await change { database in
            var number = try TaskTables.take(
                history.runs.count + history.transitions.count, database)
            for run in history.runs {
                number += 1
                try TaskTables.insert(run, number, database)
            }
            for transition in history.transitions {
                number += 1
                try TaskTables.insert(transition, number, database)
            }
        }
    }

    package func runs(
        of task: String, before: Int64?, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskRun>] {
        try await look { try TaskTables.runs(of: task, before: before ?? .max, limit: limit, $0) }
    }

    package func transitions(
        of task: String?, after: Int64, limit: Int
    ) async throws(TaskStoreError) -> TaskTransitionPage {
        try await look { try TaskTables.transitions(of: task, after: after, limit: limit, $0) }
    }

    package func newestNumber() async throws(TaskStoreError) -> Int64 {
        try await look { try Int64.fetchOne($0, sql: "SELECT last FROM task_numbers") ?? 0 }
    }

    package func insert(_ control: TaskControlRecord) async throws(TaskStoreError) -> Int64 {
        try await change { try TaskTables.insert(control, $0) }
    }

    package func controls(
        after: Int64, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskControlRecord>] {
        try await look { database in
            try TaskTables.controls(
                "number > ? ORDER BY number LIMIT ?", [after, limit], database)
        }
    }

    package func standingControls() async throws(TaskStoreError) -> [Numbered<TaskControlRecord>] {
        try await look { database in
            try TaskTables.controls(
                """
                number IN (SELECT max(number) FROM task_controls WHERE action <> 'restart'
                    GROUP BY task) ORDER BY number
                """, [], database)
        }
    }

    package func reap(_ limits: TaskHistoryLimits) async throws(TaskStoreError) -> Int {
        try await change { try TaskTables.reap(limits, $0) }
    }

    private func look<Value: Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Value
    ) async throws(TaskStoreError) -> Value {
        do {
            return try await read(query)
        } catch {
            throw TaskStoreError(error.debugDescription)
        }
    }

    private func change<Value: Sendable>(
        _ change: @escaping @Sendable (Database) throws -> Value
    ) async throws(TaskStoreError) -> Value {
        do {
            return try await write(change)
        } catch {
            throw TaskStoreError(error.debugDescription)
        }
    }
}
