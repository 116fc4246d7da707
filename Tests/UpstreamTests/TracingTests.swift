// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TellerProtocol
import TestSupport
import Testing
import Tracing
import Upstream

@testable import Telemetry

/// The trace goes out with every attempt, and each is a span.
@Suite struct TracingTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private static func upstream(
        _ server: ScriptedServer, _ client: UpstreamClient, _ tracer: (any Tracer)?
    ) throws -> Upstream {
        var environment = UpstreamEnvironment(
            now: { ContinuousClock.now - Self.origin },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) },
            wallClock: { .zero }, random: { 1 << 62 })
        environment.tracer = tracer
        environment.traceHeaders = { InstrumentationContext.current?.trace?.headers ?? [:] }
        return try Upstream(
            UpstreamConfiguration(
                name: "service", baseURL: try BaseURL("http://127.0.0.1:\(server.port)")),
            policy: try Bench.policy(), client: client, environment: environment)
    }

    private static let origin = ContinuousClock.now

    private static func context() throws -> InstrumentationContext {
        .carrying(
            try #require(TraceContext(traceparent: Array(parent.utf8)[...], tracestate: "a=1")))
    }

    /// Calls a server that fails once, under the caller's trace.
    private func call(
        _ tracer: (any Tracer)?, refusing: Bool = false
    ) async throws -> [SeenRequest] {
        var seen: [SeenRequest] = []
        try await ScriptedServer.with({ _, number in
            Step.answer(number == 1 ? 503 : refusing ? 404 : 200)
        }) { server in
            let client = UpstreamClient()
            let upstream = try Self.upstream(server, client, tracer)
            try await InstrumentationContext.$current.withValue(Self.context()) {
                do throws(UpstreamError) {
                    _ = try await upstream.send(
                        Endpoints.get, UpstreamRequest(parameters: ["id": "secret-in-the-path"]))
                    #expect(!refusing)
                } catch {
                    #expect(refusing && error.code == .rejected)
                }
            }
            await client.shutdown()
            seen = server.requests
        }
        return seen
    }

    @Test(arguments: [false, true])
    func `each attempt is a client span, and its id goes out`(refusing: Bool) async throws {
        let tracer = TellerTracer(
            ratio: .all, redactor: Redactor(), metrics: MetricsRegistry([TellerMetrics.traceSpans]))
        let seen = try await call(tracer, refusing: refusing)
        let spans = tracer.buffer.take()
        #expect(seen.count == 2 && spans.count == 2)
        #expect(seen.map { $0.headers["traceparent"] } == spans.map(\.context.traceparent))
        #expect(seen.allSatisfy { $0.headers["tracestate"] == "a=1" })
        #expect(
            spans.allSatisfy {
                $0.name == "service.get" && $0.kind == .client
                    && $0.parentID == 0xB7AD_6B71_6920_3331
                    && $0.context.traceIDText == "0af7651916cd43dd8448eb211c80319c"
            })
        func values(_ key: String) -> [FinishedSpan.Value?] {
            spans.map { span in span.attributes.first { $0.key == key }?.value }
        }
        #expect(values("attempt") == [.integer(1), .integer(2)])
        #expect(values("upstream") == [.text("service"), .text("service")])
        #expect(values("http.request.method") == [.text("GET"), .text("GET")])
        #expect(
            values("http.response.status_code") == [.integer(503), .integer(refusing ? 404 : 200)])
        #expect(values("outcome") == [.text("server"), .text(refusing ? "rejected" : "succeeded")])
        #expect(spans.map { $0.status?.code } == [.error, refusing ? .error : nil])
        #expect(!"\(spans)".contains("secret-in-the-path"))
    }

    @Test func `without a tracer the caller's trace goes out as it is`() async throws {
        let seen = try await call(nil)
        #expect(seen.map { $0.headers["traceparent"] } == [Self.parent, Self.parent])
        #expect(seen.map { $0.headers["tracestate"] } == ["a=1", "a=1"])
    }
}
