// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import InMemoryTracing
import TellerProtocol
import Testing
import Tracing

@testable import RPC
@testable import Telemetry

/// The spans of calls.
@Suite struct TracingTests {
    private let tracer = InMemoryTracer()
    private let caller: KeyValuePairs<String, String> = [
        "x-request-id": "request-1", InMemoryTracer.traceIDKey: "trace-of-the-caller",
        InMemoryTracer.spanIDKey: "span-of-the-caller",
    ]

    private func text(_ span: FinishedInMemorySpan, _ key: String) -> String {
        guard case .string(let text)? = span.attributes.get(key) else { return "" }
        return text
    }

    @Test(arguments: [
        ("test.echo", "{}"), ("rpc.discover", "{}"), ("test.count", #"{"count":2}"#),
    ]) func `a call is one span, named by its method`(method: String, params: String) async throws {
        let fixture = Fixture(tracer: tracer)
        let response = await fixture.send(Fixture.call(method, params), headers: caller)
        #expect(response.status == 200)
        #expect(tracer.activeSpans.isEmpty && tracer.finishedSpans.count == 1)
        let span = try #require(tracer.finishedSpans.first)
        #expect(span.operationName == method && span.kind == .server)
        #expect(span.traceID == "trace-of-the-caller")
        #expect(span.parentSpanID == "span-of-the-caller")
        #expect(text(span, "rpc.system") == "jsonrpc" && text(span, "rpc.method") == method)
        #expect(text(span, "rpc.response.status_code") == "OK")
        #expect(text(span, "requestId") == "request-1" && text(span, "tenant") == "default")
        #expect(span.status == nil)
    }

    @Test(arguments: [
        ("test.fail", "INTERNAL", true), ("no.method", "UNIMPLEMENTED", true),
        ("test.key", "PERMISSION_DENIED", false), ("test.hang", "CANCELLED", false),
    ]) func `what failed says how, and whose fault it was`(
        method: String, status: String, isError: Bool
    ) async throws {
        let reader = Principal(name: "reader", tenant: .standard, scopes: ["test:read"])
        let fixture = Fixture(access: AccessPolicy(anonymous: reader), tracer: tracer)
        let exchange = fixture.start(Fixture.call(method))
        if method == "test.hang" {
            while fixture.handler.callsInFlight == 0 { await Task.yield() }
            exchange.close()
        }
        _ = await exchange.response()
        #expect(tracer.activeSpans.isEmpty)
        let span = try #require(tracer.finishedSpans.first)
        // Callers must not be able to invent names.
        #expect(span.operationName == (method == "no.method" ? "unknown" : method))
        #expect(text(span, "rpc.response.status_code") == status)
        #expect((span.status?.code == .error) == isError)
    }

    @Test func `each call of a batch is a span, and what is no call is none`() async {
        let fixture = Fixture(tracer: tracer)
        let calls = [
            Fixture.call("test.echo"), Fixture.call("no.method"), "1", Fixture.call("test.count"),
            #"{"jsonrpc":"2.0","method":"test.echo"}"#,
        ]
        _ = await fixture.send("[" + calls.joined(separator: ",") + "]", headers: caller)
        let spans = tracer.popFinishedSpans()
        #expect(
            spans.map(\.operationName).sorted() == [
                "test.count", "test.echo", "test.echo", "unknown",
            ])
        #expect(spans.allSatisfy { $0.parentSpanID == "span-of-the-caller" })
        #expect(Set(spans.map(\.spanID)).count == 4)
        _ = await fixture.send("no JSON", headers: caller)
        _ = await fixture.send("{}", headers: caller)
        #expect(tracer.finishedSpans.isEmpty && tracer.activeSpans.isEmpty)
    }

    // MARK: With the service's own tracer

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"

    private func ownTracer(ratio: SampleRatio = .all) -> TellerTracer {
        TellerTracer(
            ratio: ratio, redactor: Redactor(), metrics: MetricsRegistry([TellerMetrics.traceSpans])
        )
    }

    @Test(arguments: [false, true])
    func `a method runs under its call's span`(isBatch: Bool) async throws {
        let own = ownTracer()
        let fixture = Fixture(tracer: own)
        let call = Fixture.call("test.who")
        let response = await fixture.send(
            isBatch ? "[\(call)]" : call,
            headers: ["traceparent": Self.parent + "1", "tracestate": "a=1"])
        let span = try #require(own.buffer.take().first)
        #expect(span.parentID == 0xB7AD_6B71_6920_3331 && span.context.state == "a=1")
        #expect(span.context.traceIDText == "0af7651916cd43dd8448eb211c80319c")
        #expect(response.text.contains("anonymous \(span.context.traceparent)"))
    }

    @Test func `a call without a caller's trace begins one`() async throws {
        let own = ownTracer()
        let response = await Fixture(tracer: own).send(Fixture.call("test.who"))
        let span = try #require(own.buffer.take().first)
        #expect(span.parentID == nil)
        #expect(response.text.contains("anonymous \(span.context.traceparent)"))
    }

    @Test func `a caller that records nothing is not recorded and passed on`() async {
        let own = ownTracer()
        let response = await Fixture(tracer: own).send(
            Fixture.call("test.who"), headers: ["traceparent": Self.parent + "0"])
        #expect(own.buffer.take() == [])
        #expect(response.text.contains("anonymous \(Self.parent)0"))
    }

    @Test func `a span begins when the request's last byte was there`() async throws {
        let own = ownTracer()
        let fixture = Fixture(tracer: own)
        let before = DefaultTracerClock.now.nanosecondsSinceEpoch
        _ = await fixture.send(Fixture.call("test.echo"))
        let span = try #require(own.buffer.take().first)
        #expect(span.startedAt >= before && span.endedAt >= span.startedAt)
    }
}
