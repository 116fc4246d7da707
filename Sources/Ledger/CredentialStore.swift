// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// An API token as the store keeps it: never the token itself, only its SHA-256.
package struct TokenRecord: Sendable, Equatable {
    /// What the operator calls it; unique.
    package let name: String
    package let tenant: TenantID
    /// The 32 bytes of SHA-256 over the token's text.
    package let digest: [UInt8]
    /// Scope names of the contract (`withdraw:write`).
    package let scopes: [String]
    package let createdAt: Timestamp
    /// nil for no end.
    package let expiresAt: Timestamp?
    package var revokedAt: Timestamp?

    package init(
        name: String, tenant: TenantID, digest: [UInt8], scopes: [String], createdAt: Timestamp,
        expiresAt: Timestamp?, revokedAt: Timestamp?
    ) {
        self.name = name
        self.tenant = tenant
        self.digest = digest
        self.scopes = scopes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }
}

/// Where API tokens are kept: the ledger's store, so that a revocation reaches every instance.
package protocol CredentialStore: Sendable {
    /// Adds a token; false when the name is taken.
    func insertToken(_ token: TokenRecord) async throws(StoreError) -> Bool

    func token(digest: [UInt8]) async throws(StoreError) -> TokenRecord?

    /// All tokens by name.
    func tokens() async throws(StoreError) -> [TokenRecord]

    /// Ends a token now; false when there is none of that name or it has been revoked before.
    func revokeToken(named name: String, at now: Timestamp) async throws(StoreError) -> Bool
}
