// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The statements of what is kept beside the ledger. Those that write do nothing the second time.
enum RecordStatements {
    // MARK: - Task history

    static let appendRuns = Statement(
        name: "append_runs",
        sql: """
            WITH numbers AS (
                UPDATE task_numbers SET last = last + cardinality($1::text[])
                RETURNING last - cardinality($1::text[]) AS base
            )
            INSERT INTO task_runs (number, task, instance, sequence, at, attempt, started_at,
                outcome, abandoned, error, progress, epoch)
            SELECT base + place, task, instance, sequence, at, attempt, started_at, outcome,
                abandoned, error, progress, epoch
            FROM numbers CROSS JOIN unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[],
                $5::bigint[], $6::bigint[], $7::text[], $8::boolean[], $9::text[], $10::text[],
                $11::bigint[]) WITH ORDINALITY AS new (task, instance, sequence, at, attempt,
                started_at, outcome, abandoned, error, progress, epoch, place)
            ON CONFLICT (instance, sequence, at) DO NOTHING
            """)

    static let appendTransitions = Statement(
        name: "append_transitions",
        sql: """
            WITH numbers AS (
                UPDATE task_numbers SET last = last + cardinality($1::text[])
                RETURNING last - cardinality($1::text[]) AS base
            )
            INSERT INTO task_transitions (number, task, instance, sequence, at, from_state,
                to_state, reason, attempt, error)
            SELECT base + place, task, instance, sequence, at, from_state, to_state, reason,
                attempt, error
            FROM numbers CROSS JOIN unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[],
                $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[])
                WITH ORDINALITY AS new (task, instance, sequence, at, from_state, to_state, reason,
                attempt, error, place)
            ON CONFLICT (instance, sequence, at) DO NOTHING
            """)

    static let runs = Statement(
        name: "task_runs",
        sql: """
            SELECT number, task, instance, sequence, at, attempt, started_at, outcome, abandoned,
                error, progress, epoch
            FROM task_runs WHERE task = $1::text AND number < $2::bigint
            ORDER BY number DESC LIMIT $3::bigint
            """)

    static let newestNumber = Statement(
        name: "newest_number", sql: "SELECT last FROM task_numbers")

    private static let transitionColumns = """
        number, task, instance, sequence, at, from_state, to_state, reason, attempt, error
        """

    /// Whether there is a gap stands in each row: without a row there is none, as the newest of
    /// every task stay.
    static let transitions = Statement(
        name: "task_transitions",
        sql: """
            SELECT \(transitionColumns),
                EXISTS (SELECT FROM task_reaped WHERE task_reaped.number > $1::bigint)
            FROM task_transitions WHERE number > $1::bigint ORDER BY number LIMIT $2::bigint
            """)

    /// The task is asked for as a range, or the planner might read those of all tasks.
    static let transitionsOfTask = Statement(
        name: "transitions_of_task",
        sql: """
            SELECT \(transitionColumns),
                EXISTS (SELECT FROM task_reaped AS r
                    WHERE r.task = $3::text AND r.number > $1::bigint)
            FROM task_transitions
            WHERE (task, number) > ($3::text, $1::bigint) AND task <= $3::text
            ORDER BY task, number LIMIT $2::bigint
            """)

    // MARK: - Task controls

    private static let controlColumns = "number, task, action, made_by, reason, until, at"

    static let insertControl = Statement(
        name: "insert_control",
        sql: """
            WITH numbers AS (UPDATE task_numbers SET last = last + 1 RETURNING last)
            INSERT INTO task_controls (\(controlColumns))
            SELECT last, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint FROM numbers
            ON CONFLICT (task, action, made_by, at) DO UPDATE SET task = excluded.task
            RETURNING number
            """)

    static let controls = Statement(
        name: "task_controls",
        sql: """
            SELECT \(controlColumns) FROM task_controls WHERE number > $1::bigint
            ORDER BY number LIMIT $2::bigint
            """)

    static let standingControls = Statement(
        name: "standing_controls",
        sql: """
            SELECT * FROM (
                SELECT DISTINCT ON (task) \(controlColumns) FROM task_controls
                WHERE action <> 'restart' ORDER BY task, number DESC
            ) AS newest ORDER BY number
            """)

    // MARK: - Reaping

    static let reapRuns = Statement(
        name: "reap_runs",
        sql: """
            WITH \(old(in: "task_runs")), gone AS (
                DELETE FROM task_runs r USING old
                WHERE r.task = old.task AND r.number = old.number RETURNING 1
            )
            SELECT count(*) FROM gone
            """)

    /// It notes how far, for those whose cursors stand before that.
    static let reapTransitions = Statement(
        name: "reap_transitions",
        sql: """
            WITH \(old(in: "task_transitions")), gone AS (
                DELETE FROM task_transitions t USING old
                WHERE t.task = old.task AND t.number = old.number RETURNING t.task, t.number
            ), noted AS (
                INSERT INTO task_reaped SELECT task, max(number) FROM gone GROUP BY task
                ON CONFLICT (task) DO UPDATE
                SET number = greatest(task_reaped.number, excluded.number)
            )
            SELECT count(*) FROM gone
            """)

    static let reapControls = Statement(
        name: "reap_controls",
        sql: """
            WITH \(old(in: "task_controls")), gone AS (
                DELETE FROM task_controls c USING old
                WHERE c.number = old.number AND c.number <> coalesce((
                    SELECT max(number) FROM task_controls
                    WHERE task = old.task AND action <> 'restart'), 0)
                RETURNING 1
            )
            SELECT count(*) FROM gone
            """)

    /// All but the newest `$1` of each task, the oldest `$2` of them.
    private static func old(in table: String) -> String {
        """
        old AS (
            SELECT each.task, each.number FROM (SELECT DISTINCT task FROM \(table)) AS tasks
            CROSS JOIN LATERAL (
                SELECT task, number FROM \(table) WHERE task = tasks.task
                ORDER BY number DESC OFFSET $1::bigint
            ) AS each
            ORDER BY each.number LIMIT $2::bigint
        )
        """
    }

    // MARK: - Retry policies

    private static let policyColumns = "name, version, policy, author, reason, at"

    static let setPolicy = Statement(
        name: "set_policy",
        sql: """
            INSERT INTO retry_policies (\(policyColumns))
            SELECT $1::text, $2::bigint, $3::text, $4::text, $5::text, $6::bigint
            WHERE $2::bigint = 1 + coalesce(
                (SELECT max(version) FROM retry_policies WHERE name = $1::text), 0)
            ON CONFLICT (name, version) DO NOTHING
            """)

    static let policies = Statement(
        name: "policies",
        sql: """
            SELECT DISTINCT ON (name) \(policyColumns) FROM retry_policies
            ORDER BY name, version DESC LIMIT $1::bigint
            """)

    static let policyHistory = Statement(
        name: "policy_history",
        sql: """
            SELECT \(policyColumns) FROM retry_policies
            WHERE name = $1::text AND version < $2::bigint
            ORDER BY version DESC LIMIT $3::bigint
            """)

    /// Run by the readers.
    static let reads = [
        newestNumber,
        runs, transitions, transitionsOfTask, controls, standingControls, policies, policyHistory,
    ]
    static let writes = [
        appendRuns, appendTransitions, insertControl, reapRuns, reapTransitions, reapControls,
        setPolicy, policyHistory, BatchStatements.discardPlans,
    ]
}
