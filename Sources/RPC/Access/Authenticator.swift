// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import TellerProtocol

/// The authentication interceptor: finds the principal of a request.
///
/// A bearer token decides when there is one, then the client certificate, then the policy for
/// callers without credentials.
final class Authenticator: Sendable {
    private let policy: AccessPolicy
    private let clock: RPCClock
    private let cache: TokenCache
    private let failures: FailedAttempts
    private let logger: Logger

    init(policy: AccessPolicy, limits: RPCLimits, clock: RPCClock, logger: Logger) {
        self.policy = policy
        self.clock = clock
        self.cache = TokenCache(limits)
        self.failures = FailedAttempts(limits)
        self.logger = logger
    }

    /// Who calls, as far as it is known at once.
    enum Caller {
        case principal(Principal)
        /// The bearer of a token that the store must be asked about.
        case bearer(TokenDigest)
    }

    func caller(of request: HTTPRequest, requestID: String) throws(Refusal) -> Caller {
        if let authorization = request.headers.bytes("authorization") {
            guard request.headers.count(of: "authorization") == 1,
                let digest = BearerToken.digest(authorization: authorization)
            else {
                let error = RPCError.unauthenticated("the authorization header holds no token")
                throw fail(error, of: request, requestID: requestID)
            }
            let known = cache.answer(for: digest, now: clock.now)
            if case .fresh(let principal) = known { return .principal(principal) }
            if case .unknown = known { try refuseIfLimited(request) }
            return .bearer(digest)
        }
        if let subject = request.connection.clientCertificateSubject,
            let principal = policy.certificateSubjects[subject]
        {
            return .principal(principal)
        }
        guard let anonymous = policy.anonymous else {
            throw Refusal(
                status: 401, error: .unauthenticated("send authorization: Bearer and a token"))
        }
        // A browser names the page that sends a request. No page is a caller of a server that
        // asks for no credentials, or any site could spend its visitor's money.
        guard !request.headers.contains("origin") else {
            throw Refusal(
                status: 403,
                error: .permissionDenied("a page in a browser may not call without a token"))
        }
        return .principal(anonymous)
    }

    /// The principal of `caller`; asks the store when it must.
    func principal(
        of caller: Caller, for request: HTTPRequest, requestID: String
    ) async throws(Refusal) -> Principal {
        let digest: TokenDigest
        switch caller {
        case .principal(let principal): return principal
        case .bearer(let bearer): digest = bearer
        }
        guard let tokens = policy.tokens else {
            throw fail(
                .unauthenticated("this server has no tokens"), of: request, requestID: requestID)
        }
        let principal: Principal?
        do throws(RPCError) {
            principal = try await tokens.authenticate(tokenDigest: digest, now: clock.wall)
        } catch { throw Refusal(status: 503, error: error) }
        cache.keep(principal, for: digest, now: clock.now)
        guard let principal else {
            throw fail(
                .unauthenticated("the token is unknown, expired or revoked"), of: request,
                requestID: requestID)
        }
        return principal
    }

    private func refuseIfLimited(_ request: HTTPRequest) throws(Refusal) {
        let address = request.connection.remoteAddress
        guard let wait = failures.wait(of: address, now: clock.now) else { return }
        throw Refusal(status: 429, error: .tooManyFailedAttempts(retryAfter: wait))
    }

    /// Counts and logs a failed attempt, never with what was presented.
    private func fail(_ error: RPCError, of request: HTTPRequest, requestID: String) -> Refusal {
        let address = request.connection.remoteAddress
        if let wait = failures.wait(of: address, now: clock.now) {
            return Refusal(status: 429, error: .tooManyFailedAttempts(retryAfter: wait))
        }
        failures.record(address, now: clock.now)
        logger.warning(
            "authentication failed",
            metadata: [
                "remoteAddress": "\(address)", "requestId": "\(requestID)",
                "problem": "\(error.message)",
            ])
        return Refusal(status: 401, error: error)
    }
}
