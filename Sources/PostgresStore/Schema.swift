// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Ledger

/// Applies the schema's steps, each once, and checks that those applied are the ones known.
enum Schema {
    /// Any number that nothing else in the database takes; instances that start together wait
    /// for one another on it.
    private static let lockNumber = 7_355_608

    private static let applied = Statement(
        name: "applied",
        sql: "SELECT number, checksum FROM schema_migrations ORDER BY number")

    private static let note = Statement(
        name: "note",
        sql: "INSERT INTO schema_migrations VALUES ($1::bigint, $2::text, $3::text)")

    static func bringUpToDate(_ connectionString: String) throws(StoreError) {
        let lockAndTable = """
            SELECT pg_advisory_lock(\(lockNumber));
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL
            );
            """
        // The lock goes with the connection.
        var history = try Connection.open(
            connectionString, settings: "SET client_min_messages = warning;" + lockAndTable,
            statements: [applied, note])
        try history.send(applied)
        let rows = try history.finish()[0]
        for row in 0..<rows.count {
            let number = try rows.int64(row, 0)
            guard row < Migrations.all.count else {
                throw StoreError(.schemaMismatch, "step \(number) was made by a newer program")
            }
            let known = Migrations.all[row]
            guard known.number == number, checksum(known.sql) == (try rows.text(row, 1)) else {
                throw StoreError(.schemaMismatch, "step \(number) was made by another text")
            }
        }
        for step in Migrations.all.dropFirst(rows.count) {
            try apply(step, connectionString)
        }
    }

    /// Runs a step and notes it, in one transaction. Its many statements need a connection that
    /// is not in pipeline mode yet, which the settings of a new one are run on.
    private static func apply(
        _ step: (number: Int64, name: String, sql: String), _ connectionString: String
    ) throws(StoreError) {
        _ = try Connection.open(
            connectionString,
            settings: """
                BEGIN;
                \(step.sql)
                INSERT INTO schema_migrations
                VALUES (\(step.number), '\(step.name)', '\(checksum(step.sql))');
                COMMIT;
                """,
            statements: [])
    }

    private static func checksum(_ sql: String) -> String {
        SHA256.hash(data: Array(sql.utf8)).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
