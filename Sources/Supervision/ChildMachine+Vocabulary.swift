// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension ChildMachine {
    /// What has become of the present attempt's body.
    package enum Phase: Sendable, Equatable {
        /// There is none.
        case resting
        case running
        /// It was asked to return; at `until` it is cancelled.
        case stopping(until: Duration, RunOutcome)
        /// It was cancelled; at `until` it is abandoned.
        case cancelling(until: Duration, RunOutcome)
    }

    /// What the siblings mean for this child; `SupervisorMachine` knows.
    package struct Gate: Sendable, Equatable {
        /// The child that must run, or have stopped, before this one may start.
        package var blockedBy: String?
        /// It must not run now.
        package var isHeld = false
        /// A child that needs this one still has a body: it isn't asked to stop yet.
        package var isNeeded = false

        package init(blockedBy: String? = nil, isHeld: Bool = false, isNeeded: Bool = false) {
            self.blockedBy = blockedBy
            self.isHeld = isHeld
            self.isNeeded = isNeeded
        }
    }

    /// What a body says of itself.
    package enum Sign: Sendable, Equatable {
        case alive
        /// Some of its work has succeeded.
        case progress(String)
        /// nil when it no longer waits.
        case waits(AwaitedResource?)
    }

    package enum Event: Sendable, Equatable {
        case start
        /// `deadline` may have passed.
        case due
        case sign(attempt: Int, Sign)
        /// The body of this attempt ended; `error` is nil when it returned.
        case ended(attempt: Int, error: String?)
        /// Stop for good; at once means cancelled without being asked, and before what needs it.
        case stop(atOnce: Bool)
        case gate(Gate)
        /// What this instance holds, and who holds the lease as far as is known.
        case lease(HeldLease?, holder: String?)
        case control(TaskControl)
    }

    package enum Action: Sendable, Equatable {
        case run(attempt: Int, lease: HeldLease?)
        case askToStop
        case cancel
        /// The body's context is dead from here on.
        case fence
        case extendLease(until: Duration)
        /// The lease must not be used by another body: one that still runs has its epoch.
        case discardLease
        case finished(FinishedRun)
        case moved(Transition)
        case report(Report)
    }

    /// What is worth a line in the log.
    package enum Report: Sendable, Equatable {
        /// `retryIn` is nil when the policy allows no retry.
        case failed(error: String, consecutive: Int, retryIn: Duration?)
        /// The limit of consecutive failures has just been reached.
        case degraded
        /// The limit of failures in the intensity window has just been reached.
        case flapping
        /// The child is stable again.
        case recovered
        /// No sign of life for this long.
        case hung(silent: Duration)
        /// The body ignores its cancellation; it is fenced and left to itself.
        case abandoned
        case leaseGained(epoch: Int64)
        case leaseLost(epoch: Int64)
        case paused(Pause)
        case resumed
        case restartAsked(by: String)
        case finished
        case stopped
    }
}
