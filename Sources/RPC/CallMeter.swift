// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Telemetry
import TellerProtocol

/// Counts the calls of one method and how long they took. To count costs atomic steps only.
final class CallMeter: Sendable {
    private let metrics: MetricsRegistry
    private let method: String
    /// nil for what is no method.
    private let duration: HistogramSeries?
    /// nil for what is no streaming method.
    private let streams: GaugeSeries?
    /// nil for what is no method.
    private let succeeded: CounterSeries?

    init(_ method: RPCMethod, _ metrics: MetricsRegistry) {
        self.method = method.name
        self.metrics = metrics
        duration = metrics.histogram(TellerMetrics.rpcDuration, [method.name])
        succeeded = metrics.counter(TellerMetrics.rpcCalls, [method.name, "OK"])
        streams =
            if case .streaming = method.body {
                metrics.gauge(TellerMetrics.rpcStreams, [method.name])
            } else {
                nil
            }
    }

    /// Of refusals that concern no method.
    init(refusals label: String, _ metrics: MetricsRegistry) {
        method = label
        self.metrics = metrics
        duration = nil
        streams = nil
        succeeded = nil
    }

    /// - Parameter status: nil when the call succeeded.
    func answered(_ status: Status?, after time: Duration) {
        count(status)
        duration?.observe(time)
    }

    func count(_ status: Status?) {
        if status == nil, let succeeded { return succeeded.add() }
        // What failed is looked up: its series are made as they come.
        metrics.counter(TellerMetrics.rpcCalls, [method, status?.rawValue ?? "OK"]).add()
    }

    func streamOpened() { streams?.add(1) }

    func streamClosed() { streams?.add(-1) }
}

/// The meters of what never reached a method.
struct RefusalMeters: Sendable {
    /// A request that was refused as a whole, or was no call.
    let noMethod: CallMeter
    /// A call of a method that doesn't exist. It must not make a series of its own: callers could
    /// invent as many as they like.
    let unknownMethod: CallMeter

    init(_ metrics: MetricsRegistry) {
        noMethod = CallMeter(refusals: "none", metrics)
        unknownMethod = CallMeter(refusals: "unknown", metrics)
    }
}

extension RPCHandler {
    /// The families that `metrics` must have.
    package static let metricFamilies = [
        TellerMetrics.rpcCalls, TellerMetrics.rpcDuration, TellerMetrics.rpcStreams,
    ]

    /// The calls in flight, at each scrape.
    package var metricsCollector: MetricsCollector {
        MetricsCollector(name: "rpc", families: [TellerMetrics.rpcInFlight]) { [calls] samples in
            samples.add(TellerMetrics.rpcInFlight, [], calls.count)
        }
    }

    /// Counts an open stream; what is returned ends it.
    func countStream(of method: RPCMethod) -> () -> Void {
        guard let meter = method.meter else { return {} }
        meter.streamOpened()
        return { meter.streamClosed() }
    }

    /// Notes how a call ended, in its method's metrics and in its span.
    func note(
        _ status: Status?, of method: RPCMethod, in incoming: IncomingRequest, _ span: CallSpan?
    ) {
        span?.end(status)
        guard let meter = method.meter else { return }
        meter.answered(status, after: clock.now - incoming.startedAt)
    }
}
