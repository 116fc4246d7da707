// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Resilience
import ServiceLifecycle
import Supervision
import Telemetry
import TellerProtocol
import Tracing
import Upstream

/// Sends batches of spans to an OpenTelemetry collector.
struct TraceCollector: SpanSink {
    /// Spans have ids: a collector that gets one twice has it once. So a batch may be repeated.
    private static let export = UpstreamEndpoint("otlp.traces", .post, "/v1/traces", .repeatable)

    private let upstream: Upstream
    private let encoding: OTLPTraces

    init(_ tracing: TracingSettings, instance: String, on board: UpstreamBoard) throws {
        var configuration = UpstreamConfiguration(name: "otlp", baseURL: tracing.collector)
        configuration.requestBytesMax = OTLPTraces.requestBytesMax
        if let token = tracing.token {
            configuration.auth = FixedCredentials(
                UpstreamCredentials(headers: ["authorization": "Bearer \(token)"]))
        }
        // Its own calls would be spans to send, for ever.
        upstream = try board.add(configuration, policy: Self.policy(), isTraced: false)
        encoding = OTLPTraces(instance: instance, version: ContractDocument.version)
    }

    /// A batch is worth three attempts in the time in which the buffer fills; one is sent at a time.
    private static func policy() throws -> CheckedRetryPolicy {
        var policy = RetryPolicy.default
        policy.attemptTimeoutMs = 5_000
        policy.deadlineMs = 10_000
        policy.backoff.baseMs = 200
        policy.concurrencyMax = 4
        return try CheckedRetryPolicy(policy)
    }

    func export(_ batch: [FinishedSpan]) async throws -> Int {
        let (body, count) = encoding.request(batch)
        let answer = try await upstream.send(Self.export, UpstreamRequest(body: body))
        return batch.count - count + OTLPTraces.refusedCount(answer.body)
    }
}

extension Instruments {
    /// Makes the tracer known to the libraries of the process; to be called once in its life.
    func bootstrapTracing() {
        if let tracer { InstrumentationSystem.bootstrap(tracer) }
    }

    /// What sends the spans away; nil when nothing is recorded.
    func traceExporter(
        _ configuration: ServerConfiguration, instance: String, on board: UpstreamBoard
    ) throws -> SpanExporter? {
        guard let tracer, let tracing = configuration.tracing else { return nil }
        return SpanExporter(
            tracer, to: try TraceCollector(tracing, instance: instance, on: board),
            metrics: metrics, logger: logger, sleep: SteadyTime.system.sleep)
    }
}
