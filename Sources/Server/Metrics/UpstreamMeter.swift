// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Telemetry
import Upstream

/// Counts calls and attempts to upstreams. A network call beside, looking a series up costs nothing.
struct UpstreamMeter: UpstreamObserver {
    /// Has the families of upstreams that no collector fills.
    let metrics: MetricsRegistry

    func observe(_ event: UpstreamEvent) {
        switch event {
        case .attempted(let attempt): note(attempt)
        case .gaveUp(let error): note(error)
        case .breakerChanged: break
        }
    }

    private func note(_ attempt: UpstreamAttempt) {
        let upstream = attempt.upstream
        metrics.counter(
            TellerMetrics.upstreamAttempts, [upstream, attempt.callClass.rawValue]
        ).add()
        metrics.histogram(TellerMetrics.upstreamDuration, [upstream]).observe(attempt.duration)
        if attempt.isRetry { metrics.counter(TellerMetrics.upstreamRetries, [upstream]).add() }
        guard attempt.callClass == .succeeded else { return }
        metrics.counter(
            TellerMetrics.upstreamCalls, [upstream, attempt.callClass.rawValue]
        ).add()
    }

    private func note(_ error: UpstreamError) {
        metrics.counter(
            TellerMetrics.upstreamCalls, [error.upstream, error.code.rawValue]
        ).add()
        let reason: String
        switch error.reason {
        case .deadline: reason = "deadline"
        case .budget: reason = "budget"
        case .breaker: reason = "breaker"
        case .concurrencyLimit: reason = "concurrency"
        case .notRetryable, .sentOnce, .attemptsMax, .cancelled, nil: return
        }
        metrics.counter(TellerMetrics.upstreamRefusals, [error.upstream, reason]).add()
    }
}
