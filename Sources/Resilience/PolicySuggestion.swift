// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A policy that fits how fast an upstream has recovered of late; for an operator to look at,
/// never applied by itself.
///
/// A recovery goes from the beginning of the first attempt that failed to the end of the first
/// one begun after it that succeeded. Where nine in ten are short enough to be waited for within a
/// call, the backoff is set so that a call's retries reach that far on average, and the budget and
/// the breaker stay. Where they are longer, more waiting helps no call; the breaker is set to look
/// ten times during the typical one.
package struct PolicySuggestion: Sendable, Equatable {
    /// With fewer recoveries nothing is suggested.
    package static let recoveriesMin = 5
    /// The breaker is never told to look more often.
    package static let openMsMin = 1_000

    /// Has no fault, and is not the current one.
    package let policy: RetryPolicy
    /// One sentence for an operator.
    package let reason: String
    package let recoveriesCount: Int
    package let recoveryP50: Duration
    package let recoveryP90: Duration

    /// - Returns: nil when too little is known, or the current policy fits already.
    package init?(current: CheckedRetryPolicy, recorded: [RecordedOutcome]) {
        let recoveries = Self.recoveries(recorded).sorted()
        guard recoveries.count >= Self.recoveriesMin else { return nil }
        let p50 = recoveries[recoveries.count / 2]
        let p90 = recoveries[recoveries.count * 9 / 10]
        let isShort = p90 < current.deadline - min(current.attemptTimeout, current.deadline / 2)
        let found =
            isShort ? Self.reaching(p90, current) : Self.looking(every: p50 / 10, current.policy)
        guard let found, found.policy != current.policy, found.policy.faults.isEmpty else {
            return nil
        }
        policy = found.policy
        reason =
            "Of \(recoveries.count) recoveries half took at most \(Self.milliseconds(p50)) ms and "
            + "nine in ten at most \(Self.milliseconds(p90)) ms; " + found.change
        recoveriesCount = recoveries.count
        recoveryP50 = p50
        recoveryP90 = p90
    }

    static func recoveries(_ recorded: [RecordedOutcome]) -> [Duration] {
        var recoveries: [Duration] = []
        var failingSince: Duration?
        let ended = recorded.sorted { $0.offset + $0.duration < $1.offset + $1.duration }
        for outcome in ended {
            if outcome.callClass.isFailure {
                failingSince = failingSince.map { min($0, outcome.offset) } ?? outcome.offset
            } else if outcome.callClass == .succeeded, let since = failingSince,
                outcome.offset >= since
            {
                recoveries.append(outcome.offset + outcome.duration - since)
                failingSince = nil
            }
        }
        return recoveries
    }

    /// The smallest base with which a call's retries reach `span` on average; nil when the present
    /// one does without reaching four times as far.
    private static func reaching(
        _ span: Duration, _ current: CheckedRetryPolicy
    ) -> (policy: RetryPolicy, change: String)? {
        var policy = current.policy
        policy.attemptsMax = max(3, policy.attemptsMax)
        if policy == current.policy, (span...(span * 4)).contains(reach(policy)) { return nil }
        let bounds = RetryPolicy.Bounds.backoffBaseMs
        var (low, high) = (bounds.lowerBound, bounds.upperBound)
        while low < high {
            policy.backoff.baseMs = (low + high) / 2
            policy.backoff.capMs = max(current.policy.backoff.capMs, policy.backoff.baseMs)
            if reach(policy) >= span {
                high = policy.backoff.baseMs
            } else {
                low = policy.backoff.baseMs + 1
            }
        }
        policy.backoff.baseMs = low
        policy.backoff.capMs = max(current.policy.backoff.capMs, low)
        let change =
            "with a backoff from \(low) ms on, \(policy.attemptsMax) attempts reach "
            + "\(milliseconds(reach(policy))) ms on average."
        return (policy, change)
    }

    private static func looking(
        every interval: Duration, _ current: RetryPolicy
    ) -> (policy: RetryPolicy, change: String)? {
        let bounds = RetryPolicy.Bounds.breakerOpenMs
        var policy = current
        policy.breaker.openMs = min(max(openMsMin, milliseconds(interval)), bounds.upperBound)
        // What a call can wait for is not enough, so near values serve as well.
        let near = current.breaker.openMs / 2...current.breaker.openMs * 2
        guard !near.contains(policy.breaker.openMs) else { return nil }
        let change =
            "no call can wait for that, so the breaker should look again every "
            + "\(policy.breaker.openMs) ms."
        return (policy, change)
    }

    /// How long all retries of a call wait on average.
    private static func reach(_ policy: RetryPolicy) -> Duration {
        let backoff = Backoff(
            base: .milliseconds(policy.backoff.baseMs),
            factorPercent: policy.backoff.factorPercent,
            cap: .milliseconds(policy.backoff.capMs), jitter: policy.backoff.jitter)
        let percent =
            switch policy.backoff.jitter {
            case .none: 100
            case .full: 50
            case .equal: 75
            // From the base to three times the delay before: twice it at first, then like it.
            case .decorrelated: 100
            }
        let ceilings = (1..<policy.attemptsMax).map { backoff.ceiling(retry: $0) }
        return ceilings.reduce(.zero, +) * percent / 100
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.nanosecondsClamped / 1_000_000)
    }
}
