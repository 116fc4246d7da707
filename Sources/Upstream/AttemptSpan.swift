// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
internal import Tracing

/// The client span of one attempt. It says which endpoint, the how manieth attempt and what came of
/// it; nothing of paths, headers and bodies, in which secrets stand.
struct AttemptSpan {
    private let span: any Span

    /// - Returns: nil when nothing traces.
    init?(_ endpoint: UpstreamEndpoint, of upstream: Upstream, attempt: Int) {
        guard let tracer = upstream.environment.tracer else { return nil }
        span = tracer.startSpan(endpoint.name, ofKind: .client)
        guard span.isRecording else { return }
        span.attributes = [
            "upstream": .string(upstream.name), "attempt": .int(Int64(attempt)),
            "http.request.method": .string(endpoint.method.rawValue),
        ]
    }

    /// Makes the attempt with this span as the one its task works under.
    func work<Value: Sendable>(
        _ attempt: () async throws(Upstream.Failure) -> Value
    ) async throws(Upstream.Failure) -> Value {
        // The task-local's function knows no typed errors.
        let result = await InstrumentationContext.$current.withValue(span.context) {
            do throws(Upstream.Failure) {
                return Result<Value, Upstream.Failure>.success(try await attempt())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Ends it, once.
    ///
    /// - Parameter status: The answer's; nil when there was none.
    func end(_ callClass: CallClass, status: Int?) {
        if span.isRecording {
            var attributes = span.attributes
            attributes["outcome"] = callClass.rawValue
            if let status { attributes["http.response.status_code"] = status }
            span.attributes = attributes
        }
        if callClass.isFailure || callClass == .rejected {
            span.setStatus(SpanStatus(code: .error, message: callClass.rawValue))
        }
        span.end()
    }
}
