// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience
package import TellerProtocol

/// An external API: every call that leaves the service goes through one of these.
///
/// ```
///   call ─► checked ─► CallPipeline: deadline ─► budget ─► breaker ─► concurrency ─┐
///                         ▲                                                         ▼
///                         │ retry, by policy                          attempt, within its time
///                         └──────── classified ◄── answer ◄── redirects ◄── credentials, sending
/// ```
///
/// * **Sent once.** A call to an endpoint of `.once` has one attempt whatever the policy says.
///   Its error tells whether it may have been carried out: it was not when no connection came
///   about, when the body had not begun to be sent, and after a 4xx.
/// * **401**, or another 4xx that the configuration names as refusing credentials. Others are asked
///   for once a call, by one caller for all, and the call is sent again within its attempt: the
///   refusal proves that it was not carried out.
/// * **Redirects** of a GET are followed, up to three, within the origin (scheme, host, port).
///   All others fail as `protocol`, http to https among them.
/// * **JSON.** The strict reader decides, whatever `content-type` says: many APIs label JSON as
///   text, and a page of HTML with status 200 is refused either way. Bodies are not compressed.
/// * **Status.** Where the configuration has a `readStatus`, it may give an answer another status
///   than HTTP did, and everything goes by that: retries, breaker, what the caller gets.
/// * **Limits.** The time of an attempt covers credentials, connecting, sending and the whole
///   answer. A larger answer than allowed is cut off as it comes.
package final class Upstream: Sendable {
    package let configuration: UpstreamConfiguration
    /// What it was made with; see `policy` for the one in effect.
    package let defaultPolicy: CheckedRetryPolicy
    let environment: UpstreamEnvironment
    let client: UpstreamClient
    let keeper: CredentialKeeper?
    private let pipeline: CallPipeline
    private let observer: (any UpstreamObserver)?

    /// - Parameters:
    ///   - client: Shared; it must outlive the calls.
    ///   - observer: nil for none.
    /// - Throws: when the configuration can't be used.
    package init(
        _ configuration: UpstreamConfiguration, policy: CheckedRetryPolicy,
        client: UpstreamClient, environment: UpstreamEnvironment,
        observer: (any UpstreamObserver)? = nil
    ) throws(UpstreamConfiguration.Fault) {
        try configuration.check()
        self.configuration = configuration
        defaultPolicy = policy
        self.environment = environment
        self.client = client
        self.observer = observer
        keeper = configuration.auth.map { CredentialKeeper($0) }
        pipeline = CallPipeline(
            policy, now: environment.now, sleep: environment.sleep, random: environment.random,
            observe: { [name = configuration.name] event in
                // The other events know no endpoint, and are told with it below.
                guard case .breakerChanged(let change) = event else { return }
                observer?.observe(.breakerChanged(upstream: name, change))
            })
    }

    package var name: String { configuration.name }

    package var policy: CheckedRetryPolicy { pipeline.policy }

    /// Takes another policy: it holds for every step from now on, also of calls under way.
    package func reconfigure(_ policy: CheckedRetryPolicy) { pipeline.reconfigure(policy) }

    package func status() -> UpstreamStatus { pipeline.status() }

    /// The newest outcomes, at most 4,096, in the order in which the attempts began.
    package var recorded: [RecordedOutcome] { pipeline.recorded }

    // MARK: - Calls

    /// Makes a call whose answer is a JSON document of a type that reads itself.
    ///
    /// - Parameter limit: What the call may take in all; nil for the policy's deadline, which
    ///   holds as well.
    package func call<Value: JSONDecodable & Sendable>(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest = UpstreamRequest(),
        within limit: Duration? = nil, as type: Value.Type = Value.self
    ) async throws(UpstreamError) -> Value {
        let limits = jsonLimits(endpoint)
        return try await make(endpoint, request, limit) { (answer) throws(JSONError) in
            try Value(jsonBytes: answer.body, limits: limits)
        }
    }

    /// Makes a call whose answer is a JSON document of which `read` takes what it needs. What it
    /// refuses counts as a `protocol` failure.
    package func call<Value: Sendable>(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest = UpstreamRequest(),
        within limit: Duration? = nil,
        reading read: @escaping @Sendable (AnswerValue) throws(JSONError) -> Value
    ) async throws(UpstreamError) -> Value {
        let limits = jsonLimits(endpoint)
        return try await make(endpoint, request, limit) { (answer) throws(JSONError) in
            try read(AnswerValue(try JSONValue.parse(answer.body, limits: limits)))
        }
    }

    /// Makes a call of whose answer the status is enough, or whose body is no JSON.
    package func send(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest = UpstreamRequest(),
        within limit: Duration? = nil
    ) async throws(UpstreamError) -> UpstreamAnswer {
        try await make(endpoint, request, limit) { answer in answer }
    }

    private func jsonLimits(_ endpoint: UpstreamEndpoint) -> JSONLimits {
        var limits = JSONLimits.standard
        limits.bytesMax = endpoint.responseBytesMax ?? configuration.responseBytesMax
        return limits
    }

    // MARK: - Through the pipeline

    private func make<Value: Sendable>(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest, _ limit: Duration?,
        _ read: @escaping @Sendable (UpstreamAnswer) throws(JSONError) -> Value
    ) async throws(UpstreamError) -> Value {
        let call: OutboundCall
        do throws(OutboundCall.Refusal) {
            call = try OutboundCall(endpoint, request, configuration)
        } catch {
            throw told(invalid(endpoint, error))
        }
        var (attempts, mayRefresh) = (0, true)
        do throws(CallFailure<AttemptFault>) {
            return try await pipeline.call(
                isRepeatable: endpoint.repetition == .repeatable,
                deadline: limit.map { environment.now() + $0 }
            ) { (timeout) throws(Failure) in
                let trace = AttemptTrace()
                attempts += 1
                let startedAt = environment.now()
                let span = AttemptSpan(endpoint, of: self, attempt: attempts)
                var callClass = CallClass.succeeded
                defer {
                    span?.end(callClass, status: trace.status)
                    mayRefresh = mayRefresh && !trace.hasRefreshed
                    observer?.observe(
                        .attempted(
                            UpstreamAttempt(
                                upstream: name, endpoint: endpoint.name, callClass: callClass,
                                status: trace.status, duration: environment.now() - startedAt,
                                isRetry: attempts > 1)))
                }
                do throws(Failure) {
                    let mayRefresh = mayRefresh
                    guard let span else {
                        return try await attempt(
                            call, within: timeout, trace, mayRefresh: mayRefresh, read)
                    }
                    return try await span.work { () throws(Failure) in
                        try await attempt(
                            call, within: timeout, trace, mayRefresh: mayRefresh, read)
                    }
                } catch {
                    // As the pipeline sees it: who has left did not let the attempt succeed.
                    let hasLeft = Task.isCancelled && error.outcome.callClass.isFailure
                    callClass = hasLeft ? .cancelled : error.outcome.callClass
                    throw error
                }
            }
        } catch {
            throw told(failed(endpoint, error))
        }
    }

    private func told(_ error: UpstreamError) -> UpstreamError {
        observer?.observe(.gaveUp(error))
        return error
    }

    private func invalid(
        _ endpoint: UpstreamEndpoint, _ refusal: OutboundCall.Refusal
    ) -> UpstreamError {
        UpstreamError(
            code: .invalidRequest, upstream: name, endpoint: endpoint.name, status: nil,
            reason: nil, attempts: 0, mayHaveBeenProcessed: false, retryAfter: nil,
            problem: refusal.problem, detail: "")
    }

    private func failed(
        _ endpoint: UpstreamEndpoint, _ failure: CallFailure<AttemptFault>
    ) -> UpstreamError {
        let code: UpstreamError.Code =
            failure.reason == .cancelled ? .cancelled : failure.cause?.code ?? .heldBack
        return UpstreamError(
            code: code, upstream: name, endpoint: endpoint.name, status: failure.cause?.status,
            reason: failure.reason, attempts: failure.attempts,
            mayHaveBeenProcessed: failure.mayHaveBeenProcessed,
            retryAfter: failure.cause?.retryAfter,
            problem: failure.cause?.problem ?? Self.problem(failure.reason),
            detail: failure.cause?.detail ?? "")
    }

    /// Why a call that had no attempt had none.
    private static func problem(_ reason: GiveUpReason) -> String {
        switch reason {
        case .deadline: "no time was left"
        case .breaker: "the breaker is open"
        case .concurrencyLimit: "as many calls are under way as may be"
        case .cancelled: "the caller went away"
        case .budget, .notRetryable, .sentOnce, .attemptsMax: "it may not be tried again"
        }
    }
}
