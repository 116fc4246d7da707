// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a sliding window sums up.
package protocol WindowCounts: Sendable {
    /// Nothing counted yet.
    init()
    static func += (left: inout Self, right: Self)
}

/// Counts over the last stretch of time, in slots of a tenth of it: a fixed small memory, and no
/// burst when a window turns. The stretch is therefore nine to ten tenths of `length`.
///
/// Times are since any fixed origin of a clock that never goes back.
package struct SlidingWindow<Counts: WindowCounts>: Sendable {
    private struct Slot {
        /// Which tenth of a window since the clock's origin the counts are of.
        var number: Int64 = .min
        var counts = Counts()
    }

    private static var slotsMax: Int { 10 }

    package let length: Duration
    private let slotNanoseconds: Int64
    private var slots = [Slot](repeating: Slot(), count: Self.slotsMax)

    /// - Parameter length: above 0.
    package init(length: Duration) {
        precondition(length > .zero)
        self.length = length
        slotNanoseconds = max(1, length.nanosecondsClamped / Int64(Self.slotsMax))
    }

    package mutating func add(_ counts: Counts, now: Duration) {
        let number = number(at: now)
        let index = Self.index(number)
        // Whole windows late: newer counts have its place, and it is in nobody's window.
        guard slots[index].number <= number else { return }
        if slots[index].number != number { slots[index] = Slot(number: number) }
        slots[index].counts += counts
    }

    package func sum(now: Duration) -> Counts {
        let newest = number(at: now)
        var sum = Counts()
        let (oldest, overflow) = newest.subtractingReportingOverflow(Int64(Self.slotsMax))
        for slot in slots where slot.number > (overflow ? .min : oldest) {
            sum += slot.counts
        }
        return sum
    }

    package mutating func clear() {
        self = Self(length: length)
    }

    /// The same counts in a window of another length; what is older than it falls out.
    package func resized(to length: Duration) -> Self {
        var resized = Self(length: length)
        for slot in slots.sorted(by: { $0.number < $1.number }) where slot.number != .min {
            let (start, overflow) = slot.number.multipliedReportingOverflow(by: slotNanoseconds)
            if !overflow { resized.add(slot.counts, now: .nanoseconds(start)) }
        }
        return resized
    }

    /// Rounded down below zero too, so that every slot is equally long.
    private func number(at now: Duration) -> Int64 {
        let time = now.nanosecondsClamped
        let (number, rest) = time.quotientAndRemainder(dividingBy: slotNanoseconds)
        return rest < 0 ? number - 1 : number
    }

    private static func index(_ number: Int64) -> Int {
        let rest = Int(number % Int64(slotsMax))
        return rest < 0 ? rest + slotsMax : rest
    }
}
