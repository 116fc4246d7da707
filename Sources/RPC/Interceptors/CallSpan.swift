// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Telemetry
import TellerProtocol
import Tracing

/// The span of one call, from its request's last byte to its outcome. There is none without a
/// tracer, and all that a call then pays is to find that out.
///
/// Attributes are named as OpenTelemetry's conventions for RPC name them, and `requestId` and
/// `tenant` as in the log.
final class CallSpan: Sendable {
    private let span: any Tracing.Span

    init(_ span: any Tracing.Span) { self.span = span }

    /// What the call's task works under.
    var context: InstrumentationContext { span.context }

    /// Ends it, once.
    ///
    /// - Parameter status: nil when the call succeeded.
    func end(_ status: Status?) {
        span.attributes["rpc.response.status_code"] = status?.rawValue ?? "OK"
        if let status, Self.isFault(status) {
            span.setStatus(SpanStatus(code: .error, message: status.rawValue))
        }
        span.end()
    }

    /// Whether it is the service that failed, by the conventions for gRPC servers; what a caller
    /// did wrong is no error of the server's.
    private static func isFault(_ status: Status) -> Bool {
        switch status {
        case .unknown, .deadlineExceeded, .unimplemented, .internalError, .unavailable, .dataLoss:
            true
        default: false
        }
    }
}

/// Reads header fields for a tracer: all of a name as one list (RFC 9110 section 5.3), so that a
/// field that must stand alone is invalid when it doesn't.
struct TraceHeaders: Extractor {
    func extract(key: String, from headers: HTTPHeaders) -> String? {
        var value: String?
        for index in 0..<headers.count where headers.nameBytes(at: index).elementsEqual(key.utf8) {
            let text = String(decoding: headers.valueBytes(at: index), as: UTF8.self)
            value = value.map { "\($0),\(text)" } ?? text
        }
        return value
    }
}

extension RPCHandler {
    /// Starts the span of a call, as a child of its caller's; nil when nothing traces.
    func startSpan(of call: Call, _ incoming: IncomingRequest) -> CallSpan? {
        guard let tracer else { return nil }
        // The name is a label: callers could invent as many as they like.
        let method = methods.method(named: incoming.body, call.method)?.name ?? "unknown"
        var context = InstrumentationContext.topLevel
        tracer.extract(incoming.request.headers, into: &context, using: TraceHeaders())
        let age = (clock.now - incoming.startedAt).nanoseconds
        let now = DefaultTracerClock.now.nanosecondsSinceEpoch
        let span = tracer.startSpan(
            method, context: context, ofKind: .server,
            at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: now - min(now, age)))
        if span.isRecording {
            span.attributes = [
                "rpc.system": "jsonrpc", "rpc.method": .string(method),
                "requestId": .string(incoming.requestID),
                "tenant": .string(incoming.principal.tenant.text),
            ]
        }
        return CallSpan(span)
    }

    /// What a call's task works under: its span, or the caller's trace, which is passed on also
    /// when nothing is recorded here; nil when there is neither.
    func traceContext(
        _ span: CallSpan?, _ incoming: IncomingRequest
    ) -> InstrumentationContext? {
        span?.context ?? incoming.metadata.trace.map { .carrying($0) }
    }

    /// The work under the call's trace; without one, the work as it is.
    func traced(
        _ span: CallSpan?, _ incoming: IncomingRequest, _ work: @escaping HTTPWork
    ) -> HTTPWork {
        guard let context = traceContext(span, incoming) else { return work }
        return { await InstrumentationContext.$current.withValue(context) { await work() } }
    }
}

extension Duration {
    /// Whole nanoseconds; 0 for what is negative.
    fileprivate var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}
