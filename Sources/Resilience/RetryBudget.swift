// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Keeps retries to a share of first attempts, so that they never make an outage worse.
///
/// Over the last `window`, retries ≤ first attempts × `ratioPercent` ÷ 100 + `floor`. Counts stand
/// in slots of a tenth of the window: a fixed small memory, and no burst when a window turns.
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

    private struct Slot {
        /// Which tenth of a window since the clock's origin the counts are of.
        var number: Int64 = .min
        var attempts = 0
        var retries = 0
    }

    private static let slotsMax = 10

    package let limits: Limits
    private let slotNanoseconds: Int64
    private var slots = [Slot](repeating: Slot(), count: RetryBudget.slotsMax)

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        slotNanoseconds = max(1, limits.window.nanosecondsClamped / Int64(Self.slotsMax))
    }

    /// Counts a first attempt.
    ///
    /// - Parameter now: Time since any fixed origin of a clock that never goes back.
    package mutating func recordAttempt(now: Duration) {
        let index = slot(at: now)
        slots[index].attempts += 1
    }

    /// Counts a retry when the budget has room for it.
    ///
    /// - Returns: Whether the retry may be made.
    package mutating func takeRetry(now: Duration) -> Bool {
        let index = slot(at: now)
        let oldest = slots[index].number - Int64(Self.slotsMax) + 1
        var attempts = 0
        var retries = 0
        for slot in slots where slot.number >= oldest {
            attempts += slot.attempts
            retries += slot.retries
        }
        // Whole retries only: the last one must fit as well.
        guard retries + 1 <= attempts * limits.ratioPercent / 100 + limits.floor else {
            return false
        }
        slots[index].retries += 1
        return true
    }

    private mutating func slot(at now: Duration) -> Int {
        let number = now.nanosecondsClamped / slotNanoseconds
        let index = Int(number.magnitude % UInt64(Self.slotsMax))
        if slots[index].number != number { slots[index] = Slot(number: number) }
        return index
    }
}
