// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience

/// A peer's throttle with the attempts, backoff and timeouts of Teller's default policy, so that
/// only what limits the retries differs.
struct ThrottledGovernor<Throttle: RetryThrottle>: CallGovernor {
    struct Permit: Sendable {
        /// What the retry has cost; nil for a first attempt.
        var cost: Int?
    }

    private let policy = RetryPolicy.default
    private let backoff: Backoff
    private var throttle: Throttle
    /// Of calls that wait, by the call's deadline, which is as unique as its arrival.
    private var costs: [Duration: Int] = [:]

    init(_ throttle: Throttle) {
        self.throttle = throttle
        backoff = Backoff(
            base: .milliseconds(policy.backoff.baseMs),
            factorPercent: policy.backoff.factorPercent,
            cap: .milliseconds(policy.backoff.capMs), jitter: policy.backoff.jitter)
    }

    mutating func begin(
        _ call: inout CallProgress, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> CallAdmission<Permit> {
        let isRetry = call.attempts > 0
        if !isRetry { call.deadline = now + .milliseconds(policy.deadlineMs) }
        call.attempts += 1
        if !isRetry { throttle.callBegan() }
        let cost = isRetry ? costs.removeValue(forKey: call.deadline) : nil
        let timeout = min(.milliseconds(policy.attemptTimeoutMs), call.deadline - now)
        return .granted(Permit(cost: cost), timeout: timeout)
    }

    mutating func end(
        _ call: inout CallProgress, _ permit: Permit, _ outcome: CallOutcome, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> CallVerdict {
        let hasSucceeded = !outcome.callClass.isFailure
        throttle.attemptEnded(succeeded: hasSucceeded, cost: permit.cost)
        let verdict =
            hasSucceeded ? .succeeded : retry(&call, after: outcome, at: now, using: &random)
        if case .retry = verdict { return verdict }
        throttle.callEnded()
        return verdict
    }

    private mutating func retry(
        _ call: inout CallProgress, after outcome: CallOutcome, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> CallVerdict {
        guard call.attempts < policy.attemptsMax else { return .giveUp(.attemptsMax) }
        let delay = backoff.delay(retry: call.attempts, using: &random)
        guard now + delay < call.deadline else { return .giveUp(.deadline) }
        guard let cost = throttle.takeRetry(after: outcome.callClass) else {
            return .giveUp(.budget)
        }
        costs[call.deadline] = cost
        return .retry(after: delay)
    }
}
