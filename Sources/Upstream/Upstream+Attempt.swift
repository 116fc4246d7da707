// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
internal import TellerProtocol

/// One attempt: within its time, with credentials, classified.
extension Upstream {
    typealias Failure = AttemptFailure<AttemptFault>

    /// Makes an attempt and breaks it off when its time is over.
    ///
    /// An answer that came whole in the moment in which the time ran out counts.
    ///
    /// - Parameter mayRefresh: Whether a 401 may lead to other credentials and one more sending.
    func attempt<Value: Sendable>(
        _ call: OutboundCall, within timeout: Duration, _ trace: AttemptTrace, mayRefresh: Bool,
        _ read: @escaping @Sendable (UpstreamAnswer) throws(JSONError) -> Value
    ) async throws(Failure) -> Value {
        let sleep = environment.sleep
        let (result, isOverdue) = await withTaskGroup(of: Result<Value, Failure>?.self) { group in
            group.addTask { [self] in
                do throws(Failure) {
                    let answer = try await answer(call, trace, mayRefresh: mayRefresh)
                    return .success(try value(answer.0, of: call, answer.1, read))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await sleep(timeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return (first, false) }
            // Sleeping ends early too when the caller goes away.
            let isOverdue = !Task.isCancelled
            while let next = await group.next() {
                if let next { return (next, isOverdue) }
            }
            preconditionFailure("an attempt comes to an end")
        }
        do {
            return try result.get()
        } catch {
            throw isOverdue ? overdue(error) : error
        }
    }

    /// An attempt that was broken off because its time was over.
    private func overdue(_ failure: Failure) -> Failure {
        guard failure.outcome.callClass == .cancelled else { return failure }
        return failure.outcome.mayHaveBeenProcessed
            ? AttemptFault.failure(
                .timeout, "there was no whole answer in time", status: failure.cause.status)
            : AttemptFault.failure(.connect, "nothing could be sent in time")
    }

    /// The whole answer, whatever its status, and what it was asked for with.
    private func answer(
        _ call: OutboundCall, _ trace: AttemptTrace, mayRefresh: Bool
    ) async throws(Failure) -> (Exchange.Answer, UpstreamCredentials) {
        let credentials = try await credentials()
        let answer = try await exchange(call, credentials, trace)
        guard configuration.credentialRefusals.contains(answer.status), mayRefresh, let keeper
        else { return (answer, credentials) }
        // A 401 says that the call was not carried out, so even one that is sent once may be
        // sent again. When there are no better credentials, the 401 stands.
        trace.noteRefresh()
        let fresh = try? await keeper.credentials(replacing: credentials)
        if Task.isCancelled { throw interrupted }
        guard let fresh, fresh != credentials else { return (answer, credentials) }
        return (try await exchange(call, fresh, trace), fresh)
    }

    private func credentials() async throws(Failure) -> UpstreamCredentials {
        guard let keeper else { return UpstreamCredentials() }
        do {
            return try await keeper.credentials()
        } catch {
            if Task.isCancelled { throw interrupted }
            // The provider's error may quote anything, but an upstream's own is safe.
            let detail = (error as? UpstreamError)?.description ?? "\(type(of: error))"
            throw AttemptFault.failure(
                .connect, "there are no credentials", detail: detail, code: .credentials)
        }
    }

    /// Broken off before anything was sent that may have been carried out.
    private var interrupted: Failure {
        AttemptFault.failure(.cancelled, "the caller went away", mayHaveBeenProcessed: false)
    }

    private func exchange(
        _ call: OutboundCall, _ credentials: UpstreamCredentials, _ trace: AttemptTrace
    ) async throws(Failure) -> Exchange.Answer {
        guard let path = call.path(credentials), let body = call.body(credentials),
            HeaderRules.allow(credentials.headers)
        else {
            throw AttemptFault.failure(
                .connect, "the credentials can't be sent, or lack one for the path or the body",
                code: .credentials)
        }
        let headers = call.headers(
            credentials, trace: environment.traceHeaders(), userAgent: configuration.userAgent)
        let wholePath = configuration.baseURL.pathPrefix + path
        let exchange = Exchange(
            http: client.http, origin: configuration.baseURL.origin, call: call,
            path: wholePath.isEmpty ? "/" : wholePath, body: body, headers: headers, trace: trace,
            redactor: redactor(credentials))
        return try await exchange.run()
    }

    // MARK: - Classification

    private func value<Value>(
        _ answer: Exchange.Answer, of call: OutboundCall, _ credentials: UpstreamCredentials,
        _ read: (UpstreamAnswer) throws(JSONError) -> Value
    ) throws(Failure) -> Value {
        let status = status(answer, of: call.endpoint)
        guard call.endpoint.expectedStatuses.contains(status) else {
            throw refusal(answer, status, credentials)
        }
        do throws(JSONError) {
            return try read(UpstreamAnswer(status: status, body: answer.body))
        } catch {
            // The path is made of the sender's keys.
            let problem = redactor(credentials).redact(
                Self.problem(error), charactersMax: Exchange.detailCharactersMax)
            throw AttemptFault.failure(.protocol, problem, status: status)
        }
    }

    /// The status that counts.
    private func status(_ answer: Exchange.Answer, of endpoint: UpstreamEndpoint) -> Int {
        guard let readStatus = configuration.readStatus,
            answer.body.count <= UpstreamConfiguration.refusalBytesMax,
            let body = try? JSONValue.parse(answer.body)
        else { return answer.status }
        return readStatus(endpoint, answer.status, body)
    }

    private static func problem(_ error: JSONError) -> String {
        switch error.code {
        case .syntax, .tooLarge: "the answer is not JSON: \(error.description)"
        default:
            error.path.isEmpty
                ? "the answer \(error.problem)" : "the answer's \(error.path) \(error.problem)"
        }
    }

    private func refusal(
        _ answer: Exchange.Answer, _ status: Int, _ credentials: UpstreamCredentials
    ) -> Failure {
        let said = (try? JSONValue.parse(answer.body)).map(configuration.readRefusal)
        let detail = redactor(credentials).redact(
            said?.message ?? "", charactersMax: Exchange.detailCharactersMax)
        // Of these two the header has a meaning (RFC 9110 10.2.3, RFC 6585 4).
        let mayWish = status == 429 || status == 503
        let wish = answer.retryAfter.flatMap {
            RetryAfter.delay($0, wallClock: environment.wallClock())
        }
        let outcome = CallOutcome(
            httpStatus: status, retryAfter: mayWish ? wish ?? said?.retryAfter : nil)
        // A 2xx or 3xx that was not expected is none the caller can go on with.
        let callClass = outcome.callClass == .succeeded ? .protocol : outcome.callClass
        return AttemptFault.failure(
            callClass, Self.problem(callClass), detail: detail, status: status,
            retryAfter: outcome.retryAfter)
    }

    private static func problem(_ callClass: CallClass) -> String {
        switch callClass {
        case .tooManyRequests: "it is called too often"
        case .server: "it failed inside"
        case .rejected: "it refused the call"
        default: "the status was not expected"
        }
    }

    private func redactor(_ credentials: UpstreamCredentials) -> SecretRedactor {
        SecretRedactor(configuration.secrets + credentials.secrets)
    }
}
