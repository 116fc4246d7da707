// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import RPC
import Resilience
import Supervision
import Telemetry
import TellerProtocol
import Tracing
import Upstream

/// The external APIs of this instance: their connections, and the one list of them.
struct UpstreamBoard: Sendable {
    let registry = UpstreamRegistry()
    private let client = UpstreamClient()
    let environment: UpstreamEnvironment
    private let observer: (any UpstreamObserver)?
    /// The time of day when the upstreams' clock began.
    private let origin: Duration

    /// - Parameters:
    ///   - observer: told of every attempt, for metrics; nil for nobody.
    ///   - tracer: makes a span of every attempt; nil for none, and callers' traces are only
    ///     passed on.
    init(
        clock: RPCClock, observer: (any UpstreamObserver)?, tracer: (any Tracer)? = nil
    ) {
        let time = SteadyTime.system
        origin = clock.wall.timeOfDay - time.now()
        var environment = UpstreamEnvironment(
            now: { time.now() }, sleep: { try await time.sleep($0) },
            wallClock: { .milliseconds(clock.wall.unixMilliseconds) },
            random: { .random(in: .min ... .max) })
        environment.tracer = tracer
        environment.traceHeaders = { InstrumentationContext.current?.trace?.headers ?? [:] }
        self.environment = environment
        self.observer = observer
    }

    /// Makes an upstream and lists it, so that operators see it and policies reach it.
    ///
    /// - Parameter isTraced: false for what traces themselves go to.
    func add(
        _ configuration: UpstreamConfiguration, policy: CheckedRetryPolicy, isTraced: Bool = true
    ) throws -> Upstream {
        var environment = environment
        if !isTraced {
            environment.tracer = nil
            environment.traceHeaders = { [:] }
        }
        let upstream = try Upstream(
            configuration, policy: policy, client: client, environment: environment,
            observer: observer)
        try registry.add(upstream)
        return upstream
    }

    /// The time of day at a moment of the upstreams' clock; the same at every call.
    func wall(at moment: Duration) -> Timestamp { Timestamp(timeOfDay: origin + moment) }

    /// Closes all connections, once nothing uses them.
    func close() async { await client.shutdown() }
}
