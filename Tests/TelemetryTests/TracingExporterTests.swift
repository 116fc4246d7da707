// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Telemetry

/// The way of finished spans to a sink, in time that a test moves.
@Suite(.timeLimit(.minutes(5))) struct TracingExporterTests {
    private final class Sink: SpanSink {
        struct State {
            var batches: [Int] = []
            var isAway = false
            var refused = 0
            var isHanging = false
            var cancelled = 0
        }

        struct Away: Error {}

        let state = Mutex(State())

        var batches: [Int] { state.withLock { $0.batches } }

        func change(_ step: (inout State) -> Void) { state.withLock { step(&$0) } }

        func export(_ batch: [FinishedSpan]) async throws -> Int {
            let now = state.withLock { state in
                state.batches.append(batch.count)
                return state
            }
            if now.isHanging {
                try? await Task.sleep(for: .seconds(3_600))
                change { $0.cancelled += 1 }
                throw CancellationError()
            }
            if now.isAway { throw Away() }
            return now.refused
        }
    }

    /// A bench with an exporter that runs while `body` does and is then shut down.
    private func run(
        _ bench: TracingBench, _ sink: Sink, _ time: VirtualTime = VirtualTime(),
        _ body: @escaping @Sendable (VirtualTime) async -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let exporter = SpanExporter(
            bench.tracer, to: sink, metrics: bench.metrics, logger: logger, sleep: time.sleep)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: exporter)], gracefulShutdownSignals: [], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await eventually { time.wakeTimes == [.seconds(1)] }
            await body(time)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func finish(_ count: Int, on bench: TracingBench) {
        for _ in 0..<count { bench.tracer.startSpan("span").end() }
    }

    @Test func `a batch leaves every second`() async throws {
        let (bench, sink) = (TracingBench(), Sink())
        try await run(bench, sink) { time in
            finish(3, on: bench)
            #expect(sink.batches == [])
            time.advance(by: .seconds(1))
            await eventually { bench.count("exported") == 3 }
            finish(2, on: bench)
            await eventually { time.wakeTimes == [.seconds(2)] }
            time.advance(by: .seconds(1))
            await eventually { bench.count("exported") == 5 }
            #expect(sink.batches == [3, 2])
        }
        #expect(sink.batches == [3, 2])
    }

    @Test func `a full batch leaves at once, and so does what is asked for`() async throws {
        let (bench, sink) = (TracingBench(), Sink())
        try await run(bench, sink) { _ in
            finish(512, on: bench)
            await eventually { bench.count("exported") == 512 }
            finish(1, on: bench)
            bench.tracer.forceFlush()
            await eventually { bench.count("exported") == 513 }
        }
        #expect(sink.batches == [512, 1])
    }

    @Test func `a sink that is away costs its batches, and the next one counts`() async throws {
        let (bench, sink) = (TracingBench(), Sink())
        sink.change { $0.isAway = true }
        try await run(bench, sink) { time in
            finish(4, on: bench)
            time.advance(by: .seconds(1))
            await eventually { bench.count("failed") == 4 }
            sink.change { ($0.isAway, $0.refused) = (false, 1) }
            finish(3, on: bench)
            bench.tracer.forceFlush()
            await eventually { bench.count("exported") == 2 }
            #expect(bench.count("failed") == 5 && bench.count("dropped") == 0)
        }
    }

    @Test func `a shutdown sends everything that waits`() async throws {
        let (bench, sink) = (TracingBench(), Sink())
        try await run(bench, sink) { _ in finish(1_300, on: bench) }
        #expect(sink.batches.reduce(0, +) == 1_300)
        #expect(sink.batches.allSatisfy { $0 <= 512 })
        #expect(bench.count("exported") == 1_300)
    }

    @Test func `a sink that hangs drops spans beyond the buffer, and a shutdown leaves it`()
        async throws
    {
        let (bench, sink) = (TracingBench(), Sink())
        sink.change { $0.isHanging = true }
        let time = VirtualTime()
        try await run(bench, sink, time) { time in
            finish(512, on: bench)
            await eventually { sink.batches == [512] }
            finish(2_048 + 7, on: bench)
            #expect(bench.count("dropped") == 7)
            // Runs the shutdown's time out when it has begun.
            Task {
                await eventually { time.wakeTimes.contains(.seconds(2)) }
                time.advance(by: .seconds(2))
            }
        }
        await eventually { sink.state.withLock { $0.cancelled == 1 } }
        await eventually { bench.count("failed") == 512 }
        #expect(bench.count("dropped") == 7 + 2_048)
        #expect(bench.count("exported") == 0)
    }
}
