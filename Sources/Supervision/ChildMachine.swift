// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience

/// How a child is restarted and stopped.
package struct ChildPolicy: Sendable, Equatable {
    /// The pause before each restart, by consecutive failures.
    package var backoff = Backoff(
        base: .milliseconds(100), factorPercent: 200, cap: .seconds(30), jitter: .equal)
    /// With this many failures in a row the child counts as degraded and is retried at the
    /// longest backoff: slowly, but for ever.
    package var consecutiveFailuresMax = 5
    /// A run this long ends a row of failures.
    package var stableTime: Duration = .seconds(60)
    /// A body silent for longer is hung: it is cancelled and replaced. nil for no watch.
    package var heartbeatTimeout: Duration?
    /// How long the body may take to return once asked to stop; then it is cancelled.
    package var shutdownGrace: Duration = .seconds(10)
    /// How long a cancelled body may take to return; then it is abandoned and left to itself.
    package var cancellationGrace: Duration = .seconds(5)

    package init() {}
}

/// One child's life as a state machine: pure, so that every path can be walked in a test.
///
/// ```
///           start            ended            due
///   idle ─────────► running ───────► waiting ─────► running
///                    │   │ silent       │ stop
///               stop │   └─► cancelling │
///                    ▼   due    │ ▲     ▼
///               stopping ───────┼─┘   stopped
///                    │ ended    │ ended, or due: abandoned
///                    ▼          ▼
///                 stopped    waiting, or stopped when asked to stop
/// ```
///
/// A body that returns although nobody asked it to stop has failed like one that throws: a worker
/// must not end silently. Cancellation by the supervisor and the end after a stop are no failures.
package struct ChildMachine: Sendable {
    package enum State: Sendable, Equatable {
        case idle
        case running
        /// The next attempt begins at `until`.
        case waiting(until: Duration)
        /// The body was asked to return; at `until` it is cancelled.
        case stopping(until: Duration)
        /// The body was cancelled; at `until` it is abandoned.
        case cancelling(until: Duration, isFinal: Bool)
        case stopped
    }

    package enum Event: Sendable, Equatable {
        case start
        /// `deadline` may have passed.
        case due
        /// Stop for good; at once means without asking the body first.
        case stop(atOnce: Bool)
        /// The body of this attempt ended; `error` is nil when it returned.
        case ended(attempt: Int, error: String?)
    }

    package enum Action: Sendable, Equatable {
        case run(attempt: Int)
        case askToStop
        case cancel
        case report(Report)
    }

    /// What is worth a line in the log.
    package enum Report: Sendable, Equatable {
        case failed(error: String, consecutive: Int, retryIn: Duration)
        /// The limit of consecutive failures has just been reached.
        case degraded
        /// A row of failures is over.
        case recovered
        /// No heartbeat for this long.
        case hung(silent: Duration)
        /// The body ignores its cancellation and is left to itself.
        case abandoned
        case stopped
    }

    package let policy: ChildPolicy
    package private(set) var state = State.idle
    /// When `state` was entered.
    package private(set) var since: Duration
    /// Counts from 1.
    package private(set) var attempt = 0
    package private(set) var consecutiveFailures = 0
    package private(set) var lastError: String?
    package private(set) var lastHeartbeat: Duration?

    package init(policy: ChildPolicy, at now: Duration) {
        self.policy = policy
        since = now
    }

    package var isDegraded: Bool { consecutiveFailures >= policy.consecutiveFailuresMax }

    /// When to come back with `.due`; nil when only events count.
    package var deadline: Duration? {
        switch state {
        case .idle, .stopped: nil
        case .waiting(let until), .stopping(let until), .cancelling(let until, _): until
        case .running:
            [consecutiveFailures > 0 ? since + policy.stableTime : nil, silentAt]
                .compactMap { $0 }.min()
        }
    }

    private var silentAt: Duration? {
        policy.heartbeatTimeout.map { (lastHeartbeat ?? since) + $0 }
    }

    /// Notes a sign of life from the body of `attempt`.
    package mutating func beat(attempt: Int, at now: Duration) {
        if attempt == self.attempt { lastHeartbeat = now }
    }

    /// Takes one step; the actions are to be performed in order.
    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        switch (event, state) {
        case (.start, .idle): begin(at: now)
        case (.due, _):
            if let deadline, deadline <= now { pass(deadlineAt: now, using: &random) } else { [] }
        case (.stop(let atOnce), _): stop(atOnce: atOnce, at: now)
        case (.ended(self.attempt, let error), .running):
            fail(error ?? "it returned without being asked to", at: now, using: &random)
        case (.ended(self.attempt, _), .stopping), (.ended(self.attempt, _), .cancelling):
            concludeCancellation(at: now, using: &random)
        case (.start, _), (.ended, _): []
        }
    }

    private mutating func enter(_ state: State, at now: Duration) {
        self.state = state
        since = now
    }

    private mutating func begin(at now: Duration) -> [Action] {
        attempt += 1
        lastHeartbeat = nil
        enter(.running, at: now)
        return [.run(attempt: attempt)]
    }

    private mutating func pass(
        deadlineAt now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        switch state {
        case .idle, .stopped: return []
        case .waiting: return begin(at: now)
        case .stopping:
            enter(.cancelling(until: now + policy.cancellationGrace, isFinal: true), at: now)
            return [.cancel]
        case .cancelling:
            return [.report(.abandoned)] + concludeCancellation(at: now, using: &random)
        case .running:
            if let silentAt, silentAt <= now {
                let silent = now - (lastHeartbeat ?? since)
                lastError = "no sign of life for \(silent)"
                enter(.cancelling(until: now + policy.cancellationGrace, isFinal: false), at: now)
                return [.report(.hung(silent: silent)), .cancel]
            }
            consecutiveFailures = 0
            return [.report(.recovered)]
        }
    }

    private mutating func stop(atOnce: Bool, at now: Duration) -> [Action] {
        switch state {
        case .idle, .waiting:
            enter(.stopped, at: now)
            return [.report(.stopped)]
        case .running, .stopping:
            if atOnce {
                enter(.cancelling(until: now + policy.cancellationGrace, isFinal: true), at: now)
                return [.askToStop, .cancel]
            }
            guard state == .running else { return [] }
            enter(.stopping(until: now + policy.shutdownGrace), at: now)
            return [.askToStop]
        case .cancelling(let until, _):
            state = .cancelling(until: until, isFinal: true)
            return [.askToStop]
        case .stopped: return []
        }
    }

    private mutating func concludeCancellation(
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        if case .cancelling(_, isFinal: false) = state {
            return fail(lastError ?? "cancelled", at: now, using: &random)
        }
        enter(.stopped, at: now)
        return [.report(.stopped)]
    }

    private mutating func fail(
        _ error: String, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        let wasDegraded = isDegraded
        consecutiveFailures += 1
        lastError = error
        let delay =
            isDegraded
            ? policy.backoff.cap
            : policy.backoff.delay(retry: consecutiveFailures, using: &random)
        enter(.waiting(until: now + delay), at: now)
        let failed = Action.report(
            .failed(error: error, consecutive: consecutiveFailures, retryIn: delay))
        return isDegraded && !wasDegraded ? [failed, .report(.degraded)] : [failed]
    }
}
