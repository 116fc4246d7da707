// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Tracing

@testable import Telemetry

/// A tracer whose ids count up, and what it has finished.
struct TracingBench {
    let metrics: MetricsRegistry
    let tracer: TellerTracer

    init(
        ratio: String = "1", redactor: Redactor = Redactor(), spansMax: Int = SpanBuffer.spansMax
    ) {
        guard let ratio = SampleRatio(ratio) else { preconditionFailure(ratio) }
        let ids = Ids()
        metrics = Self.metrics()
        tracer = TellerTracer(
            ratio: ratio, redactor: redactor, metrics: metrics, spansMax: spansMax,
            random: { ids.next() })
    }

    private final class Ids: Sendable {
        private let last = Atomic<UInt64>(0)

        func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
    }

    static func metrics() -> MetricsRegistry { MetricsRegistry([TellerMetrics.traceSpans]) }

    /// What waits for an exporter.
    var finished: [FinishedSpan] {
        let spans = tracer.buffer.take(.max)
        for span in spans { _ = tracer.buffer.offer(span) }
        return spans
    }

    /// Spans by what became of them.
    func count(_ outcome: String) -> UInt64 {
        metrics.counter(TellerMetrics.traceSpans, [outcome]).value
    }
}

/// Header fields as a dictionary.
struct Fields: Extractor, Injector {
    func extract(key: String, from headers: [String: String]) -> String? { headers[key] }

    func inject(_ value: String, forKey key: String, into headers: inout [String: String]) {
        headers[key] = value
    }
}
