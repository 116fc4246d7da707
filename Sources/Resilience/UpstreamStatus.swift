// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How one upstream is doing, as `upstream.status` tells it.
package struct UpstreamStatus: Sendable, Equatable {
    /// Counts since the pipeline was made; they never fall.
    package struct Totals: Sendable, Equatable {
        package var firstAttempts: UInt64 = 0
        package var retries: UInt64 = 0
        package var successes: UInt64 = 0
        /// Attempts that spoke against the upstream.
        package var failures: UInt64 = 0
        /// Attempts the upstream answered with a refusal of the call itself.
        package var rejections: UInt64 = 0
        /// Attempts and backoffs that ended because the caller went away.
        package var cancellations: UInt64 = 0
        package var refusedByDeadline: UInt64 = 0
        package var refusedByBudget: UInt64 = 0
        package var refusedByBreaker: UInt64 = 0
        package var refusedByConcurrencyLimit: UInt64 = 0

        package init() {}

        package var attempts: UInt64 { firstAttempts + retries }
    }

    /// The last attempt that spoke against the upstream.
    package struct Failure: Sendable, Equatable {
        package let callClass: CallClass
        /// On the pipeline's clock.
        package let at: Duration
    }

    package let breaker: CircuitBreaker.State
    /// When the breaker came to be in its state, on the pipeline's clock.
    package let breakerSince: Duration
    /// What the breaker's window holds.
    package let recent: CircuitBreaker.Counts
    /// Retries that may be begun at once, those that wait already taken off.
    package let budgetLeft: Int
    package let inFlight: Int
    /// Calls between two attempts.
    package let waiting: Int
    package let concurrencyMax: Int
    package let totals: Totals
    package let lastFailure: Failure?
}

/// The breaker of an upstream has changed its state.
package struct BreakerChange: Sendable, Equatable {
    /// Counts from 1 without a gap; puts changes in order that reach an observer out of it.
    package let number: UInt64
    package let from: CircuitBreaker.State
    package let to: CircuitBreaker.State
    package let at: Duration
}
