// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The statements of the leases, judged by the server's clock.
enum LeaseStatements {
    /// The moment itself: a transaction's own time may lie before a wait for the row.
    private static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    /// No row when another has it.
    static let acquire = Statement(
        name: "acquire_lease",
        sql: """
            INSERT INTO leases AS l (name, holder, epoch, expires_at)
            VALUES ($1::text, $2::text, 1, \(now) + $3::bigint)
            ON CONFLICT (name) DO UPDATE
            SET holder = excluded.holder, epoch = l.epoch + 1, expires_at = \(now) + $3::bigint
            WHERE l.holder = excluded.holder OR l.expires_at <= \(now)
            RETURNING epoch
            """)

    /// Ends sessions of this program that have fallen silent in the middle of a transaction: halted
    /// or cut off while a batch was being sent, they would keep what they have locked for as long as
    /// the connection stands. The server's own limit (`Session.settings`) begins only when all of a
    /// batch has come.
    static let endSilentSessions = Statement(
        name: "end_silent_sessions",
        sql: """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = current_user
                AND application_name = current_setting('application_name')
                AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
                AND wait_event_type = 'Client' AND wait_event = 'ClientRead'
                AND greatest(query_start, state_change) < clock_timestamp() - interval '2 s'
            """)

    static let holder = Statement(
        name: "lease_holder", sql: "SELECT holder, epoch FROM leases WHERE name = $1::text")

    /// It leaves the epoch alone, and so waits for no batch.
    static let renew = Statement(
        name: "renew_lease",
        sql: """
            UPDATE leases SET expires_at = \(now) + $4::bigint
            WHERE name = $1::text AND holder = $2::text AND epoch = $3::bigint
                AND expires_at > \(now)
            RETURNING epoch
            """)

    static let release = Statement(
        name: "release_lease",
        sql: """
            UPDATE leases SET expires_at = \(now)
            WHERE name = $1::text AND holder = $2::text AND epoch = $3::bigint
            RETURNING epoch
            """)

    static let all = [
        acquire, endSilentSessions, holder, renew, release, BatchStatements.discardPlans,
    ]
}
