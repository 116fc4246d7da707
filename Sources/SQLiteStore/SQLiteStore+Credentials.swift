// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
package import Ledger
package import TellerProtocol

extension SQLiteStore: CredentialStore {
    package func insertToken(_ token: TokenRecord) async throws(StoreError) -> Bool {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO api_tokens
                        (name, tenant, digest, scopes, created_at, expires_at, revoked_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
                    """,
                arguments: [
                    token.name, token.tenant.text, Data(token.digest),
                    token.scopes.joined(separator: " "), token.createdAt.unixMilliseconds,
                    token.expiresAt?.unixMilliseconds, token.revokedAt?.unixMilliseconds,
                ])
            return database.changesCount == 1
        }
    }

    package func token(digest: [UInt8]) async throws(StoreError) -> TokenRecord? {
        try await read { database in
            try Row.fetchOne(
                database, sql: Self.select + " WHERE digest = ?", arguments: [Data(digest)]
            ).map(Self.record)
        }
    }

    package func tokens() async throws(StoreError) -> [TokenRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: Self.select + " ORDER BY name").map(Self.record)
        }
    }

    package func revokeToken(
        named name: String, at now: Timestamp
    ) async throws(StoreError) -> Bool {
        try await write { database in
            try database.execute(
                sql: "UPDATE api_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
                arguments: [now.unixMilliseconds, name])
            return database.changesCount == 1
        }
    }

    private static let select = """
        SELECT name, tenant, digest, scopes, created_at, expires_at, revoked_at FROM api_tokens
        """

    private static func record(_ row: Row) throws -> TokenRecord {
        guard let tenant = TenantID(try row.value(1)) else { throw row.corrupt(1) }
        return TokenRecord(
            name: try row.value(0), tenant: tenant,
            digest: [UInt8](try row.value(2, as: Data.self)),
            scopes: try row.value(3, as: String.self).split(separator: " ").map(String.init),
            createdAt: try row.time(4),
            expiresAt: row.hasNull(atIndex: 5) ? nil : try row.time(5),
            revokedAt: row.hasNull(atIndex: 6) ? nil : try row.time(6))
    }
}
