// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How long to wait before each further attempt; whole nanoseconds, no floating point.
///
/// Jitter modes as in "Exponential Backoff And Jitter" (Marc Brooker, AWS, 2015): spreading
/// retries over the whole interval is what keeps a crowd of clients from returning together.
package struct Backoff: Sendable, Equatable {
    package enum Jitter: String, Sendable, CaseIterable {
        /// Exactly the exponential delay.
        case none
        /// Uniform from 0 to the exponential delay.
        case full
        /// Half the exponential delay, the other half uniform.
        case equal
        /// Uniform from `base` to three times the delay before; forgets the attempt's number.
        case decorrelated
    }

    /// The delay before the first retry, without jitter; above 0.
    package var base: Duration
    /// What each delay is of the one before, in percent; at least 100.
    package var factorPercent: Int
    /// No delay is longer.
    package var cap: Duration
    package var jitter: Jitter

    package init(
        base: Duration = .milliseconds(50), factorPercent: Int = 200, cap: Duration = .seconds(5),
        jitter: Jitter = .full
    ) {
        precondition(base > .zero && cap >= base && factorPercent >= 100)
        self.base = base
        self.factorPercent = factorPercent
        self.cap = cap
        self.jitter = jitter
    }

    /// The delay before retry number `retry`, without jitter.
    ///
    /// - Parameter retry: From 1; any larger number is fine, the cap bounds the result.
    package func ceiling(retry: Int) -> Duration {
        precondition(retry >= 1)
        let cap = cap.nanosecondsClamped
        var delay = min(base.nanosecondsClamped, cap)
        var steps = retry - 1
        // Rounded up, each delay is longer than the one before: the cap ends the loop soon.
        while steps > 0, delay < cap, factorPercent > 100 {
            let grown = (Int128(delay) * Int128(factorPercent) + 99) / 100
            delay = grown < Int128(cap) ? Int64(grown) : cap
            steps -= 1
        }
        return .nanoseconds(delay)
    }

    /// The delay before retry number `retry`.
    ///
    /// - Parameter previous: The delay before the retry before; nil for the first.
    package func delay(
        retry: Int, previous: Duration? = nil, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let ceiling = ceiling(retry: retry).nanosecondsClamped
        switch jitter {
        case .none:
            return .nanoseconds(ceiling)
        case .full:
            return .nanoseconds(random.uniform(upTo: ceiling))
        case .equal:
            let half = ceiling / 2
            return .nanoseconds(half + random.uniform(upTo: ceiling - half))
        case .decorrelated:
            let base = base.nanosecondsClamped
            let before = max(base, (previous ?? .zero).nanosecondsClamped)
            let (tripled, overflow) = before.multipliedReportingOverflow(by: 3)
            let upper = overflow ? cap.nanosecondsClamped : min(cap.nanosecondsClamped, tripled)
            return .nanoseconds(base + random.uniform(upTo: max(base, upper) - base))
        }
    }
}

extension RandomNumberGenerator {
    /// A number from 0 to `upper`, from one draw: the bias is far below a nanosecond, and a
    /// constant generator ends too.
    mutating func uniform(upTo upper: Int64) -> Int64 {
        Int64(next().multipliedFullWidth(by: UInt64(upper) + 1).high)
    }
}

extension Duration {
    /// Whole nanoseconds, held to what an `Int64` can carry (292 years either way).
    package var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
