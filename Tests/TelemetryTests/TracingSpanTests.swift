// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import Testing
import Tracing

@testable import Telemetry

/// What spans keep, and how they are written down.
@Suite struct TracingSpanTests {
    private static let time = DefaultTracerClock.Timestamp(
        nanosecondsSinceEpoch: 1_795_581_000_000_000_000)
    private static let later = DefaultTracerClock.Timestamp(
        nanosecondsSinceEpoch: 1_795_581_000_250_000_001)

    private struct Mishap: Error, CustomStringConvertible {
        let description: String
    }

    // MARK: - Bounds and secrets

    @Test func `attributes are bounded in number and size`() throws {
        let bench = TracingBench()
        let span = bench.tracer.startSpan("work")
        for number in 10..<40 { span.attributes["key\(number)"] = "v" }
        span.attributes["key10"] = String(repeating: "é", count: 1_000)
        span.attributes["key11"] = (0..<100).map { "\($0)" }
        span.attributes.set(
            String(repeating: "a", count: 200), value: .stringConvertible(Mishap(description: "b")))
        span.end()
        let finished = try #require(bench.finished.first)
        #expect(finished.attributes.count == SpanCleaner.attributesMax)
        #expect(finished.attributesDropped == 7)
        let sizes = finished.attributes.map { attribute in
            if case .text(let text) = attribute.value { text.utf8.count } else { 0 }
        }
        #expect(sizes.max() == 255)
        #expect(finished.attributes.map(\.key.utf8.count).max() == 64)
        #expect(
            finished.attributes.contains { attribute in
                if case .list(let values) = attribute.value {
                    values.count == SpanCleaner.elementsMax
                } else {
                    false
                }
            })
    }

    @Test func `events and links are bounded and what is dropped is counted`() throws {
        let bench = TracingBench()
        let other = bench.tracer.startSpan("other")
        let span = bench.tracer.startSpan("work")
        for _ in 0..<20 {
            span.addEvent("something")
            span.addLink(other)
        }
        span.addLink(SpanLink(context: .topLevel, attributes: [:]))
        span.end()
        let finished = try #require(bench.finished.first)
        #expect(finished.events.count == 8 && finished.eventsDropped == 12)
        #expect(finished.links.count == 8 && finished.linksDropped == 12)
    }

    @Test func `no secret stands in a span`() throws {
        let secret = "s3cret-of-the-operators"
        let bench = TracingBench(redactor: Redactor(secrets: [secret]))
        let span = bench.tracer.startSpan("with \(secret)")
        span.attributes["a"] = String(repeating: "x", count: 250) + secret
        span.attributes["list"] = ["fine", secret]
        span.attributes["http.request.header.Authorization"] = "whatever it is"
        span.addEvent(SpanEvent(name: secret, attributes: ["b": .string("Bearer \(secret)")]))
        span.recordError(Mishap(description: "postgres://u:hunter2@host broke"))
        span.setStatus(SpanStatus(code: .error, message: secret))
        span.end()
        let text = "\(try #require(bench.finished.first))"
        for part in [secret, "s3cret", "whatever", "hunter2"] { #expect(!text.contains(part)) }
        #expect(text.contains("[redacted]") && text.contains("Mishap"))
    }

    @Test func `a span ends once, and not before its start`() throws {
        let bench = TracingBench()
        let span = bench.tracer.startSpan("work", at: Self.later)
        #expect(span.isRecording)
        span.end(at: Self.time)
        #expect(!span.isRecording)
        span.setStatus(SpanStatus(code: .error))
        span.operationName = "late"
        span.end()
        #expect(bench.finished.count == 1)
        let finished = try #require(bench.finished.first)
        #expect(finished.startedAt == finished.endedAt)
        #expect(finished.name == "work" && finished.status == nil)
    }

    @Test func `an error in a span's work is the span's error`() throws {
        let bench = TracingBench()
        #expect(throws: Mishap.self) {
            try bench.tracer.withSpan("work") { _ in throw Mishap(description: "no") }
        }
        let finished = try #require(bench.finished.first)
        #expect(finished.status?.code == .error)
        #expect(finished.events.first?.name == "exception")
    }

    @Test func `a full buffer drops the new span and counts it`() {
        let bench = TracingBench(spansMax: 3)
        for number in 0..<5 { bench.tracer.startSpan("span \(number)").end() }
        #expect(bench.tracer.buffer.take(2).map(\.name) == ["span 0", "span 1"])
        #expect(bench.count("dropped") == 2)
        bench.tracer.startSpan("span 5").end()
        #expect(bench.tracer.buffer.take().map(\.name) == ["span 2", "span 5"])
        #expect(bench.count("dropped") == 2)
    }

    // MARK: - OTLP

    @Test func `a span is written as OTLP's JSON has it`() throws {
        let bench = TracingBench()
        let context = TracingContextTests.context([
            "traceparent": TracingContextTests.parent, "tracestate": "a=1",
        ])
        let span = bench.tracer.startSpan(
            "withdraw.create", context: context, ofKind: .server, at: Self.time)
        span.attributes["rpc.system"] = "jsonrpc"
        span.attributes["attempt"] = 2
        span.attributes["share"] = 0.5
        span.attributes["nothing"] = Double.nan
        span.attributes["yes"] = true
        span.attributes["list"] = ["a \"b\""]
        span.addEvent(SpanEvent(name: "moment", at: Self.later, attributes: ["n": 1]))
        span.addLink(SpanLink(context: context, attributes: [:]))
        span.setStatus(SpanStatus(code: .error, message: "INTERNAL"))
        span.end(at: Self.later)
        let encoding = OTLPTraces(instance: "host-1", version: "1.2.3")
        let (body, count) = encoding.request(bench.finished)
        #expect(count == 1)
        let ids = #""traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"#
        let expected = """
            {"resourceSpans":[{"resource":{"attributes":[\
            {"key":"service.name","value":{"stringValue":"teller"}},\
            {"key":"service.instance.id","value":{"stringValue":"host-1"}},\
            {"key":"service.version","value":{"stringValue":"1.2.3"}}]},\
            "scopeSpans":[{"scope":{"name":"teller","version":"1.2.3"},"spans":[\
            {\(ids)"0000000000000001","traceState":"a=1","parentSpanId":"b7ad6b7169203331",\
            "name":"withdraw.create","kind":2,"startTimeUnixNano":"1795581000000000000",\
            "endTimeUnixNano":"1795581000250000001","attributes":[\
            {"key":"attempt","value":{"intValue":"2"}},\
            {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a \\"b\\""}]}}},\
            {"key":"nothing","value":{"doubleValue":"NaN"}},\
            {"key":"rpc.system","value":{"stringValue":"jsonrpc"}},\
            {"key":"share","value":{"doubleValue":0.5}},\
            {"key":"yes","value":{"boolValue":true}}],\
            "events":[{"timeUnixNano":"1795581000250000001","name":"moment",\
            "attributes":[{"key":"n","value":{"intValue":"1"}}]}],\
            "links":[{\(ids)"b7ad6b7169203331","traceState":"a=1"}],\
            "status":{"code":2,"message":"INTERNAL"}}]}]}]}
            """
        #expect(String(decoding: body, as: UTF8.self) == expected)
        #expect((try? JSONValue.parse(body)) != nil)
    }

    @Test func `a first span has no parent, and kinds have numbers`() {
        let bench = TracingBench()
        let kinds: [SpanKind] = [.internal, .server, .client, .producer, .consumer]
        for kind in kinds { bench.tracer.startSpan("a", ofKind: kind).end() }
        let body = OTLPTraces(instance: "i", version: "1").request(bench.finished).body
        let text = String(decoding: body, as: UTF8.self)
        for number in 1...5 { #expect(text.contains(#""kind":\#(number),"#)) }
        #expect(!text.contains("parentSpanId") && !text.contains("status"))
    }

    @Test func `a body stays within its limit, however large its spans`() throws {
        let bench = TracingBench()
        let text = String(repeating: "\u{1}", count: 256)
        for _ in 0..<64 {
            let span = bench.tracer.startSpan(text)
            for key in 0..<24 { span.attributes["k\(key)"] = Array(repeating: text, count: 16) }
            span.end()
        }
        let (body, count) = OTLPTraces(instance: "i", version: "1").request(bench.finished)
        #expect((1..<64).contains(count))
        #expect(body.count > OTLPTraces.bodyBytesMax && body.count < OTLPTraces.requestBytesMax)
        #expect((try? JSONValue.parse(body, limits: Self.limits)) != nil)
    }

    private static var limits: JSONLimits {
        var limits = JSONLimits.standard
        limits.bytesMax = OTLPTraces.requestBytesMax
        return limits
    }

    @Test(arguments: [
        (#"{}"#, 0), ("", 0), ("no JSON", 0), (#"{"partialSuccess":{}}"#, 0),
        (#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"m"}}"#, 3),
        (#"{"partialSuccess":{"rejectedSpans":4}}"#, 4),
        (#"{"partialSuccess":{"rejectedSpans":"-1"}}"#, 0), (#"{"partialSuccess":[]}"#, 0),
    ]) func `the answer tells what was refused`(answer: String, count: Int) {
        #expect(OTLPTraces.refusedCount(Array(answer.utf8)) == count)
    }
}
