// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// One instance's part in one lease, as a state machine: pure, like `ChildMachine`.
///
/// ```
///            wanted               granted
///    IDLE ──────────► ACQUIRING ───────────► HELD ──┐ renewed
///     ▲                 │    ▲                │ ▲───┘
///     │     refused, or │    │ due            │ not renewed in `holdTime`, or refused: lost
///     │      no answer  ▼    │                ▼
///     │                 RESTING ◄─────────────┤
///     │                                       │ not wanted
///     └────────────────────────────────── RELEASING
/// ```
///
/// From every state it goes to `IDLE` when it isn't wanted. One call is under way at a time; one
/// that isn't answered in `callTimeMax` has failed, and what it answers later counts for nothing:
/// a lease granted too late is never used, and ends in the store by itself.
package struct LeaseMachine: Sendable {
    package enum State: Sendable, Equatable {
        case idle
        case acquiring
        /// Asks again at `until`.
        case resting(until: Duration)
        case held(HeldLease)
        case releasing
    }

    package enum Call: Sendable, Equatable {
        case acquire
        case renew(Lease)
        case release(Lease)
    }

    package enum Answer: Sendable, Equatable {
        case granted(Lease)
        /// Renewed or released, as it was asked.
        case done
        case failed(LeaseError)
    }

    package enum Event: Sendable, Equatable {
        case want(Bool)
        case answered(call: UInt64, Answer)
        /// `deadline` may have passed.
        case due
        /// What is held must not be used any more: a body that still runs has it.
        case discard
    }

    package enum Action: Sendable, Equatable {
        /// Make this call within `callTimeMax`; it takes the place of the one before.
        case call(UInt64, Call)
    }

    package let policy: LeasePolicy
    package private(set) var state = State.idle
    /// Who has it as far as is known, this instance or another.
    package private(set) var known: Lease?
    package private(set) var isWanted = false
    private var calls: UInt64 = 0
    /// When the call under way was made.
    private var sentAt: Duration?
    private var renewAt = Duration.zero

    /// - Parameter policy: `isSound`.
    package init(policy: LeasePolicy = LeasePolicy()) {
        precondition(policy.isSound)
        self.policy = policy
    }

    package var held: HeldLease? {
        if case .held(let held) = state { held } else { nil }
    }

    /// When to come back with `.due`; nil when only events count.
    package var deadline: Duration? {
        let callEnd = sentAt.map { $0 + policy.callTimeMax }
        switch state {
        case .idle: return nil
        case .acquiring, .releasing: return callEnd
        case .resting(let until): return until
        case .held(let held): return min(held.until, callEnd ?? renewAt)
        }
    }

    package mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        // Whatever comes, it comes too late for a lease whose time is over.
        if let held, held.until <= now { rest(at: now) }
        switch event {
        case .want(let isWanted):
            self.isWanted = isWanted
            return isWanted ? resume(at: now) : giveUp(at: now)
        case .answered(let call, let answer):
            guard call == calls, let sent = sentAt else { return [] }
            sentAt = nil
            return take(answer, to: sent, at: now)
        case .due: return pass(deadlineAt: now)
        case .discard:
            guard held != nil else { return [] }
            sentAt = nil
            known = nil
            state = .idle
            return resume(at: now)
        }
    }

    private mutating func call(_ call: Call, at now: Duration) -> [Action] {
        calls += 1
        sentAt = now
        return [.call(calls, call)]
    }

    private mutating func rest(at now: Duration) {
        sentAt = nil
        known = nil
        state = .resting(until: now + policy.pollInterval)
    }

    private mutating func resume(at now: Duration) -> [Action] {
        guard isWanted, state == .idle else { return [] }
        state = .acquiring
        return call(.acquire, at: now)
    }

    private mutating func giveUp(at now: Duration) -> [Action] {
        switch state {
        // A call that may yet be granted is waited for, to give back what it brings.
        case .idle, .acquiring, .releasing: return []
        case .resting:
            state = .idle
            return []
        case .held(let held):
            state = .releasing
            known = nil
            return call(.release(held.lease), at: now)
        }
    }

    private mutating func take(_ answer: Answer, to sent: Duration, at now: Duration) -> [Action] {
        switch (state, answer) {
        case (.acquiring, .granted(let lease)):
            let held = HeldLease(lease, until: sent + policy.holdTime)
            guard held.until > now else { break }
            state = .held(held)
            known = lease
            renewAt = sent + policy.renewInterval
            return isWanted ? [] : giveUp(at: now)
        case (.held(let held), .done):
            state = .held(HeldLease(held.lease, until: sent + policy.holdTime))
            renewAt = sent + policy.renewInterval
            return []
        case (.held, .failed(.unavailable)):
            renewAt = now + policy.retryInterval
            return []
        case (.releasing, _):
            state = .idle
            return resume(at: now)
        case (.acquiring, _), (.held, _): break
        case (.idle, _), (.resting, _): return []
        }
        rest(at: now)
        if case .failed(.heldByOther(let other)) = answer { known = other }
        if !isWanted { state = .idle }
        return []
    }

    private mutating func pass(deadlineAt now: Duration) -> [Action] {
        if let sent = sentAt, sent + policy.callTimeMax <= now {
            sentAt = nil
            return take(.failed(.unavailable("no answer in time")), to: sent, at: now)
        }
        switch state {
        case .resting(let until) where until <= now:
            state = .idle
            return resume(at: now)
        case .held(let held) where sentAt == nil && renewAt <= now:
            return call(.renew(held.lease), at: now)
        case .idle, .acquiring, .resting, .held, .releasing: return []
        }
    }
}
