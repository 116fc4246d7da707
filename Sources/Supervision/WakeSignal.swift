// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Wakes one waiting task from anywhere.
///
/// A signal that comes while nobody waits is kept for the next wait, and many become one: nothing
/// queues up, and no signal between a look at the work and the wait for more of it is lost.
package final class WakeSignal: Sendable {
    private struct State {
        var isSet = false
        var waits: UInt64 = 0
        var waiter: CheckedContinuation<Void, Never>?
        /// The newest wait whose time is up or whose task was cancelled.
        var ended: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func signal() {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter else {
                state.isSet = true
                return nil as CheckedContinuation<Void, Never>?
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Waits for a signal, for `duration` to pass, or for the task to be cancelled.
    ///
    /// One task at a time may wait.
    package func wait(atMost duration: Duration, on time: SteadyTime) async {
        let number = state.withLock { state in
            precondition(state.waiter == nil, "one task at a time may wait")
            state.waits += 1
            return state.waits
        }
        let timer = Task {
            guard (try? await time.sleep(duration)) != nil else { return }
            end(number)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isOver = state.withLock { state in
                    if state.isSet || state.ended >= number {
                        state.isSet = false
                        return true
                    }
                    state.waiter = waiter
                    return false
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            end(number)
        }
        timer.cancel()
    }

    private func end(_ number: UInt64) {
        let waiter = state.withLock { state in
            state.ended = max(state.ended, number)
            guard state.waits == number else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
