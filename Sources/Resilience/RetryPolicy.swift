// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How calls to one upstream are tried, retried and held back: data that operators read, version
/// and change while calls run.
///
/// Any value can be made, however wrong; `faults` says what is wrong with it, and only a
/// `CheckedRetryPolicy` reaches a pipeline. Names, units and nesting are those of the contract.
package struct RetryPolicy: Sendable, Equatable {
    /// The delays between attempts: see `Backoff`.
    package struct BackoffSettings: Sendable, Equatable {
        /// Before the first retry, without jitter.
        package var baseMs = 50
        /// What each delay is of the one before.
        package var factorPercent = 200
        /// No delay is longer; at least `baseMs`.
        package var capMs = 5_000
        package var jitter = Backoff.Jitter.full

        package init() {}
    }

    /// The share of retries: see `RetryBudget`.
    package struct BudgetSettings: Sendable, Equatable {
        /// Retries in the window for a hundred first attempts.
        package var ratioPercent = 10
        /// Retries in the window besides those.
        package var floor = 10
        package var windowMs = 10_000

        package init() {}
    }

    /// When calls are held back: see `CircuitBreaker`.
    package struct BreakerSettings: Sendable, Equatable {
        package var windowMs = 10_000
        /// With fewer attempts in the window the breaker stays closed.
        package var callsMin = 20
        /// The share of failed attempts that opens it. By default high: in a brownout the budget
        /// holds the retries back, and a breaker would take the calls away that still succeed.
        package var failurePercent = 80
        /// An attempt that took longer is slow; nil when none is.
        package var slowMs: Int?
        /// The share of slow attempts that opens it.
        package var slowPercent = 80
        package var openMs = 5_000
        /// Up to this much of `openMs` is added at random.
        package var openJitterPercent = 20
        /// How many probes must succeed, and may be under way together.
        package var probes = 3
        /// How long a probe may keep its permit; longer than `attemptTimeoutMs`.
        package var probeMs = 30_000

        package init() {}
    }

    /// Attempts of one call, the first included. A call that is sent once has one, whatever this
    /// says.
    package var attemptsMax = 3
    /// What one attempt may take; at most `deadlineMs`.
    package var attemptTimeoutMs = 10_000
    /// What a call may take with all its attempts and the waiting between them.
    package var deadlineMs = 30_000
    package var backoff = BackoffSettings()
    /// The failures after which another attempt may help.
    package var retryable: Set<CallClass> = [.connect, .timeout, .tooManyRequests, .server]
    /// A longer `Retry-After` counts as this; 0 ignores the header's wish to wait.
    package var retryAfterMaxMs = 30_000
    package var budget = BudgetSettings()
    package var breaker = BreakerSettings()
    /// Attempts under way together; one more is refused at once.
    package var concurrencyMax = 256

    package init() {}

    /// For an upstream nothing is known of yet: three attempts, a tenth of retries, and a breaker
    /// that looks again every five to six seconds.
    package static let `default` = RetryPolicy()
}
