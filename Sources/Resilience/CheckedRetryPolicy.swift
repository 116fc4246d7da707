// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A policy without faults, in the types that the parts work with.
package struct CheckedRetryPolicy: Sendable, Equatable {
    /// What is wrong with a policy; never empty.
    package struct Refusal: Error, Equatable {
        package let faults: [RetryPolicy.Fault]
    }

    package let policy: RetryPolicy
    let attemptTimeout: Duration
    let deadline: Duration
    let retryAfterMax: Duration
    let backoff: Backoff
    let budget: RetryBudget.Limits
    let breaker: CircuitBreaker.Limits

    /// - Throws: when the policy has a fault.
    package init(_ policy: RetryPolicy) throws(Refusal) {
        let faults = policy.faults
        guard faults.isEmpty else { throw Refusal(faults: faults) }
        self.init(faultless: policy)
    }

    private init(faultless policy: RetryPolicy) {
        self.policy = policy
        attemptTimeout = .milliseconds(policy.attemptTimeoutMs)
        deadline = .milliseconds(policy.deadlineMs)
        retryAfterMax = .milliseconds(policy.retryAfterMaxMs)
        backoff = Backoff(
            base: .milliseconds(policy.backoff.baseMs),
            factorPercent: policy.backoff.factorPercent,
            cap: .milliseconds(policy.backoff.capMs), jitter: policy.backoff.jitter)
        budget = RetryBudget.Limits(
            ratioPercent: policy.budget.ratioPercent, floor: policy.budget.floor,
            window: .milliseconds(policy.budget.windowMs))
        var breaker = CircuitBreaker.Limits()
        breaker.window = .milliseconds(policy.breaker.windowMs)
        breaker.callsMin = policy.breaker.callsMin
        breaker.failurePercent = policy.breaker.failurePercent
        breaker.slowTime = policy.breaker.slowMs.map { .milliseconds($0) }
        breaker.slowPercent = policy.breaker.slowPercent
        breaker.openTime = .milliseconds(policy.breaker.openMs)
        breaker.openJitterPercent = policy.breaker.openJitterPercent
        breaker.probes = policy.breaker.probes
        breaker.probeTime = .milliseconds(policy.breaker.probeMs)
        self.breaker = breaker
    }

    package static let `default` = CheckedRetryPolicy(faultless: .default)
}
