// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Supervision
import TellerProtocol

/// What tasks did and were told to do: `task_runs`, `task_transitions` and `task_controls`.
enum TaskTables {
    /// - Returns: the number before the `count` that are taken.
    static func take(_ count: Int, _ database: Database) throws -> Int64 {
        let last = try Int64.fetchOne(
            database, sql: "UPDATE task_numbers SET last = last + ? RETURNING last",
            arguments: [count])
        return (last ?? 0) - Int64(count)
    }

    static func insert(_ run: TaskRun, _ number: Int64, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO task_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [
            number, run.task, run.event.instance, run.event.sequence,
            run.event.at.wholeMilliseconds, run.attempt, run.startedAt.wholeMilliseconds,
            run.outcome.rawValue, run.isAbandoned, run.error, run.progress, run.epoch,
        ])
    }

    static func insert(
        _ transition: TaskTransition, _ number: Int64, _ database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO task_transitions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [
            number, transition.task, transition.event.instance, transition.event.sequence,
            transition.event.at.wholeMilliseconds, transition.from, transition.to,
            transition.reason, transition.attempt, transition.error,
        ])
    }

    static func insert(_ control: TaskControlRecord, _ database: Database) throws -> Int64 {
        let number = try Int64.fetchOne(
            database,
            sql: """
                INSERT INTO task_controls VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET task = excluded.task RETURNING number
                """,
            arguments: [
                try take(1, database) + 1, control.task, control.action.rawValue, control.by,
                control.reason, control.until?.wholeMilliseconds, control.at.wholeMilliseconds,
            ])
        return number ?? 0
    }

    // MARK: - Reading

    static func runs(
        of task: String, before: Int64, limit: Int, _ database: Database
    ) throws -> [Numbered<TaskRun>] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM task_runs WHERE task = ? AND number < ?
                ORDER BY number DESC LIMIT ?
                """, arguments: [task, before, limit]
        ).map { row in
            let run = TaskRun(
                task: try row.value(1), event: try event(row), attempt: try row.value(5),
                startedAt: .milliseconds(try row.value(6, as: Int64.self)),
                outcome: try row.choice(7), isAbandoned: try row.value(8), error: row[9],
                progress: row[10], epoch: row[11])
            return Numbered(try row.value(0), run)
        }
    }

    static func transitions(
        of task: String?, after: Int64, limit: Int, _ database: Database
    ) throws -> TaskTransitionPage {
        let isMeant = task == nil ? "" : "AND task = ?3"
        var arguments: StatementArguments = [after, limit]
        if let task { arguments += [task] }
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT *, EXISTS (SELECT 1 FROM task_reaped WHERE number > ?1 \(isMeant))
                FROM task_transitions WHERE number > ?1 \(isMeant) ORDER BY number LIMIT ?2
                """, arguments: arguments)
        let transitions = try rows.map { row in
            let transition = TaskTransition(
                task: try row.value(1), event: try event(row), from: try row.value(5),
                to: try row.value(6), reason: row[7], attempt: try row.value(8), error: row[9])
            return Numbered(try row.value(0, as: Int64.self), transition)
        }
        // Without a row there is no gap, as the newest of every task stay.
        return TaskTransitionPage(
            transitions: transitions, hasGap: try rows.first?.value(10) ?? false)
    }

    /// - Parameter condition: and what follows it.
    static func controls(
        _ condition: String, _ arguments: StatementArguments, _ database: Database
    ) throws -> [Numbered<TaskControlRecord>] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM task_controls WHERE " + condition, arguments: arguments
        ).map { row in
            let control = TaskControlRecord(
                task: try row.value(1), action: try row.choice(2), by: try row.value(3),
                reason: try row.value(4),
                until: row.hasNull(atIndex: 5)
                    ? nil : .milliseconds(try row.value(5, as: Int64.self)),
                at: .milliseconds(try row.value(6, as: Int64.self)))
            return Numbered(try row.value(0), control)
        }
    }

    private static func event(_ row: Row) throws -> TaskEventName {
        TaskEventName(
            instance: try row.value(2), sequence: try row.value(3),
            at: .milliseconds(try row.value(4, as: Int64.self)))
    }

    // MARK: - Reaping

    static func reap(_ limits: TaskHistoryLimits, _ database: Database) throws -> Int {
        let most = TaskHistoryLimits.reapedAtOnceMax
        try database.execute(
            sql: "DELETE FROM task_runs WHERE number IN (\(old(in: "task_runs")))",
            arguments: [limits.runsMax, most])
        var removed = database.changesCount
        // How far is noted first, for those whose cursors stand before that.
        try database.execute(
            sql: """
                INSERT INTO task_reaped SELECT task, max(number) FROM task_transitions
                WHERE number IN (\(old(in: "task_transitions"))) GROUP BY task
                ON CONFLICT DO UPDATE SET number = excluded.number
                """, arguments: [limits.transitionsMax, most])
        try database.execute(
            sql: """
                DELETE FROM task_transitions
                WHERE number IN (\(old(in: "task_transitions")))
                """, arguments: [limits.transitionsMax, most])
        removed += database.changesCount
        try database.execute(
            sql: """
                DELETE FROM task_controls WHERE number IN (\(old(in: "task_controls")))
                    AND number NOT IN (SELECT max(number) FROM task_controls
                        WHERE action <> 'restart' GROUP BY task)
                """, arguments: [limits.controlsMax, most])
        return removed + database.changesCount
    }

    /// The numbers of all but the newest `?1` of each task, the oldest `?2` of them.
    private static func old(in table: String) -> String {
        """
        SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY task ORDER BY number DESC) AS place
            FROM \(table)
        ) WHERE place > ?1 ORDER BY number LIMIT ?2
        """
    }
}
