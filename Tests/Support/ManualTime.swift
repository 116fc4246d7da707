// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Time that stands still until a test moves it, with the timers that hang on it.
package final class ManualTime: Sendable {
    private struct State {
        var now = Duration.zero
        var timersMade = 0
        var timers: [Int: (due: Duration, fire: @Sendable () -> Void)] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var now: Duration { state.withLock { $0.now } }

    /// How many timers have neither fired nor been cancelled.
    package var pendingTimers: Int { state.withLock { $0.timers.count } }

    /// Calls `fire` once when `duration` has passed; at once when it is not positive.
    ///
    /// - Returns: the timer's name, for `cancel`.
    @discardableResult package func after(
        _ duration: Duration, _ fire: @escaping @Sendable () -> Void
    ) -> Int {
        guard duration > .zero else {
            fire()
            return 0
        }
        return state.withLock { state in
            state.timersMade += 1
            state.timers[state.timersMade] = (state.now + duration, fire)
            return state.timersMade
        }
    }

    package func cancel(_ timer: Int) {
        state.withLock { _ = $0.timers.removeValue(forKey: timer) }
    }

    /// Moves time forward and fires what has become due, in order.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.timers.filter { $0.value.due <= state.now }
            for timer in due.keys { state.timers[timer] = nil }
            return due.values.sorted { $0.due < $1.due }
        }
        for timer in due { timer.fire() }
    }
}
