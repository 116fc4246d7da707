// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Budget, breaker, concurrency limit and counts of one upstream, and the decisions about its
/// calls. A pure value over an injected clock and injected randomness.
///
/// ```
///    begin                                                    end
///  ┌───────────────────────────────────────────────────┐  ┌─────────────────────┐
///  deadline ─► budget ─► breaker ─► concurrency limit ─► attempt ─► classify ─► back off
///     ▲                                                                           │
///     └──────────────────────────── the backoff is over ──────────────────────────┘
///
///  a call:   NEW ── begin ──► IN FLIGHT ── end ──► WAITING ── begin ──► IN FLIGHT …
///             │                  │                    │
///             └── refused ───────┴── done, given up ──┴── refused, cancelled ──► over
/// ```
///
/// The gates are asked in this order and all paid at once, so a call that one of them refuses has
/// cost the others nothing:
///
/// * **Deadline.** There must be time left; it also bounds the attempt.
/// * **Budget.** Counts first attempts; a retry must have room. Only a failed attempt of a
///   retryable class leads to one. Calls that wait hold their place in the budget, so that no
///   more wait than may be sent; what they hold is spent when they are sent.
/// * **Breaker.** Gives a permit, or says until when it will not.
/// * **Concurrency limit.** Refuses at once. There is no queue: waiting here would be a delay no
///   deadline or backoff of the policy accounts for, and would grow just when the upstream slows.
///
/// After a failure the same questions are asked ahead, and the call fails at once with its real
/// cause when the backoff would outlast the deadline, the budget is empty, or the breaker will
/// still be open. A call that waits holds no permit.
package struct UpstreamState: CallGovernor, Sendable {
    /// Leave to make one attempt, to be given back once.
    package struct Permit: Sendable {
        fileprivate let breaker: CircuitBreaker.Permit
        let startedAt: Duration
        let isRetry: Bool
    }

    package private(set) var policy: CheckedRetryPolicy
    /// What the last step changed in the breaker; nil when nothing.
    package private(set) var breakerChange: BreakerChange?
    private var budget: RetryBudget
    private var breaker: CircuitBreaker
    private var inFlight = 0
    private var waiting = 0
    private var totals = UpstreamStatus.Totals()
    private var lastFailure: UpstreamStatus.Failure?
    private var ring = OutcomeRing()

    package init(_ policy: CheckedRetryPolicy, at now: Duration) {
        self.policy = policy
        budget = RetryBudget(policy.budget)
        breaker = CircuitBreaker(policy.breaker, at: now)
    }

    package mutating func begin(
        _ call: inout CallProgress, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> CallAdmission<Permit> {
        let before = (breaker.state, breaker.stay)
        defer { noteChange(since: before, at: now) }
        leaveWaiting(&call)
        let isRetry = call.attempts > 0
        if !isRetry { call.deadline = min(call.deadline, now + policy.deadline) }
        guard call.deadline > now else { return .refused(counted(.deadline)) }
        guard !isRetry || budget.left(now: now) > 0 else { return .refused(counted(.budget)) }
        switch breaker.admit(at: now) {
        case .refused(let until):
            return .refused(counted(.breaker(until: until)))
        case .granted(let permit):
            guard inFlight < policy.policy.concurrencyMax else {
                breaker.giveBack(permit, .ignored, at: now, using: &random)
                return .refused(counted(.concurrencyLimit))
            }
            pay(isRetry: isRetry, at: now)
            call.attempts += 1
            return .granted(
                Permit(breaker: permit, startedAt: now, isRetry: isRetry),
                timeout: min(policy.attemptTimeout, call.deadline - now))
        }
    }

    package mutating func end(
        _ call: inout CallProgress, _ permit: Permit, _ outcome: CallOutcome, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> CallVerdict {
        let before = (breaker.state, breaker.stay)
        inFlight -= 1
        breaker.giveBack(permit.breaker, outcome.callClass.evidence, at: now, using: &random)
        noteChange(since: before, at: now)
        ring.append(
            start: permit.startedAt, duration: now - permit.startedAt, outcome.callClass,
            isRetry: permit.isRetry)
        if outcome.mayHaveBeenProcessed { call.mayHaveBeenProcessed = true }
        switch outcome.callClass {
        case .succeeded:
            totals.successes += 1
            return .succeeded
        case .rejected:
            totals.rejections += 1
            return .giveUp(.notRetryable)
        case .cancelled:
            totals.cancellations += 1
            return .giveUp(.cancelled)
        case .connect, .timeout, .tooManyRequests, .server, .protocol:
            totals.failures += 1
            lastFailure = UpstreamStatus.Failure(callClass: outcome.callClass, at: now)
            return backOff(&call, outcome, at: now, using: &random)
        }
    }

    /// Notes that the caller has gone away while no attempt was under way.
    package mutating func cancel(_ call: inout CallProgress) {
        breakerChange = nil
        leaveWaiting(&call)
        totals.cancellations += 1
    }

    /// Takes another policy. What was counted stays, with the breaker's state, permits, recorded
    /// outcomes and pending backoffs; a call under way keeps its deadline.
    package mutating func reconfigure(_ policy: CheckedRetryPolicy, at now: Duration) {
        let before = (breaker.state, breaker.stay)
        self.policy = policy
        budget.reconfigure(policy.budget)
        breaker.reconfigure(policy.breaker, at: now)
        noteChange(since: before, at: now)
    }

    package func status(at now: Duration) -> UpstreamStatus {
        UpstreamStatus(
            breaker: breaker.state, breakerSince: breaker.since, recent: breaker.recent(at: now),
            budgetLeft: max(0, budget.left(now: now) - waiting), inFlight: inFlight,
            waiting: waiting, concurrencyMax: policy.policy.concurrencyMax, totals: totals,
            lastFailure: lastFailure)
    }

    /// The newest outcomes, at most 4,096, in the order in which the attempts began.
    package var recorded: [RecordedOutcome] { ring.outcomes }

    // MARK: - Steps

    /// Whether and when the call is tried again after a failure.
    private mutating func backOff(
        _ call: inout CallProgress, _ outcome: CallOutcome, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> CallVerdict {
        guard call.isRepeatable else { return .giveUp(.sentOnce) }
        guard policy.policy.retryable.contains(outcome.callClass) else {
            return .giveUp(.notRetryable)
        }
        guard call.attempts < policy.policy.attemptsMax else { return .giveUp(.attemptsMax) }
        let delay: Duration
        if let wish = outcome.retryAfter {
            delay = min(wish, policy.retryAfterMax)
        } else {
            delay = policy.backoff.delay(
                retry: call.attempts, previous: call.lastBackoff, using: &random)
            call.lastBackoff = delay
        }
        guard now + delay < call.deadline else { return .giveUp(counted(.deadline)) }
        guard budget.left(now: now) > waiting else { return .giveUp(counted(.budget)) }
        if case .open(let until) = breaker.state, until > now + delay {
            return .giveUp(counted(.breaker(until: until)))
        }
        waiting += 1
        call.isWaiting = true
        return .retry(after: delay)
    }

    private mutating func pay(isRetry: Bool, at now: Duration) {
        inFlight += 1
        if isRetry {
            // There is room: it was asked about in this step.
            _ = budget.takeRetry(now: now)
            totals.retries += 1
        } else {
            budget.recordAttempt(now: now)
            totals.firstAttempts += 1
        }
    }

    private mutating func leaveWaiting(_ call: inout CallProgress) {
        guard call.isWaiting else { return }
        call.isWaiting = false
        waiting -= 1
    }

    private mutating func counted(_ reason: GiveUpReason) -> GiveUpReason {
        switch reason {
        case .deadline: totals.refusedByDeadline += 1
        case .budget: totals.refusedByBudget += 1
        case .breaker: totals.refusedByBreaker += 1
        case .concurrencyLimit: totals.refusedByConcurrencyLimit += 1
        case .notRetryable, .sentOnce, .attemptsMax, .cancelled: break
        }
        return reason
    }

    private mutating func noteChange(
        since before: (state: CircuitBreaker.State, stay: UInt64), at now: Duration
    ) {
        breakerChange =
            breaker.stay == before.stay
            ? nil
            : BreakerChange(number: breaker.stay, from: before.state, to: breaker.state, at: now)
    }
}
