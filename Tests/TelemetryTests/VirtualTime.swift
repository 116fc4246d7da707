// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

/// Time that stands still until a test moves it, for tasks that sleep.
final class VirtualTime: Sendable {
    private typealias Waiter = CheckedContinuation<Void, Never>

    private struct State {
        var sleepsBegun = 0
        var sleepers: [Int: (due: Duration, waiter: Waiter)] = [:]
        var cancelled: Set<Int> = []
    }

    private let time = ManualTime()
    private let state = Mutex(State())

    var now: Duration { time.now }

    /// When those who sleep now will wake, in order.
    var wakeTimes: [Duration] { state.withLock { $0.sleepers.values.map(\.due) }.sorted() }

    func advance(by duration: Duration) { time.advance(by: duration) }

    /// Suspends until a test has moved the clock by `duration`, or the task is cancelled.
    func sleep(_ duration: Duration) async throws {
        let sleeper = state.withLock { state in
            state.sleepsBegun += 1
            return state.sleepsBegun
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isCancelled = state.withLock { state in
                    guard state.cancelled.remove(sleeper) == nil else { return true }
                    state.sleepers[sleeper] = (time.now + duration, waiter)
                    return false
                }
                if isCancelled { waiter.resume() }
                time.after(duration) { self.wake(sleeper) }
            }
        } onCancel: {
            state.withLock { state in
                if state.sleepers[sleeper] == nil { state.cancelled.insert(sleeper) }
            }
            wake(sleeper)
        }
        try Task.checkCancellation()
    }

    private func wake(_ sleeper: Int) {
        let waiter = state.withLock { $0.sleepers.removeValue(forKey: sleeper)?.waiter }
        waiter?.resume()
    }
}

/// Waits, in real time, for others to get so far.
func eventually(_ holds: @Sendable () -> Bool) async {
    while !holds() { await Task.yield() }
}
