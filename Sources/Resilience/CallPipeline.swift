// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// An attempt has failed: with what, and what that means.
package struct AttemptFailure<Cause: Error>: Error {
    package let cause: Cause
    package let outcome: CallOutcome

    /// - Parameter outcome: Of any class but `succeeded`.
    package init(_ cause: Cause, _ outcome: CallOutcome) {
        precondition(outcome.callClass != .succeeded)
        self.cause = cause
        self.outcome = outcome
    }
}

/// A call has failed for good.
package struct CallFailure<Cause: Error>: Error {
    package let reason: GiveUpReason
    /// What the last attempt failed with; nil when there was none.
    package let cause: Cause?
    /// Attempts made.
    package let attempts: Int
    /// Whether any of them may have been carried out.
    package let mayHaveBeenProcessed: Bool
}

/// What an observer is told; never while the pipeline's lock is held.
package enum CallEvent: Sendable, Equatable {
    /// An attempt has ended.
    case attempted(CallClass, duration: Duration, isRetry: Bool)
    /// A call waits for its next attempt.
    case waiting(Duration)
    /// A call has failed for good.
    case gaveUp(GiveUpReason)
    case breakerChanged(BreakerChange)
}

/// Takes every call to one upstream through `UpstreamState`, whose order is documented there.
///
/// A success takes the lock twice and allocates nothing. The clock, sleeping, randomness and the
/// observer are injected; all are called from whatever task makes the call.
package final class CallPipeline: Sendable {
    private let state: Mutex<UpstreamState>
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let random: @Sendable () -> UInt64
    private let observe: @Sendable (CallEvent) -> Void

    /// - Parameters:
    ///   - now: Time since a fixed origin; it never goes back.
    ///   - sleep: Suspends for the duration; throws when the task is cancelled.
    ///   - random: Uniform over all values; called with the lock held, so it must not wait.
    ///   - observe: Metrics and alerts; it must not wait.
    package init(
        _ policy: CheckedRetryPolicy, now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> UInt64,
        observe: @escaping @Sendable (CallEvent) -> Void = { _ in }
    ) {
        state = Mutex(UpstreamState(policy, at: now()))
        self.now = now
        self.sleep = sleep
        self.random = random
        self.observe = observe
    }

    /// Makes a call, as often as needed and allowed.
    ///
    /// - Parameters:
    ///   - isRepeatable: Whether the call may be sent again. One that moves money may not: it
    ///     passes the same gates, has one attempt, and its failure says whether it may have been
    ///     carried out.
    ///   - deadline: The caller's own, on the pipeline's clock; the policy's holds as well.
    ///   - attempt: Makes one attempt within the duration it is given, which it must keep by
    ///     itself. What it returns counts as success.
    /// - Throws: The last attempt's cause and why there is no further one.
    package func call<Value, Cause: Error>(
        isRepeatable: Bool, deadline: Duration? = nil,
        _ attempt: (Duration) async throws(AttemptFailure<Cause>) -> Value
    ) async throws(CallFailure<Cause>) -> Value {
        var call = CallProgress(isRepeatable: isRepeatable, deadline: deadline)
        var cause: Cause?
        while true {
            let (permit, timeout) = try begin(&call, cause)
            do throws(AttemptFailure<Cause>) {
                let value = try await attempt(timeout)
                _ = end(&call, permit, CallOutcome(.succeeded))
                return value
            } catch {
                cause = error.cause
                try await backOff(&call, permit, error)
            }
        }
    }

    /// Takes another policy, which holds for every step from now on; calls that wait go on
    /// waiting, and what was counted stays.
    package func reconfigure(_ policy: CheckedRetryPolicy) {
        step { state, now, _ in state.reconfigure(policy, at: now) }
    }

    package var policy: CheckedRetryPolicy { state.withLock { $0.policy } }

    package func status() -> UpstreamStatus {
        let now = now()
        return state.withLock { $0.status(at: now) }
    }

    /// The newest outcomes, at most 4,096, in the order in which the attempts began.
    package var recorded: [RecordedOutcome] {
        // Outside the lock: calls must not wait while thousands of outcomes are sorted.
        state.withLock { $0 }.recorded
    }

    // MARK: - Steps

    private func begin<Cause: Error>(
        _ call: inout CallProgress, _ cause: Cause?
    ) throws(CallFailure<Cause>) -> (UpstreamState.Permit, timeout: Duration) {
        guard !Task.isCancelled else { throw cancel(&call, cause) }
        let admission = step { state, now, random in
            state.begin(&call, at: now, using: &random)
        }
        switch admission {
        case .granted(let permit, let timeout): return (permit, timeout)
        case .refused(let reason): throw giveUp(call, reason, cause)
        }
    }

    private func end(
        _ call: inout CallProgress, _ permit: UpstreamState.Permit, _ outcome: CallOutcome
    ) -> CallVerdict {
        var endedAt = permit.startedAt
        let verdict = step { state, now, random in
            endedAt = now
            return state.end(&call, permit, outcome, at: now, using: &random)
        }
        observe(
            .attempted(
                outcome.callClass, duration: endedAt - permit.startedAt, isRetry: permit.isRetry))
        return verdict
    }

    /// Gives the permit of a failed attempt back, and waits until the next one is due.
    private func backOff<Cause: Error>(
        _ call: inout CallProgress, _ permit: UpstreamState.Permit,
        _ failure: AttemptFailure<Cause>
    ) async throws(CallFailure<Cause>) {
        var outcome = failure.outcome
        // Whatever a cancelled attempt says it failed of, it was not left alone to succeed.
        if Task.isCancelled, outcome.callClass.isFailure { outcome.callClass = .cancelled }
        switch end(&call, permit, outcome) {
        case .succeeded: preconditionFailure("a failure has no outcome of success")
        case .giveUp(let reason): throw giveUp(call, reason, failure.cause)
        case .retry(let delay):
            observe(.waiting(delay))
            do { try await sleep(delay) } catch { throw cancel(&call, failure.cause) }
        }
    }

    private func cancel<Cause: Error>(
        _ call: inout CallProgress, _ cause: Cause?
    ) -> CallFailure<Cause> {
        step { state, _, _ in state.cancel(&call) }
        return giveUp(call, .cancelled, cause)
    }

    private func giveUp<Cause: Error>(
        _ call: CallProgress, _ reason: GiveUpReason, _ cause: Cause?
    ) -> CallFailure<Cause> {
        observe(.gaveUp(reason))
        return CallFailure(
            reason: reason, cause: cause, attempts: call.attempts,
            mayHaveBeenProcessed: call.mayHaveBeenProcessed)
    }

    /// One step under the lock; what it changed in the breaker is told after it.
    private func step<Result: Sendable>(
        _ body: (inout UpstreamState, Duration, inout InjectedRandom) -> Result
    ) -> Result {
        let now = now()
        var random = InjectedRandom(source: random)
        let (result, change) = state.withLock { state in
            (body(&state, now, &random), state.breakerChange)
        }
        if let change { observe(.breakerChanged(change)) }
        return result
    }
}

private struct InjectedRandom: RandomNumberGenerator {
    let source: @Sendable () -> UInt64

    func next() -> UInt64 { source() }
}
