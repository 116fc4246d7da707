// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import TellerProtocol

extension PostgresStore: CredentialStore {
    package func insertToken(_ token: TokenRecord) async throws(StoreError) -> Bool {
        var parameters = Parameters()
        parameters.text(token.name)
        parameters.text(token.tenant.text)
        parameters.blob(token.digest)
        parameters.text(token.scopes.joined(separator: " "))
        parameters.int64(token.createdAt.unixMilliseconds)
        parameters.optionalInt64(token.expiresAt?.unixMilliseconds)
        parameters.optionalInt64(token.revokedAt?.unixMilliseconds)
        return try await readers.run(ReadStatements.insertToken, parameters) {
            rows throws(StoreError) in rows.count == 1
        }
    }

    package func token(digest: [UInt8]) async throws(StoreError) -> TokenRecord? {
        var parameters = Parameters()
        parameters.blob(digest)
        return try await readers.run(ReadStatements.token, parameters) {
            rows throws(StoreError) in try rows.tokens().first
        }
    }

    package func tokens() async throws(StoreError) -> [TokenRecord] {
        try await readers.run(ReadStatements.tokens) {
            rows throws(StoreError) in try rows.tokens()
        }
    }

    package func revokeToken(
        named name: String, at now: Timestamp
    ) async throws(StoreError) -> Bool {
        var parameters = Parameters()
        parameters.text(name)
        parameters.int64(now.unixMilliseconds)
        return try await readers.run(ReadStatements.revokeToken, parameters) {
            rows throws(StoreError) in rows.count == 1
        }
    }
}
