// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import Logging
package import Telemetry
import TellerProtocol
package import Tracing

/// Answers every request of the service's port: JSON-RPC calls, gRPC health checks and probes.
///
/// A request to `/rpc` passes these interceptors, in this order:
///
/// 1. form: method, content type, size (405, 415, 413);
/// 2. metadata: `x-request-id`, `traceparent`, `grpc-timeout`, `idempotency-key`;
/// 3. deadline: the task is cancelled when it passes;
/// 4. authentication (401, 403, 429);
/// 5. the JSON-RPC envelope; then, for each call of a batch on its own:
/// 6. the method, its scope (403), drain and in-flight limits (503);
/// 7. the params and the method itself.
///
/// What fails in 1 to 4 and 6 with a status in parentheses never reached a method, and the HTTP
/// status says so; everything else is answered with 200, or 204 when only notifications were
/// sent, which have no answer.
package final class RPCHandler: HTTPHandler {
    let methods: MethodTable
    let limits: RPCLimits
    let clock: RPCClock
    let logger: Logger
    let identifiers: IdentifierSource
    let authenticator: Authenticator
    let lifecycle = RPCLifecycle()
    let calls: InFlightCalls
    let streams: InFlightCalls
    let health: HealthService
    let refusalMeters: RefusalMeters?
    let tracer: (any Tracer)?

    /// - Parameters:
    ///   - methods: the contract's methods, bound to their services.
    ///   - health: what the probes say; the composition sets the store's part of it.
    ///   - metrics: has `metricFamilies`; nil for none.
    ///   - tracer: makes a span of each call; nil for none, and callers' traces are only passed on.
    ///   - identifierSeed: random; see `IdentifierSource`.
    package init(
        methods: [RPCMethod], access: AccessPolicy, health: HealthState,
        limits: RPCLimits = RPCLimits(), clock: RPCClock = .system,
        metrics: MetricsRegistry? = nil, tracer: (any Tracer)? = nil, identifierSeed: UInt64,
        logger: Logger
    ) {
        self.methods = MethodTable(
            metrics.map { metrics in methods.map { $0.measured(by: metrics) } } ?? methods)
        self.limits = limits
        self.clock = clock
        self.logger = logger
        self.tracer = tracer
        identifiers = IdentifierSource(seed: identifierSeed)
        authenticator = Authenticator(policy: access, limits: limits, clock: clock, logger: logger)
        calls = InFlightCalls(
            totalMax: limits.callsInFlightMax,
            perConnectionMax: limits.callsInFlightPerConnectionMax, counter: { $0.callsInFlight })
        streams = InFlightCalls(
            totalMax: limits.streamsMax, perConnectionMax: limits.streamsPerConnectionMax,
            counter: { $0.streamsOpen })
        self.health = HealthService(state: health, limits: limits)
        refusalMeters = metrics.map(RefusalMeters.init)
    }

    /// Turns readiness off and ends the streams; see `RPCLifecycle` for what is still answered.
    package func beginDrain() {
        health.state.block(.draining)
        lifecycle.beginDrain()
    }

    /// Refuses every new call; for when the store is about to close.
    package func stop() {
        beginDrain()
        lifecycle.stop()
    }

    /// The calls being answered now, each element of a batch counted.
    package var callsInFlight: Int { calls.count }

    package func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        await begin(request, exchange)?()
    }

    package func begin(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPWork? {
        switch request.path {
        case "/rpc": return beginRPC(request, exchange)
        case "/livez", "/readyz": answerProbe(request, exchange)
        default:
            if HealthService.isGRPC(request) {
                return { await self.health.answer(request, exchange) }
            } else if request.path.hasPrefix("/grpc.") {
                let error = RPCError.invalidRequest("send content-type application/grpc")
                refuse(Refusal(status: 415, error: error), request, exchange)
            } else {
                let error = RPCError.invalidRequest("calls go to /rpc")
                refuse(Refusal(status: 404, error: error), request, exchange)
            }
        }
        return nil
    }

    private func answerProbe(_ request: HTTPRequest, _ exchange: any HTTPExchange) {
        guard request.method == .get || request.method == .head else {
            let error = RPCError.invalidRequest("probes take GET and HEAD")
            return refuse(Refusal(status: 405, error: error), request, exchange)
        }
        let isGood = request.path == "/livez" || health.state.isReady
        var headers = HTTPHeaders()
        headers.add("content-type", "text/plain")
        headers.add("cache-control", "no-store")
        let text = isGood ? "ok\n" : "not ready\n"
        exchange.respond(
            HTTPResponse(
                status: isGood ? 200 : 503, headers: headers,
                body: request.method == .head ? [] : Array(text.utf8)))
    }

    /// The response to a request the transport refuses without asking the handler: too large, too
    /// slow, malformed, or too much for its connection.
    package func refusal(_ status: Int) -> HTTPResponse {
        let error =
            switch status {
            case 408: RPCError(reason: .deadlineExceeded, message: "the request came too slowly")
            case 413, 431: RPCError.tooLarge("the request is too large")
            case 429, 503:
                RPCError.overloaded("requests", retryAfter: limits.overloadRetryAfter)
            default: RPCError.invalidRequest("the request is not valid HTTP for this server")
            }
        refusalMeters?.noMethod.count(error.status)
        return Reply.refusal(
            Refusal(status: status, error: error), requestID: identifiers.nextText())
    }

    /// Refuses a request outside the RPC path proper.
    private func refuse(_ refusal: Refusal, _ request: HTTPRequest, _ exchange: any HTTPExchange) {
        let metadata = RequestMetadata(request.headers, limits: limits, identifiers: identifiers)
        refuse(refusal, request, requestID: metadata.requestID, exchange)
    }

    func refuse(
        _ refusal: Refusal, _ request: HTTPRequest, requestID: String,
        _ exchange: any HTTPExchange
    ) {
        refusalMeters?.noMethod.count(refusal.error.status)
        var response = Reply.refusal(refusal, requestID: requestID)
        if refusal.status == 405 {
            response.headers.add("allow", request.path == "/rpc" ? "POST" : "GET, HEAD")
        }
        if request.method == .head { response.body = [] }
        exchange.respond(response)
    }
}
