// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol

extension RPCHandler {
    /// Answers a streaming call; see `RPCEventSink` for what goes over the wire.
    ///
    /// A stream lives until its method ends it, its caller leaves, the time of `grpc-timeout` or
    /// the longest life of a stream is up, or the server drains.
    func stream(
        _ body: RPCMethod.Streaming, to call: Call, method: RPCMethod, of incoming: IncomingRequest,
        _ span: CallSpan?, _ permit: @escaping RPCEventSink.Permit, _ exchange: any HTTPExchange
    ) async {
        guard let id = incoming.id(of: call) else {
            // A stream without an id could never end with its response.
            note(.invalidArgument, of: method, in: incoming, span)
            return respond(nil, to: incoming, exchange)
        }
        guard streams.enter(incoming.connection) else {
            let error = RPCError.overloaded("streams", retryAfter: limits.overloadRetryAfter)
            note(error.status, of: method, in: incoming, span)
            return respond(Refusal(status: 503, error: error), to: call, of: incoming, exchange)
        }
        defer { streams.leave(incoming.connection) }

        let timeout = min(
            incoming.metadata.timeout ?? limits.streamDurationMax, limits.streamDurationMax)
        let deadline = clock.now + timeout
        exchange.cancel(after: timeout)
        // After the timer is set, so that a drain's cancellation is never replaced by it.
        let name = identifiers.next()
        guard lifecycle.open(name, exchange) else {
            let error = RPCError.shuttingDown(retryAfter: limits.overloadRetryAfter)
            note(error.status, of: method, in: incoming, span)
            return respond(Refusal(status: 503, error: error), to: call, of: incoming, exchange)
        }
        defer { lifecycle.close(name) }
        let closed = countStream(of: method)
        defer { closed() }

        let sink = RPCEventSink(
            exchange, method: method.name,
            headers: Reply.headers(
                contentType: "application/x-ndjson", requestID: incoming.requestID),
            permit: permit)
        let context = context(of: incoming, deadline: deadline)
        var writer = Reply.beginResult(id: id)
        do throws(RPCError) {
            try await body(parameters(of: call, incoming), context, sink, &writer)
            writer.endObject()
            await sink.finish(writer.bytes)
            note(nil, of: method, in: incoming, span)
        } catch {
            let error = explainStream(error, deadline: deadline)
            note(error.status, of: method, in: incoming, span)
            log(error, method: method, context)
            let response = Reply.error(error, id: id, requestID: incoming.requestID)
            if sink.hasBegun {
                await sink.finish(response)
            } else {
                respond(response, to: incoming, exchange)
            }
        }
    }

    /// Authenticates the caller of a stream again before each event: a token that is revoked or
    /// expires ends its streams too. A store that cannot say ends none.
    func permit(
        to method: RPCMethod, _ request: HTTPRequest, requestID: String
    ) -> RPCEventSink.Permit {
        let authenticator = authenticator
        return { () async throws(RPCError) in
            do throws(Refusal) {
                let caller = try authenticator.caller(of: request, requestID: requestID)
                let principal = try await authenticator.principal(
                    of: caller, for: request, requestID: requestID)
                guard principal.isAllowed(method.scope) else {
                    throw Refusal.missing(method.scope)
                }
            } catch {
                guard error.status == 503 else { throw error.error }
            }
        }
    }

    private func explainStream(_ error: RPCError, deadline: Duration) -> RPCError {
        let explained = explain(error, deadline: deadline)
        guard explained.status == .cancelled, Task.isCancelled, lifecycle.phase != .serving else {
            return explained
        }
        return .shuttingDown(retryAfter: limits.overloadRetryAfter)
    }
}
