// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Knows the tokens: the store behind `teller token create` and `revoke`.
package protocol TokenAuthenticator: Sendable {
    /// The principal of the token with this digest; nil when there is none, or it has expired or
    /// been revoked.
    ///
    /// - Throws: `STORE_UNAVAILABLE` when the store cannot say.
    func authenticate(tokenDigest: TokenDigest, now: Timestamp) async throws(RPCError) -> Principal?
}

/// Who may call.
package struct AccessPolicy: Sendable {
    /// Who a caller without credentials is; nil when credentials are required.
    package var anonymous: Principal?
    /// nil: no token is ever accepted.
    package var tokens: (any TokenAuthenticator)?
    /// The principals of verified client certificates, by subject (RFC 4514 text).
    package var certificateSubjects: [String: Principal]

    package init(
        anonymous: Principal? = nil, tokens: (any TokenAuthenticator)? = nil,
        certificateSubjects: [String: Principal] = [:]
    ) {
        self.anonymous = anonymous
        self.tokens = tokens
        self.certificateSubjects = certificateSubjects
    }

    /// Everybody may do everything: a server that listens on loopback only.
    package static let open = AccessPolicy(anonymous: .anonymous)
}
