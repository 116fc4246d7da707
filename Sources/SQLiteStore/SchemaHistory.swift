// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import GRDB
import Ledger

/// Applies the schema's steps, each once, and checks that those applied are the ones known.
enum SchemaHistory {
    /// Must run in a transaction that excludes other writers, so that several processes may start
    /// at once.
    static func bringUpToDate(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
                ) STRICT
                """)
        let applied = try Row.fetchAll(
            database, sql: "SELECT number, checksum FROM schema_migrations ORDER BY number"
        ).map {
            (number: try $0.value(0, as: Int.self), checksum: try $0.value(1, as: String.self))
        }
        for (index, step) in applied.enumerated() {
            guard Migrations.all.indices.contains(index) else {
                throw StoreError(
                    .schemaMismatch, "step \(step.number) was made by a newer program")
            }
            let known = Migrations.all[index]
            guard known.number == step.number, checksum(known.sql) == step.checksum else {
                throw StoreError(
                    .schemaMismatch, "step \(step.number) was made by another text")
            }
        }
        for step in Migrations.all.dropFirst(applied.count) {
            try database.execute(sql: step.sql)
            try database.execute(
                sql: "INSERT INTO schema_migrations VALUES (?, ?, ?)",
                arguments: [step.number, step.name, checksum(step.sql)])
        }
    }

    private static func checksum(_ sql: String) -> String {
        SHA256.hash(data: Array(sql.utf8)).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
