// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A piece of work that never ends by itself.
package struct Child: Sendable {
    /// Runs until asked to stop; it may throw or be cancelled at any time, and is then run again.
    package typealias Body = @Sendable (ChildContext) async throws -> Void

    /// Unique within its supervisor; it names the child in logs and status.
    package let name: String
    package let policy: ChildPolicy
    package let body: Body

    package init(name: String, policy: ChildPolicy = ChildPolicy(), body: @escaping Body) {
        self.name = name
        self.policy = policy
        self.body = body
    }
}

/// What a child's body is given for one attempt.
package final class ChildContext: Sendable {
    package let attempt: Int
    package let time: SteadyTime
    private let beat: @Sendable () -> Void
    private let signal = WakeSignal()
    private let stopping = Atomic(false)

    package init(attempt: Int, time: SteadyTime, beat: @escaping @Sendable () -> Void) {
        self.attempt = attempt
        self.time = time
        self.beat = beat
    }

    /// Whether the body should return at its next safe point.
    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Says that the body is alive; cheap enough for every turn of its loop.
    package func heartbeat() { beat() }

    /// Waits for `wake`, for `duration` to pass, for the stop, or for the task's cancellation.
    package func wait(atMost duration: Duration) async {
        if !isStopping { await signal.wait(atMost: duration, on: time) }
    }

    /// Ends the present wait, or the next one if there is none.
    package func wake() { signal.signal() }

    package func askToStop() {
        stopping.store(true, ordering: .releasing)
        signal.signal()
    }
}

/// How a child is doing, at the time of asking.
package struct ChildStatus: Sendable, Equatable {
    package let name: String
    package let state: ChildMachine.State
    /// For how long it has been in `state`.
    package let stateAge: Duration
    /// Counts from 1; 0 before the first.
    package let attempt: Int
    package let consecutiveFailures: Int
    package let isDegraded: Bool
    /// Why the last attempt ended; kept after a recovery.
    package let lastError: String?
    /// Since the present attempt's last sign of life; nil when there was none.
    package let heartbeatAge: Duration?
    /// Until the next attempt; nil unless waiting.
    package let nextAttemptIn: Duration?

    init(name: String, machine: ChildMachine, at now: Duration) {
        self.name = name
        state = machine.state
        stateAge = now - machine.since
        attempt = machine.attempt
        consecutiveFailures = machine.consecutiveFailures
        isDegraded = machine.isDegraded
        lastError = machine.lastError
        heartbeatAge = machine.lastHeartbeat.map { now - $0 }
        nextAttemptIn =
            if case .waiting(let until) = machine.state { max(.zero, until - now) } else { nil }
    }
}
