// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension RetryPolicy {
    /// What each number may be. Within these no computation of the module can overflow, no window
    /// is finer than its clock, and no policy can wait for ever.
    package enum Bounds {
        package static let attemptsMax = 1...10
        package static let attemptTimeoutMs = 1...600_000
        package static let deadlineMs = 1...3_600_000
        package static let backoffBaseMs = 1...60_000
        package static let backoffFactorPercent = 100...1_000
        package static let backoffCapMs = 1...600_000
        package static let retryAfterMaxMs = 0...3_600_000
        package static let budgetRatioPercent = 0...100
        package static let budgetFloor = 0...1_000
        package static let budgetWindowMs = 1_000...600_000
        package static let breakerWindowMs = 1_000...600_000
        package static let breakerCallsMin = 1...10_000
        package static let breakerFailurePercent = 1...100
        package static let breakerSlowMs = 1...600_000
        package static let breakerSlowPercent = 1...100
        package static let breakerOpenMs = 100...600_000
        package static let breakerOpenJitterPercent = 0...100
        package static let breakerProbes = 1...100
        package static let breakerProbeMs = 2...1_200_000
        package static let concurrencyMax = 1...10_000
    }

    /// One field that can't be as it is.
    package struct Fault: Sendable, Equatable {
        /// The field as in JSON: `backoff.capMs`.
        package let path: String
        /// What it must be; completes a sentence that begins with the path.
        package let problem: String

        package init(path: String, problem: String) {
            self.path = path
            self.problem = problem
        }
    }

    /// Everything that is wrong, in the order of the fields; empty for a policy that can be used.
    package var faults: [Fault] {
        var faults: [Fault] = []
        func check(_ path: String, _ value: Int, _ bounds: ClosedRange<Int>) {
            guard !bounds.contains(value) else { return }
            let problem = "must be from \(bounds.lowerBound) to \(bounds.upperBound)"
            faults.append(Fault(path: path, problem: problem))
        }
        func require(_ holds: Bool, _ path: String, _ problem: String) {
            // A field is named once, for what is wrong with it alone.
            guard !holds, !faults.contains(where: { $0.path == path }) else { return }
            faults.append(Fault(path: path, problem: problem))
        }
        check("attemptsMax", attemptsMax, Bounds.attemptsMax)
        check("attemptTimeoutMs", attemptTimeoutMs, Bounds.attemptTimeoutMs)
        require(
            attemptTimeoutMs <= deadlineMs, "attemptTimeoutMs", "must not be above deadlineMs")
        check("deadlineMs", deadlineMs, Bounds.deadlineMs)
        check("backoff.baseMs", backoff.baseMs, Bounds.backoffBaseMs)
        check("backoff.factorPercent", backoff.factorPercent, Bounds.backoffFactorPercent)
        check("backoff.capMs", backoff.capMs, Bounds.backoffCapMs)
        require(
            backoff.capMs >= backoff.baseMs, "backoff.capMs", "must not be below backoff.baseMs")
        require(
            retryable.isSubset(of: CallClass.failures), "retryable",
            "must name failures only: " + CallClass.failures.map(\.rawValue).joined(separator: ", ")
        )
        check("retryAfterMaxMs", retryAfterMaxMs, Bounds.retryAfterMaxMs)
        check("budget.ratioPercent", budget.ratioPercent, Bounds.budgetRatioPercent)
        check("budget.floor", budget.floor, Bounds.budgetFloor)
        check("budget.windowMs", budget.windowMs, Bounds.budgetWindowMs)
        check("breaker.windowMs", breaker.windowMs, Bounds.breakerWindowMs)
        check("breaker.callsMin", breaker.callsMin, Bounds.breakerCallsMin)
        check("breaker.failurePercent", breaker.failurePercent, Bounds.breakerFailurePercent)
        if let slowMs = breaker.slowMs { check("breaker.slowMs", slowMs, Bounds.breakerSlowMs) }
        check("breaker.slowPercent", breaker.slowPercent, Bounds.breakerSlowPercent)
        check("breaker.openMs", breaker.openMs, Bounds.breakerOpenMs)
        check(
            "breaker.openJitterPercent", breaker.openJitterPercent,
            Bounds.breakerOpenJitterPercent)
        check("breaker.probes", breaker.probes, Bounds.breakerProbes)
        check("breaker.probeMs", breaker.probeMs, Bounds.breakerProbeMs)
        require(
            breaker.probeMs > attemptTimeoutMs, "breaker.probeMs",
            "must be above attemptTimeoutMs, or a slow probe loses its place")
        check("concurrencyMax", concurrencyMax, Bounds.concurrencyMax)
        return faults
    }
}
