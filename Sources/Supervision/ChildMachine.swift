// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience

/// One child's life as a state machine: pure, so that every path can be walked in a test.
///
/// ```
///  STOPPED ── start ─► WAITING(dependency, lease) ◄──────────────────────── due ──┐
///    ▲ ▲                   │ all there                                            │
///    │ │                   ▼                                                      │
///    │ │ ended as its   STARTING ── sign of life, or startTime ─► RUNNING ⇄ WAITING(resource)
///    │ │ policy lets it    │                                         │            │
///    │ └───────────────────┤◄────────────────────────────────────────┘            │
///    │                     │ failed, or silent and then cancelled                 │
///    │                     ├─────────────► WAITING(backoff) ──────────────────────┤
///    │                     ├─ limit ─────► DEGRADED, the longest backoff ─────────┤
///    │                     ├─ intensity ─► FLAPPING ──────────────────────────────┘
///    │                     │ stop, pause, restart, held, lease lost
///    │                     ▼
///    └── to stop ────── STOPPING ── to pause ─► PAUSED ── resumed, or until is over ─► WAITING
///                                 └ the others ─► WAITING(dependency, lease)
/// ```
///
/// `DEGRADED` and `FLAPPING` go on over the retries, until a run has been stable. A body is asked
/// to return, then cancelled, then fenced and left to itself; a hung one, or one that has lost its
/// lease, is cancelled at once. A body whose context is not fenced never runs beside another.
///
/// A body that returns although nobody asked it to stop has failed like one that throws, unless
/// the restart policy says otherwise: a worker must not end silently. What ends for a stop, a
/// pause, a restart, a sibling or a lost lease has not failed.
package struct ChildMachine: Sendable {
    private struct Failures: WindowCounts {
        var count = 0

        static func += (left: inout Failures, right: Failures) { left.count += right.count }
    }

    package let policy: ChildPolicy
    package let scope: ChildScope
    package private(set) var phase = Phase.resting
    /// When the state was entered.
    package private(set) var since: Duration
    /// Counts from 1.
    package private(set) var attempt = 0
    package private(set) var consecutiveFailures = 0
    package private(set) var isFlapping = false
    /// Why the last failed attempt failed; kept after a recovery.
    package private(set) var lastError: String?
    /// Of the present attempt.
    package private(set) var lastHeartbeat: Duration?
    /// When a body last spoke of progress, returned as its policy lets it, or had run for the
    /// stable time.
    package private(set) var lastSuccess: Duration?
    package private(set) var progress: String?
    /// When the backoff ends; nil when there is none.
    package private(set) var retryAt: Duration?
    package private(set) var pause: Pause?
    package private(set) var gate = Gate()
    /// Before the next body starts the gate must be said anew: the end of the last may move it.
    package private(set) var wantsGate = true
    package private(set) var lease: HeldLease?
    package private(set) var leaseHolder: String?
    /// How often a lease was lost, not given back.
    package private(set) var leasesLost = 0
    /// Bodies that ignored their cancellation and have not ended since.
    package private(set) var abandonedBodies = 0
    /// It ended as its restart policy lets it.
    package private(set) var isDone = false
    /// It ended with success, which is as good as running for those that need it.
    package private(set) var hasFinished = false
    private var isStarted = false
    private var isShutDown = false
    private var isRestartAsked = false
    private var isAlive = false
    private var resource: AwaitedResource?
    private var startedAt = Duration.zero
    /// Of the lease the present attempt was started under.
    private var epoch: Int64?
    private var stableAt = Duration.zero
    private var lastDelay: Duration?
    private var window: SlidingWindow<Failures>

    package init(
        policy: ChildPolicy, scope: ChildScope = .everyInstance, at now: Duration
    ) {
        precondition(policy.consecutiveFailuresMax >= 1 && policy.intensityMax >= 1)
        precondition(policy.stableTime > .zero)
        self.policy = policy
        self.scope = scope
        since = now
        window = SlidingWindow(length: policy.intensityWindow)
    }

    // MARK: - Looking at it

    package var state: ChildState {
        switch phase {
        case .stopping, .cancelling: return .stopping
        case .running:
            if endCause != nil { return .stopping }
            if isDegraded { return .degraded }
            if isFlapping { return .flapping }
            return waitReason.map { .waiting($0) } ?? (isAlive ? .running : .starting)
        case .resting:
            if isShutDown || !isStarted { return .stopped }
            if pause != nil { return .paused }
            if isDone { return .stopped }
            if retryAt != nil, isDegraded { return .degraded }
            if retryAt != nil, isFlapping { return .flapping }
            return waitReason.map { .waiting($0) } ?? .starting
        }
    }

    /// What it waits for, whatever its state is called; nil when for nothing.
    package var waitReason: WaitReason? {
        switch phase {
        case .stopping, .cancelling: return nil
        case .running: return resource.map { .resource($0) }
        case .resting:
            guard isStarted, !isShutDown, pause == nil, !isDone else { return nil }
            if retryAt != nil { return .backoff }
            if let name = gate.blockedBy { return .dependency(name) }
            return scope == .leader && lease == nil ? .lease(holder: leaseHolder) : nil
        }
    }

    package var hasBody: Bool { phase != .resting }

    /// Whether those that need it may start.
    package var isUp: Bool {
        phase == .running ? isAlive && endCause == nil : isDone && hasFinished
    }

    package var isDegraded: Bool { consecutiveFailures >= policy.consecutiveFailuresMax }

    package func failuresInWindow(at now: Duration) -> Int { window.sum(now: now).count }

    /// Whether those that need it must not run, as it stops on purpose.
    package var isWithdrawn: Bool { pause != nil }

    /// Whether this instance should have the lease. A degraded leader goes without it until its
    /// next attempt, so that another instance can try.
    package var wantsLease: Bool {
        guard scope == .leader else { return false }
        return hasBody ? lease != nil : isReady && (retryAt == nil || !isDegraded)
    }

    private var isReady: Bool {
        isStarted && !isShutDown && pause == nil && !isDone && !wantsGate && gate.blockedBy == nil
            && !gate.isHeld
    }

    /// Why the running body must be asked to stop; nil when it may go on.
    private var endCause: RunOutcome? {
        if isShutDown { return .shutDown }
        if pause != nil { return .paused }
        if isRestartAsked { return .restarted }
        return gate.isHeld ? .held : nil
    }

    /// When to come back with `.due`; nil when only events count.
    package var deadline: Duration? {
        let own: Duration? =
            switch phase {
            case .resting: retryAt
            case .stopping(let until, _), .cancelling(let until, _): until
            case .running:
                [
                    isAlive ? nil : startedAt + policy.startTime, silentAt,
                    consecutiveFailures > 0 || isFlapping ? stableAt : nil,
                ].compactMap { $0 }.min()
            }
        guard let end = pause?.until, !isShutDown else { return own }
        return min(end, own ?? end)
    }

    private var silentAt: Duration? {
        policy.heartbeatTimeout.map { (lastHeartbeat ?? startedAt) + $0 }
    }

    /// Why this control can't be applied now; nil when it can.
    package func objection(to control: TaskControl) -> String? {
        if isShutDown { return "it is stopping for good" }
        switch control {
        case .pause: return isDone ? "it has ended" : nil
        case .resume: return pause == nil ? "it is not paused" : nil
        case .restart: return pause != nil ? "it is paused" : nil
        }
    }

    // MARK: - Steps

    /// Takes one step; the actions are to be performed in order.
    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        let before = state
        var actions = take(event, at: now, using: &random)
        actions += settle(at: now)
        if state != before {
            since = now
            let transition = Transition(
                from: before, to: state, reason: waitReason, attempt: attempt, error: lastError)
            actions.append(.moved(transition))
        }
        return actions
    }

    private mutating func take(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        switch event {
        case .start: isStarted = true
        case .due: return pass(deadlineAt: now, using: &random)
        case .sign(let attempt, let sign):
            if attempt == self.attempt, hasBody { note(sign, at: now) }
        case .ended(let attempt, let error):
            return end(attempt, error, at: now, using: &random)
        case .stop(let atOnce): return stop(atOnce: atOnce, at: now)
        case .gate(let gate):
            self.gate = gate
            wantsGate = false
        case .lease(let held, let holder): return take(held, holder, at: now)
        case .control(let control): return obey(control)
        }
        return []
    }

    /// Does what has become possible or necessary.
    private mutating func settle(at now: Duration) -> [Action] {
        switch phase {
        case .resting where isReady && retryAt == nil && (scope != .leader || lease != nil):
            return begin(at: now)
        case .running:
            guard let endCause, !gate.isNeeded else { return [] }
            phase = .stopping(until: now + policy.shutdownGrace, endCause)
            return [.askToStop]
        case .resting, .stopping, .cancelling: return []
        }
    }

    private mutating func begin(at now: Duration) -> [Action] {
        attempt += 1
        phase = .running
        startedAt = now
        epoch = lease?.lease.epoch
        stableAt = now + policy.stableTime
        lastHeartbeat = nil
        progress = nil
        isAlive = false
        return [.run(attempt: attempt, lease: lease)]
    }

    private mutating func note(_ sign: Sign, at now: Duration) {
        lastHeartbeat = now
        isAlive = true
        switch sign {
        case .alive: break
        case .progress(let text):
            progress = text
            lastSuccess = now
        case .waits(let resource): self.resource = resource
        }
    }

    private mutating func stop(atOnce: Bool, at now: Duration) -> [Action] {
        let wasShutDown = isShutDown
        isShutDown = true
        retryAt = nil
        switch phase {
        case .resting: return wasShutDown ? [] : [.report(.stopped)]
        case .running, .stopping: return atOnce ? cancel(.shutDown, at: now) : []
        case .cancelling: return []
        }
    }

    private mutating func cancel(_ outcome: RunOutcome, at now: Duration) -> [Action] {
        var outcome = outcome
        if case .stopping(_, let first) = phase { outcome = first }
        phase = .cancelling(until: now + policy.cancellationGrace, outcome)
        return [.askToStop, .cancel]
    }

    private mutating func take(
        _ held: HeldLease?, _ holder: String?, at now: Duration
    ) -> [Action] {
        let before = lease
        lease = held
        leaseHolder = holder
        if let held, held.lease == before?.lease { return [.extendLease(until: held.until)] }
        var actions: [Action] = []
        // A lease this instance has given back, or must not use, is gone without being lost.
        if let before, wantedLease {
            leasesLost += 1
            actions = [.report(.leaseLost(epoch: before.lease.epoch))]
            switch phase {
            case .resting: break
            case .running, .stopping: actions += [.fence] + cancel(.leaseLost, at: now)
            case .cancelling: actions.append(.fence)
            }
        }
        if let held { actions.append(.report(.leaseGained(epoch: held.lease.epoch))) }
        return actions
    }

    /// Whether the lease was wanted while it was held.
    private var wantedLease: Bool { hasBody || isReady && (retryAt == nil || !isDegraded) }

    private mutating func obey(_ control: TaskControl) -> [Action] {
        guard objection(to: control) == nil else { return [] }
        switch control {
        case .pause(let pause):
            self.pause = pause
            return [.report(.paused(pause))]
        case .resume:
            pause = nil
            return [.report(.resumed)]
        case .restart(let who):
            isDone = false
            retryAt = nil
            isRestartAsked = hasBody
            return [.report(.restartAsked(by: who))]
        }
    }

    private mutating func pass(
        deadlineAt now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        var actions: [Action] = []
        if let end = pause?.until, end <= now {
            pause = nil
            actions.append(.report(.resumed))
        }
        switch phase {
        case .resting:
            if let retryAt, retryAt <= now { self.retryAt = nil }
        case .stopping(let until, let outcome) where until <= now:
            actions += cancel(outcome, at: now)
        case .cancelling(let until, let outcome) where until <= now:
            actions.append(.report(.abandoned))
            actions += conclude(outcome, error: nil, isAbandoned: true, at: now, using: &random)
        case .stopping, .cancelling: break
        case .running: actions += watch(at: now)
        }
        return actions
    }

    /// Looks after the running body.
    private mutating func watch(at now: Duration) -> [Action] {
        if let silentAt, silentAt <= now {
            let silent = now - (lastHeartbeat ?? startedAt)
            return [.report(.hung(silent: silent))] + cancel(.hung, at: now)
        }
        if startedAt + policy.startTime <= now { isAlive = true }
        guard consecutiveFailures > 0 || isFlapping, stableAt <= now else { return [] }
        consecutiveFailures = 0
        lastDelay = nil
        lastSuccess = now
        // A stable run alone would let a flapping child recover and flap without end.
        if isFlapping, failuresInWindow(at: now) >= policy.intensityMax {
            stableAt = now + policy.intensityWindow / 10
            return []
        }
        isFlapping = false
        return [.report(.recovered)]
    }

    // MARK: - Ends

    private mutating func end(
        _ attempt: Int, _ error: String?, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Action] {
        guard attempt == self.attempt, hasBody else {
            // An abandoned body has come to its end after all.
            abandonedBodies = max(0, abandonedBodies - 1)
            return []
        }
        let outcome: RunOutcome =
            switch phase {
            case .stopping(_, let outcome), .cancelling(_, let outcome): outcome
            case .resting, .running:
                error == nil && policy.restart != .permanent ? .finished : .failed
            }
        return conclude(outcome, error: error, isAbandoned: false, at: now, using: &random)
    }

    private mutating func conclude(
        _ outcome: RunOutcome, error: String?, isAbandoned: Bool, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Action] {
        var error = error
        if outcome == .failed { error = error ?? "it returned without being asked to" }
        if outcome == .hung { error = "no sign of life for \(policy.heartbeatTimeout ?? .zero)" }
        phase = .resting
        wantsGate = true
        resource = nil
        hasFinished = outcome == .finished
        let run = FinishedRun(
            attempt: attempt, startedAt: startedAt, endedAt: now, outcome: outcome,
            isAbandoned: isAbandoned, error: error, progress: progress, epoch: epoch)
        // Whatever still has the context, perhaps a task the body has left behind, is too late.
        var actions: [Action] = [.fence, .finished(run)]
        if isAbandoned {
            abandonedBodies += 1
            if lease != nil {
                lease = nil
                actions.append(.discardLease)
            }
        }
        switch outcome {
        case .failed, .hung: actions += fail(error ?? "", at: now, using: &random)
        case .finished:
            isDone = true
            lastSuccess = now
            actions.append(.report(.finished))
        case .held, .leaseLost: isDone = policy.restart == .temporary
        case .paused, .restarted, .shutDown: break
        }
        if isRestartAsked {
            isRestartAsked = false
            isDone = false
            retryAt = nil
        }
        if isShutDown {
            retryAt = nil
            actions.append(.report(.stopped))
        }
        return actions
    }

    private mutating func fail(
        _ error: String, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Action] {
        let wasDegraded = isDegraded
        let wasFlapping = isFlapping
        consecutiveFailures += 1
        lastError = error
        window.add(Failures(count: 1), now: now)
        guard policy.restart != .temporary else {
            isDone = true
            return [
                .report(.failed(error: error, consecutive: consecutiveFailures, retryIn: nil))
            ]
        }
        isFlapping = isFlapping || failuresInWindow(at: now) >= policy.intensityMax
        let delay =
            isDegraded
            ? policy.backoff.cap
            : policy.backoff.delay(
                retry: consecutiveFailures, previous: lastDelay, using: &random)
        lastDelay = delay
        retryAt = now + delay
        var actions: [Action] = [
            .report(.failed(error: error, consecutive: consecutiveFailures, retryIn: delay))
        ]
        if isDegraded, !wasDegraded { actions.append(.report(.degraded)) }
        if isFlapping, !wasFlapping { actions.append(.report(.flapping)) }
        return actions
    }
}
