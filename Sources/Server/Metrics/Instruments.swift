// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import RPC
import Telemetry
import TellerProtocol

/// What a process tells of itself: its log, its metrics and its traces.
struct Instruments: Sendable {
    let logs: LogPipeline
    let metrics: MetricsRegistry
    let redactor: Redactor
    /// nil when nothing is recorded.
    let tracer: TellerTracer?
    /// Writes through `logs`.
    let logger: Logger

    init(_ configuration: ServerConfiguration, clock: RPCClock = .system) {
        let redactor = Redactor(secrets: configuration.secrets)
        let logs = LogPipeline(
            format: configuration.logFormat, level: configuration.logLevel, redactor: redactor,
            now: { clock.wall })
        self.redactor = redactor
        self.logs = logs
        logger = Logger(label: "teller") { logs.handler(label: $0) }
        metrics = MetricsRegistry(TellerMetrics.all.filter { !Self.collected.contains($0) })
        tracer = configuration.tracing.map { [metrics] tracing in
            TellerTracer(ratio: tracing.ratio, redactor: redactor, metrics: metrics)
        }
        metrics.register(logs.collector)
        metrics.register(ProcessMetrics.collector)
        metrics.gauge(TellerMetrics.buildInfo, [ContractDocument.version]).set(1)
    }

    /// The families that have a collector; the others are filled as things happen.
    private static let collected: Set<MetricFamily> = Set(
        [
            TellerMetrics.rpcInFlight, TellerMetrics.logLinesDropped, TellerMetrics.incidents,
            TellerMetrics.alertsDue,
        ] + ServerCollectors.families)
}

extension ServerConfiguration {
    /// What must stand in no log line and no alert.
    var secrets: [String] {
        [adminToken, tracing?.token].compactMap { $0 } + alerts.secrets + store.secrets
            + (ton?.secrets ?? []) + markets.flatMap(\.secrets)
    }
}
