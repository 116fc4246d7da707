// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import TellerProtocol

/// A request to `/rpc` past the interceptors that look at the whole of it.
final class IncomingRequest: Sendable {
    let request: HTTPRequest
    let metadata: RequestMetadata
    let principal: Principal
    /// When its last byte had arrived, on the clock's scale.
    let startedAt: Duration
    /// When the whole request must be answered, on the clock's scale.
    let deadline: Duration
    let logger: Logger

    init(
        _ request: HTTPRequest, metadata: RequestMetadata, principal: Principal,
        startedAt: Duration, deadline: Duration, logger: Logger
    ) {
        self.request = request
        self.startedAt = startedAt
        self.metadata = metadata
        self.principal = principal
        self.deadline = deadline
        self.logger = logger
    }

    var body: [UInt8] { request.body }
    var connection: HTTPConnectionInfo { request.connection }
    var requestID: String { metadata.requestID }

    func id(of call: Call) -> ArraySlice<UInt8>? { call.id.map { body[$0] } }
}

extension RPCHandler {
    /// How much earlier than the deadline a cancellation may come and still be its doing: the
    /// transport's timers and this clock are not the same.
    private static let deadlineTolerance = Duration.milliseconds(5)

    func beginRPC(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPWork? {
        let metadata = RequestMetadata(request.headers, limits: limits, identifiers: identifiers)
        do throws(Refusal) {
            try RequestForm.check(request, limits: limits)
            let timeout = min(metadata.timeout ?? limits.deadlineDefault, limits.deadlineMax)
            // Read before the timer is set: a thread that is held up in between would otherwise see
            // the timer's cancellation long before the deadline, and blame the caller.
            let now = clock.now
            let deadline = now + timeout
            exchange.cancel(after: timeout)
            let caller = try authenticator.caller(of: request, requestID: metadata.requestID)
            if case .principal(let principal) = caller {
                let incoming = IncomingRequest(
                    request, metadata: metadata, principal: principal, startedAt: now,
                    deadline: deadline, logger: logger)
                return begin(incoming, exchange)
            }
            return {
                do throws(Refusal) {
                    let principal = try await self.authenticator.principal(
                        of: caller, for: request, requestID: metadata.requestID)
                    let incoming = IncomingRequest(
                        request, metadata: metadata, principal: principal, startedAt: now,
                        deadline: deadline, logger: self.logger)
                    await self.begin(incoming, exchange)?()
                } catch {
                    self.refuse(error, request, requestID: metadata.requestID, exchange)
                }
            }
        } catch {
            refuse(error, request, requestID: metadata.requestID, exchange)
            return nil
        }
    }

    private func begin(_ incoming: IncomingRequest, _ exchange: any HTTPExchange) -> HTTPWork? {
        switch Envelope.parse(incoming.body, limits: limits) {
        case .single(.call(let call)): return begin(call, of: incoming, exchange)
        case .single(.invalid(let error, let id)):
            refusalMeters?.noMethod.count(error.status)
            respond(error, id: id.map { incoming.body[$0] }, to: incoming, exchange)
        case .batch(let elements):
            return { await self.answer(batch: elements, of: incoming, exchange) }
        case .invalid(let error):
            refusalMeters?.noMethod.count(error.status)
            respond(error, id: nil, to: incoming, exchange)
        }
        return nil
    }

    /// Answers a request that is one call.
    private func begin(
        _ call: Call, of incoming: IncomingRequest, _ exchange: any HTTPExchange
    ) -> HTTPWork? {
        if let fault = incoming.metadata.fault {
            refusalMeters?.noMethod.count(fault.error.status)
            respond(fault.error, to: call, of: incoming, exchange)
            return nil
        }
        let span = startSpan(of: call, incoming)
        let method: RPCMethod
        do throws(Refusal) { method = try admit(call, of: incoming, span) } catch {
            respond(error, to: call, of: incoming, exchange)
            return nil
        }
        switch method.body {
        case .constant(let result):
            let reply = reply(of: result, to: call, method: method, of: incoming, span)
            calls.leave(incoming.connection)
            respond(call.id == nil ? nil : reply, to: incoming, exchange)
            return nil
        case .unary(let body):
            return traced(span, incoming) {
                let reply = await self.reply(
                    of: body, to: call, method: method, of: incoming, span)
                self.calls.leave(incoming.connection)
                self.respond(call.id == nil ? nil : reply, to: incoming, exchange)
            }
        case .streaming(let body):
            return traced(span, incoming) {
                let permit = self.permit(
                    to: method, incoming.request, requestID: incoming.requestID)
                await self.stream(
                    body, to: call, method: method, of: incoming, span, permit, exchange)
                self.calls.leave(incoming.connection)
            }
        }
    }

    /// The interceptors of each call. When they let it pass, it has a place among the calls in
    /// flight, and the caller of this must leave it again.
    func admit(
        _ call: Call, of incoming: IncomingRequest, _ span: CallSpan?
    ) throws(Refusal) -> RPCMethod {
        guard let method = methods.method(named: incoming.body, call.method) else {
            let error = RPCError(reason: .methodNotFound)
            refusalMeters?.unknownMethod.count(error.status)
            span?.end(error.status)
            throw Refusal(status: 200, error: error)
        }
        do throws(Refusal) { try admit(method, of: incoming) } catch {
            note(error.error.status, of: method, in: incoming, span)
            throw error
        }
        return method
    }

    private func admit(_ method: RPCMethod, of incoming: IncomingRequest) throws(Refusal) {
        guard incoming.principal.isAllowed(method.scope) else {
            throw Refusal.missing(method.scope)
        }
        guard lifecycle.phase != .stopped else {
            throw Refusal(status: 503, error: .shuttingDown(retryAfter: limits.overloadRetryAfter))
        }
        guard !Task.isCancelled, incoming.metadata.timeout != .zero else {
            let error = explain(RPCError(reason: .cancelled), deadline: incoming.deadline)
            throw Refusal(status: 200, error: error)
        }
        guard calls.enter(incoming.connection) else {
            throw Refusal(
                status: 503, error: .overloaded("calls", retryAfter: limits.overloadRetryAfter))
        }
    }

    /// Runs a method that answers once; the response, also when it failed.
    func reply(
        of body: RPCMethod.Unary, to call: Call, method: RPCMethod, of incoming: IncomingRequest,
        _ span: CallSpan?
    ) async -> [UInt8] {
        do throws(RPCError) {
            let reply = try await body(
                parameters(of: call, incoming), context(of: incoming),
                incoming.id(of: call) ?? Reply.nullID)
            note(nil, of: method, in: incoming, span)
            return reply
        } catch {
            return failure(error, of: call, method: method, of: incoming, span)
        }
    }

    /// The response to a call that failed. Never inlined, as `Reply.result` is not.
    @inline(never)
    private func failure(
        _ error: RPCError, of call: Call, method: RPCMethod, of incoming: IncomingRequest,
        _ span: CallSpan?
    ) -> [UInt8] {
        let error = explain(error, deadline: incoming.deadline)
        note(error.status, of: method, in: incoming, span)
        log(error, method: method, context(of: incoming))
        return Reply.error(error, id: incoming.id(of: call), requestID: incoming.requestID)
    }

    /// The response with a result that is known.
    func reply(
        of result: [UInt8], to call: Call, method: RPCMethod, of incoming: IncomingRequest,
        _ span: CallSpan?
    ) -> [UInt8] {
        do throws(RPCError) {
            _ = try parameters(of: call, incoming).decode(NoParams.self)
            var writer = Reply.beginResult(id: incoming.id(of: call) ?? Reply.nullID)
            writer.raw(result)
            writer.endObject()
            note(nil, of: method, in: incoming, span)
            return writer.bytes
        } catch {
            note(error.status, of: method, in: incoming, span)
            return Reply.error(error, id: incoming.id(of: call), requestID: incoming.requestID)
        }
    }

    func context(of incoming: IncomingRequest, deadline: Duration? = nil) -> RPCContext {
        RPCContext(incoming, deadline: deadline ?? incoming.deadline)
    }

    func parameters(of call: Call, _ incoming: IncomingRequest) -> RPCParameters {
        RPCParameters(incoming.body, range: call.params, limits: JSONLimits(limits))
    }

    /// Says why a call was cancelled, which its method cannot know: its deadline, or its caller.
    func explain(_ error: RPCError, deadline: Duration) -> RPCError {
        guard Task.isCancelled, error.status == .cancelled || error.status == .deadlineExceeded
        else { return error }
        let hasPassed = clock.now + Self.deadlineTolerance >= deadline
        return RPCError(reason: hasPassed ? .deadlineExceeded : .cancelled)
    }

    func log(_ error: RPCError, method: RPCMethod, _ context: RPCContext) {
        switch error.status {
        case .internalError, .unknown, .dataLoss:
            context.logger.error(
                "call failed",
                metadata: [
                    "method": "\(method.name)", "reason": "\(error.reason)",
                    "problem": "\(error.message)",
                ])
        default:
            guard logger.logLevel <= .debug else { return }
            context.logger.debug(
                "call refused", metadata: ["method": "\(method.name)", "reason": "\(error.reason)"])
        }
    }

    // MARK: Responses

    /// nil: there were only notifications, and nothing is said.
    func respond(_ reply: [UInt8]?, to incoming: IncomingRequest, _ exchange: any HTTPExchange) {
        if let reply {
            exchange.respond(Reply.json(reply, requestID: incoming.requestID))
        } else {
            var response = HTTPResponse(status: 204)
            response.headers.add("x-request-id", incoming.requestID)
            exchange.respond(response)
        }
    }

    private func respond(
        _ error: RPCError, id: ArraySlice<UInt8>?, to incoming: IncomingRequest,
        _ exchange: any HTTPExchange
    ) { respond(Reply.error(error, id: id, requestID: incoming.requestID), to: incoming, exchange) }

    private func respond(
        _ error: RPCError, to call: Call, of incoming: IncomingRequest, _ exchange: any HTTPExchange
    ) { respond(Refusal(status: 200, error: error), to: call, of: incoming, exchange) }

    /// Refuses one call. A notification is told only what concerns the whole request.
    func respond(
        _ refusal: Refusal, to call: Call, of incoming: IncomingRequest,
        _ exchange: any HTTPExchange
    ) {
        if call.id == nil, refusal.status == 200 { return respond(nil, to: incoming, exchange) }
        exchange.respond(
            Reply.refusal(refusal, id: incoming.id(of: call), requestID: incoming.requestID))
    }
}
