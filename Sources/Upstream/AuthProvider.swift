// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a call proves its right with. Nothing of it is ever told: not in an error, an event or a
/// log, whatever an upstream echoes.
package struct UpstreamCredentials: Sendable, Equatable {
    /// Header fields: `["Authorization": "Bearer …"]`.
    package var headers: [String: String]
    /// Values for places of the path, by name: `["token": "123:ABC"]` for `/bot{token}/…`.
    package var pathSecrets: [String: String]

    /// Values for members of the body, by name, for the calls that ask for them: see
    /// `UpstreamRequest.secretMembers`.
    package var bodySecrets: [String: String]
    /// Further texts to be kept quiet about: parts of a secret that are secret by themselves.
    package var alsoSecret: [String] = []

    package init(
        headers: [String: String] = [:], pathSecrets: [String: String] = [:],
        bodySecrets: [String: String] = [:]
    ) {
        self.headers = headers
        self.pathSecrets = pathSecrets
        self.bodySecrets = bodySecrets
    }

    /// The texts to be kept quiet about: of a header field also its last word, which is the token
    /// when the field names a scheme.
    var secrets: [String] {
        let words = headers.values.compactMap { $0.split(separator: " ").last.map(String.init) }
        return Array(headers.values) + words + Array(pathSecrets.values)
            + Array(bodySecrets.values) + alsoSecret
    }
}

/// Gives an upstream its credentials.
package protocol AuthProvider: Sendable {
    /// Credentials to send calls with.
    ///
    /// Asked before the first call, and again when an answer refused them; never twice at a time. What
    /// it gives is kept and shared by all calls. It runs within the time of the attempt that
    /// needs it, and is cancelled with it.
    ///
    /// - Parameter refused: What was refused; nil for the first time.
    /// - Returns: For fixed credentials, the same again; a call that was refused then fails.
    /// - Throws: Anything. The error's type is told, its text is not. For policy and breaker it
    ///   counts as `connect`: nothing was sent, and the upstream can't be used.
    func credentials(
        replacing refused: UpstreamCredentials?
    ) async throws -> UpstreamCredentials
}

/// Credentials that never change.
package struct FixedCredentials: AuthProvider {
    private let credentials: UpstreamCredentials

    package init(_ credentials: UpstreamCredentials) { self.credentials = credentials }

    package func credentials(
        replacing refused: UpstreamCredentials?
    ) async throws -> UpstreamCredentials { credentials }
}
