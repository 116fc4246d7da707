// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// Tokens from the ledger's store.
struct StoredTokens: TokenAuthenticator {
    let store: any CredentialStore

    func authenticate(
        tokenDigest: TokenDigest, now: Timestamp
    ) async throws(RPCError) -> Principal? {
        let record: TokenRecord?
        do {
            record = try await store.token(digest: tokenDigest.bytes)
        } catch {
            throw RPCError(reason: .storeUnavailable, retryAfterMilliseconds: 1000)
        }
        guard let record, record.revokedAt == nil, record.expiresAt.map({ now < $0 }) ?? true
        else { return nil }
        return Principal(
            name: record.name, tenant: record.tenant, scopes: Set(record.scopes.map { Scope($0) }))
    }
}

extension AccessPolicy {
    /// The access rules of `configuration`.
    init(_ configuration: ServerConfiguration, tokens store: any CredentialStore) {
        var subjects: [String: Principal] = [:]
        for entry in configuration.certificatePrincipals {
            subjects[entry.subject] = Principal(
                name: entry.subject, tenant: entry.tenant,
                scopes: Set(entry.scopes.map { Scope($0) }))
        }
        self.init(
            anonymous: configuration.tokens == .optional ? .anonymous : nil,
            tokens: StoredTokens(store: store), certificateSubjects: subjects)
    }
}
