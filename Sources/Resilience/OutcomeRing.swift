// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What an attempt came to and when; `Simulation` replays them.
package struct RecordedOutcome: Sendable, Equatable {
    /// When it began, from the beginning of the first one recorded.
    package let offset: Duration
    /// Whole microseconds; at most 71 minutes.
    package let duration: Duration
    package let callClass: CallClass
    package let isRetry: Bool

    package init(offset: Duration, duration: Duration, callClass: CallClass, isRetry: Bool) {
        self.offset = offset
        self.duration = duration
        self.callClass = callClass
        self.isRetry = isRetry
    }
}

/// The newest outcomes of an upstream: a fixed 64 KiB, and no allocation once it is made.
struct OutcomeRing: Sendable {
    static let outcomesMax = 4_096

    private struct Entry {
        var startNanoseconds: Int64 = 0
        var durationMicroseconds: UInt32 = 0
        var callClass = CallClass.succeeded
        var isRetry = false
    }

    private var entries = [Entry](repeating: Entry(), count: Self.outcomesMax)
    private var count = 0
    /// Where the next one goes.
    private var next = 0

    mutating func append(
        start: Duration, duration: Duration, _ callClass: CallClass, isRetry: Bool
    ) {
        entries[next] = Entry(
            startNanoseconds: start.nanosecondsClamped,
            durationMicroseconds: UInt32(clamping: duration.nanosecondsClamped / 1_000),
            callClass: callClass, isRetry: isRetry)
        next = (next + 1) % Self.outcomesMax
        count = min(count + 1, Self.outcomesMax)
    }

    /// In the order in which the attempts began.
    var outcomes: [RecordedOutcome] {
        let sorted = entries.prefix(count).sorted { $0.startNanoseconds < $1.startNanoseconds }
        guard let first = sorted.first?.startNanoseconds else { return [] }
        return sorted.map { entry in
            RecordedOutcome(
                offset: .nanoseconds(entry.startNanoseconds) - .nanoseconds(first),
                duration: .microseconds(Int64(entry.durationMicroseconds)),
                callClass: entry.callClass, isRetry: entry.isRetry)
        }
    }
}
