// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Keeps retries to a share of first attempts, so that they never make an outage worse.
///
/// Over the last `window`, retries ≤ first attempts × `ratioPercent` ÷ 100 + `floor`.
package struct RetryBudget: Sendable {
    package struct Limits: Sendable, Equatable {
        package var ratioPercent: Int
        /// Retries a quiet caller may still make per window.
        package var floor: Int
        package var window: Duration

        package init(ratioPercent: Int = 10, floor: Int = 10, window: Duration = .seconds(10)) {
            precondition(ratioPercent >= 0 && floor >= 0 && window > .zero)
            self.ratioPercent = ratioPercent
            self.floor = floor
            self.window = window
        }
    }

    private struct Counts: WindowCounts {
        var attempts = 0
        var retries = 0

        static func += (left: inout Counts, right: Counts) {
            left.attempts += right.attempts
            left.retries += right.retries
        }
    }

    package private(set) var limits: Limits
    private var window: SlidingWindow<Counts>

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        window = SlidingWindow(length: limits.window)
    }

    /// Counts a first attempt.
    ///
    /// - Parameter now: Time since any fixed origin of a clock that never goes back.
    package mutating func recordAttempt(now: Duration) {
        window.add(Counts(attempts: 1), now: now)
    }

    /// Counts a retry when the budget has room for it.
    ///
    /// - Returns: Whether the retry may be made.
    package mutating func takeRetry(now: Duration) -> Bool {
        guard left(now: now) > 0 else { return false }
        window.add(Counts(retries: 1), now: now)
        return true
    }

    /// How many retries may be made at once; not below 0, though limits have been lowered.
    package func left(now: Duration) -> Int {
        let recent = window.sum(now: now)
        // Whole retries only: the last one must fit as well.
        let earned = Int128(recent.attempts) * Int128(limits.ratioPercent) / 100
        let left = earned + Int128(limits.floor) - Int128(recent.retries)
        return Int(clamping: max(0, left))
    }

    /// Takes new limits; what was counted stays, as far as it lies in the new window.
    package mutating func reconfigure(_ limits: Limits) {
        if limits.window != self.limits.window { window = window.resized(to: limits.window) }
        self.limits = limits
    }
}
