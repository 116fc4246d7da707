// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import Tracing

@testable import Telemetry

/// W3C Trace Context in and out, and who decides what is recorded.
@Suite struct TracingContextTests {
    static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    static let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

    static func context(_ headers: [String: String]) -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        TracingBench().tracer.extract(headers, into: &context, using: Fields())
        return context
    }

    // MARK: - tracestate

    @Test(arguments: [
        "a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "a=1, b=2 ,c=3", "a=1,,b=2", "t@v=x=y",
        "a=" + String(repeating: "x", count: 510),
    ]) func `a tracestate passes on unchanged`(text: String) {
        #expect(TraceState.bounded(text) == text)
    }

    @Test(arguments: [
        "", " ", ",", "no member", "=1", "a=1,b", "a=é", "a=1\r\nb: 2", "a=\u{0}",
        (0..<33).map { "k\($0)=1" }.joined(separator: ","),
        "a=" + String(repeating: "x", count: 8_191),
    ]) func `what is no tracestate is dropped whole`(text: String) {
        #expect(TraceState.bounded(text) == nil)
    }

    @Test func `of a tracestate that is too long the long members go first, then the last`() {
        let short = (0..<6).map { "k\($0)=" + String(repeating: "x", count: 90) }
        let long = "long=" + String(repeating: "y", count: 130)
        let kept = TraceState.bounded(([short[0], long] + short[1...]).joined(separator: ","))
        #expect(kept == short[..<5].joined(separator: ","))
        #expect(TraceState.bounded("a=" + String(repeating: "x", count: 511)) == nil)
    }

    @Test func `any tracestate stays within its bounds`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let members = (0..<Int.random(in: 1...34, using: &random)).map { index in
                "k\(index)=" + String(repeating: "v", count: .random(in: 0...200, using: &random))
            }
            let text = members.joined(separator: ",")
            guard let kept = TraceState.bounded(text) else {
                #expect(members.count > 32, "seed \(seed): \(text)")
                continue
            }
            #expect(kept.utf8.count <= 512, "seed \(seed): \(text)")
            let parts = kept.split(separator: ",").map(String.init)
            #expect(parts.allSatisfy(members.contains), "seed \(seed): \(text)")
            #expect(parts == members.filter(parts.contains), "seed \(seed): \(text)")
            if text.utf8.count <= 512 { #expect(kept == text, "seed \(seed)") }
        }
    }

    // MARK: - In and out

    @Test func `what comes in goes out with the span in the caller's place`() throws {
        let bench = TracingBench()
        let context = Self.context(["traceparent": Self.parent, "tracestate": "a=1,b=2"])
        let span = bench.tracer.startSpan("work", context: context)
        var headers: [String: String] = [:]
        bench.tracer.inject(span.context, into: &headers, using: Fields())
        #expect(
            headers == [
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01",
                "tracestate": "a=1,b=2",
            ])
        span.end()
        let finished = try #require(bench.finished.first)
        #expect(finished.parentID == 0xB7AD_6B71_6920_3331)
        #expect(finished.context.traceparent == headers["traceparent"])
    }

    @Test func `without a traceparent there is no tracestate and nothing goes out`() {
        let context = Self.context(["tracestate": "a=1"])
        #expect(context.trace == nil)
        var headers: [String: String] = [:]
        TracingBench().tracer.inject(context, into: &headers, using: Fields())
        #expect(headers == [:])
        #expect(Self.context(["traceparent": Self.parent + "," + Self.parent]).trace == nil)
    }

    // MARK: - Sampling

    @Test(
        arguments: [
            ("0", 0), ("1", 1_000_000), ("0.5", 500_000), ("0.000001", 1), ("1.0", 1_000_000),
            ("0.25", 250_000), ("1.000000", 1_000_000), ("0.0", 0),
        ] as [(String, UInt64)]) func `a ratio is a decimal`(text: String, millionths: UInt64)
    {
        #expect(SampleRatio(text)?.millionths == millionths)
    }

    @Test(arguments: [
        "", ".5", "1.", "0.", "2", "1.1", "1.000001", "-0", "+0.5", "0.5 ", "0,5", "0.0000001",
        "1e-1", "0.+5", "0.5.0", "½", "00.5", "0.٥",
    ]) func `everything else is none`(text: String) {
        #expect(SampleRatio(text) == nil)
    }

    @Test func `the ratio decides on traces that begin here, by their id`() throws {
        let ratio = try #require(SampleRatio("0.25"))
        #expect(
            ratio.takes(0) && ratio.takes(UInt64.max / 4 - 1) && !ratio.takes(UInt64.max / 4 + 1))
        #expect(SampleRatio.all.takes(.max))
        #expect(SampleRatio("0").map { !$0.takes(0) } == true)
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        let taken = (0..<100_000).count { _ in ratio.takes(random.next()) }
        #expect(abs(taken - 25_000) < 1_000, "seed \(seed): \(taken)")
    }

    @Test func `the caller decides on its trace, whatever the ratio`() {
        let none = TracingBench(ratio: "0")
        #expect(
            none.tracer.startSpan("a", context: Self.context(["traceparent": Self.parent]))
                .isRecording)
        let all = TracingBench(ratio: "1")
        let span = all.tracer.startSpan(
            "a", context: Self.context(["traceparent": Self.unsampled, "tracestate": "a=1"]))
        #expect(!span.isRecording)
        // Who records nothing has no span to tell of.
        #expect(span.context.trace?.traceparent == Self.unsampled)
        #expect(span.context.trace?.state == "a=1")
        span.attributes["a"] = 1
        span.end()
        #expect(span.attributes.isEmpty && all.finished == [])
    }

    @Test func `a trace that is not recorded is not recorded by those behind it either`() {
        let bench = TracingBench(ratio: "0")
        let span = bench.tracer.startSpan("a")
        #expect(!span.isRecording)
        #expect(span.context.trace?.traceparent.hasSuffix("-00") == true)
        let child = bench.tracer.startSpan("b", context: span.context)
        #expect(child.context.trace == span.context.trace)
    }

    @Test func `ids are never zero`() {
        let tracer = TellerTracer(
            ratio: .all, redactor: Redactor(), metrics: TracingBench.metrics(), random: { 0 })
        let trace = tracer.startSpan("a").context.trace
        #expect(trace?.traceparent == "00-00000000000000000000000000000001-0000000000000001-01")
    }

    @Test func `spans within a span are its children, also across tasks`() async throws {
        let bench = TracingBench()
        await bench.tracer.withSpan("outer") { _ in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask { bench.tracer.withSpan("inner", ofKind: .client) { _ in } }
                }
            }
        }
        let (outer, inner) = (
            bench.finished.filter { $0.name == "outer" },
            bench.finished.filter { $0.name == "inner" }
        )
        #expect(outer.count == 1 && inner.count == 2)
        #expect(outer.first?.parentID == nil)
        #expect(inner.allSatisfy { $0.parentID == outer.first?.context.spanID })
        #expect(Set(bench.finished.map(\.context.traceIDText)).count == 1)
        #expect(Set(bench.finished.map(\.context.spanID)).count == 3)
    }
}
