// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Tracing

/// The tracer of the process: W3C Trace Context in and out, sampling, and a bounded buffer of
/// finished spans that a `SpanExporter` empties.
///
/// Whether a trace is recorded its first service decides: the caller's sampled flag holds, and
/// only where there is no caller the ratio does. Nothing here waits for anybody: when the buffer is
/// full, a finished span is dropped and counted.
package final class TellerTracer: Tracer {
    package typealias Span = TellerSpan

    let buffer: SpanBuffer
    let cleaner: SpanCleaner
    private let ratio: SampleRatio
    private let dropped: CounterSeries
    private let random: @Sendable () -> UInt64

    /// - Parameters:
    ///   - ratio: For traces that begin here.
    ///   - metrics: Has `TellerMetrics.traceSpans`.
    ///   - random: Makes the ids: uniform over all values; it must not wait.
    package init(
        ratio: SampleRatio, redactor: Redactor, metrics: MetricsRegistry,
        spansMax: Int = SpanBuffer.spansMax,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.ratio = ratio
        self.random = random
        buffer = SpanBuffer(spansMax: spansMax)
        cleaner = SpanCleaner(redactor: redactor)
        dropped = metrics.counter(TellerMetrics.traceSpans, ["dropped"])
    }

    /// Starts a child of the context's trace, or a trace.
    ///
    /// A span that is not sampled has the context of its parent: who records none has no id to
    /// tell. The first one of a trace tells those behind it not to record it either.
    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext,
        ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
        file fileID: String, line: UInt
    ) -> TellerSpan {
        var context = context()
        let parent = context.trace
        let trace: TraceContext
        if let parent {
            guard parent.isSampled else { return TellerSpan(operationName, context: context, nil) }
            trace = parent.child(spanID: identifier())
        } else {
            let low = identifier()
            trace = TraceContext(
                traceHigh: random(), traceLow: low, spanID: identifier(),
                isSampled: ratio.takes(low))
        }
        context.trace = trace
        guard trace.isSampled else { return TellerSpan(operationName, context: context, nil) }
        return TellerSpan(
            operationName, context: context,
            TellerSpan.Recording(
                trace: trace, parentID: parent?.spanID, kind: kind,
                startedAt: instant().nanosecondsSinceEpoch, tracer: self))
    }

    /// Asks the exporter not to wait for the end of its interval.
    package func forceFlush() { buffer.wake() }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: TraceField.parent, from: carrier) else { return }
        context.trace = TraceContext(
            traceparent: Array(parent.utf8)[...],
            tracestate: extractor.extract(key: TraceField.state, from: carrier))
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        for (name, value) in context.trace?.headers ?? [:] {
            injector.inject(value, forKey: name, into: &carrier)
        }
    }

    func record(_ span: FinishedSpan) {
        if !buffer.offer(span) { dropped.add() }
    }

    /// Never zero, which is no id.
    private func identifier() -> UInt64 {
        let value = random()
        return value == 0 ? 1 : value
    }
}
