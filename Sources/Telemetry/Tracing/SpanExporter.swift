// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Where finished spans go.
package protocol SpanSink: Sendable {
    /// Delivers a batch, in bounded time. Whether to try again is the sink's business: what it
    /// fails to deliver is lost.
    ///
    /// - Returns: How many spans were refused; 0 when all were taken.
    /// - Throws: When none was taken, an error whose description is safe to show.
    func export(_ batch: [FinishedSpan]) async throws -> Int
}

/// Hands the tracer's finished spans to a sink: every second, and as soon as a batch is full.
///
/// Callers never wait for it: they fill a buffer, and the buffer drops what it has no room for.
package final class SpanExporter: Service, Sendable {
    package struct Limits: Sendable {
        package var interval: Duration = .seconds(1)
        /// How long a shutdown waits for what is left.
        package var shutdownTime: Duration = .seconds(2)

        package init() {}
    }

    private let buffer: SpanBuffer
    private let sink: any SpanSink
    private let limits: Limits
    private let logger: Logger
    private let sleep: Sleep
    private let exported: CounterSeries
    private let failed: CounterSeries
    private let dropped: CounterSeries
    private let isStopping = Atomic(false)
    /// Whether the last batch was lost; told when it changes.
    private let isFailing = Atomic(false)

    /// - Parameter metrics: Has `TellerMetrics.traceSpans`.
    package init(
        _ tracer: TellerTracer, to sink: any SpanSink, limits: Limits = Limits(),
        metrics: MetricsRegistry, logger: Logger, sleep: @escaping Sleep
    ) {
        buffer = tracer.buffer
        self.sink = sink
        self.limits = limits
        self.logger = logger
        self.sleep = sleep
        (exported, failed, dropped) = (
            metrics.counter(TellerMetrics.traceSpans, ["exported"]),
            metrics.counter(TellerMetrics.traceSpans, ["failed"]),
            metrics.counter(TellerMetrics.traceSpans, ["dropped"])
        )
    }

    /// Exports until the service is shut down, and then what is left, in bounded time. Once only.
    package func run() async throws {
        // Unstructured, so that a shutdown can wait for it, and not for ever.
        let driver = Task { await self.drive() }
        try? await gracefulShutdown()
        isStopping.store(true, ordering: .releasing)
        buffer.wake()
        _ = await within(limits.shutdownTime, sleep: sleep) { await driver.value }
        driver.cancel()
        dropped.add(UInt64(buffer.take(.max).count))
    }

    private func drive() async {
        let ticker = Task { [buffer, limits, sleep] in
            while (try? await sleep(limits.interval)) != nil { buffer.wake() }
        }
        defer { ticker.cancel() }
        for await _ in buffer.wakes {
            var batch = buffer.take()
            while !batch.isEmpty {
                await export(batch)
                // What came meanwhile waits until it is worth a call.
                let isWorthIt = batch.count == SpanBuffer.batchSpansMax
                guard isWorthIt || isStopping.load(ordering: .acquiring) else { break }
                batch = buffer.take()
            }
            if isStopping.load(ordering: .acquiring) { return }
        }
    }

    private func export(_ batch: [FinishedSpan]) async {
        do {
            let refused = min(max(0, try await sink.export(batch)), batch.count)
            exported.add(UInt64(batch.count - refused))
            if refused > 0 { failed.add(UInt64(refused)) }
            if isFailing.exchange(false, ordering: .relaxed) { logger.notice("traces are taken") }
        } catch {
            failed.add(UInt64(batch.count))
            guard !isFailing.exchange(true, ordering: .relaxed) else { return }
            logger.warning("traces are lost", metadata: ["error": "\(error)"])
        }
    }
}
