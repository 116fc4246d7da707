// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TellerProtocol

// Upstreams in the contract's words.

extension UpstreamHealth {
    /// - Parameter wall: the time of day at a moment of the upstream's clock.
    init(
        _ status: UpstreamStatus, of name: String, on instance: String, policyVersion: Int64,
        wall: (Duration) -> Timestamp
    ) {
        let openUntil: Duration? =
            if case .open(let until) = status.breaker { until } else { nil }
        self.init(
            name: name, instance: instance, breaker: BreakerState(status.breaker),
            breakerSince: wall(status.breakerSince), breakerOpenUntil: openUntil.map(wall),
            recent: UpstreamWindow(
                calls: status.recent.calls, failures: status.recent.failures,
                slow: status.recent.slow),
            budgetLeft: status.budgetLeft, inFlight: status.inFlight, waiting: status.waiting,
            concurrencyMax: status.concurrencyMax, totals: UpstreamTotals(status.totals),
            lastFailure: status.lastFailure.flatMap { failure in
                UpstreamFailureClass(failure.callClass).map {
                    UpstreamFailure(failureClass: $0, at: wall(failure.at))
                }
            }, policyVersion: Int(policyVersion))
    }
}

extension BreakerState {
    init(_ state: CircuitBreaker.State) {
        self =
            switch state {
            case .closed: .closed
            case .open: .open
            case .halfOpen: .halfOpen
            }
    }
}

extension UpstreamTotals {
    init(_ totals: UpstreamStatus.Totals) {
        self.init(
            firstAttempts: Int(clamping: totals.firstAttempts),
            retries: Int(clamping: totals.retries), successes: Int(clamping: totals.successes),
            failures: Int(clamping: totals.failures),
            rejections: Int(clamping: totals.rejections),
            cancellations: Int(clamping: totals.cancellations),
            refusedByDeadline: Int(clamping: totals.refusedByDeadline),
            refusedByBudget: Int(clamping: totals.refusedByBudget),
            refusedByBreaker: Int(clamping: totals.refusedByBreaker),
            refusedByConcurrencyLimit: Int(clamping: totals.refusedByConcurrencyLimit))
    }
}
