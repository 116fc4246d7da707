// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
package import Resilience
import TellerProtocol

extension SQLiteStore: PolicyStore {
    package func setPolicy(_ policy: PolicyVersion) async throws(PolicyStoreError) {
        let newest: PolicyVersion?
        do {
            newest = try await write { database in
                let newest = try Self.history(of: policy.name, before: .max, limit: 1, database)
                    .first
                guard (newest?.version ?? 0) + 1 == policy.version else { return newest }
                try database.execute(
                    sql: "INSERT INTO retry_policies VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        policy.name, policy.version, policy.policy, policy.author, policy.reason,
                        policy.at.wholeMilliseconds,
                    ])
                return policy
            }
        } catch {
            throw .unavailable(error.debugDescription)
        }
        // A call made again finds its own version there.
        guard newest == policy else { throw .conflict(current: newest?.version ?? 0) }
    }

    package func policies() async throws(PolicyStoreError) -> [PolicyVersion] {
        try await look { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM retry_policies WHERE (name, version) IN
                        (SELECT name, max(version) FROM retry_policies GROUP BY name)
                    ORDER BY name LIMIT ?
                    """, arguments: [PolicyVersion.namesMax]
            ).map(Self.record)
        }
    }

    package func policyHistory(
        of name: String, before: Int64?, limit: Int
    ) async throws(PolicyStoreError) -> [PolicyVersion] {
        try await look { try Self.history(of: name, before: before ?? .max, limit: limit, $0) }
    }

    private func look<Value: Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Value
    ) async throws(PolicyStoreError) -> Value {
        do {
            return try await read(query)
        } catch {
            throw .unavailable(error.debugDescription)
        }
    }

    private static func history(
        of name: String, before: Int64, limit: Int, _ database: Database
    ) throws -> [PolicyVersion] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM retry_policies WHERE name = ? AND version < ?
                ORDER BY version DESC LIMIT ?
                """, arguments: [name, before, limit]
        ).map(record)
    }

    private static func record(_ row: Row) throws -> PolicyVersion {
        let policy = PolicyVersion(
            name: try row.value(0), version: try row.value(1), policy: try row.value(2),
            author: try row.value(3), reason: try row.value(4),
            at: .milliseconds(try row.value(5, as: Int64.self)))
        guard let policy else { throw row.corrupt(2) }
        return policy
    }
}
