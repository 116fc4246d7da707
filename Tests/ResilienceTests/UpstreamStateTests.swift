// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct UpstreamStateTests {
    /// An upstream with its own clock.
    private struct Bench {
        var state: UpstreamState
        var random = SeededRandom(seed: 1)
        var now = Duration.seconds(100)

        init(_ change: (inout RetryPolicy) -> Void = { _ in }) throws {
            state = UpstreamState(try Self.policy(change), at: .seconds(100))
        }

        /// Fixed delays of 100, 200, 400 ms; a small breaker.
        static func policy(
            _ change: (inout RetryPolicy) -> Void = { _ in }
        ) throws -> CheckedRetryPolicy {
            var policy = RetryPolicy.default
            policy.attemptTimeoutMs = 1_000
            policy.deadlineMs = 5_000
            policy.backoff.baseMs = 100
            policy.backoff.jitter = .none
            policy.breaker.callsMin = 10
            policy.breaker.openJitterPercent = 0
            policy.breaker.probes = 1
            change(&policy)
            return try CheckedRetryPolicy(policy)
        }

        var status: UpstreamStatus { state.status(at: now) }

        mutating func begin(_ call: inout CallProgress) -> GiveUpReason? {
            let admission = state.begin(&call, at: now, using: &random)
            state.breakerChange.map { changes.append($0) }
            switch admission {
            case .refused(let reason): return reason
            case .granted(let permit, _):
                permits.append(permit)
                return nil
            }
        }

        /// What a new call's first attempt may take; nil when it is refused.
        mutating func timeout(deadline: Duration?) -> Duration? {
            var call = CallProgress(isRepeatable: true, deadline: deadline)
            guard case .granted(_, let timeout) = state.begin(&call, at: now, using: &random)
            else { return nil }
            return timeout
        }

        private(set) var changes: [BreakerChange] = []
        private(set) var permits: [UpstreamState.Permit] = []

        /// Ends the attempt begun last.
        mutating func end(_ call: inout CallProgress, _ outcome: CallOutcome) -> CallVerdict {
            let permit = permits.removeLast()
            let verdict = state.end(&call, permit, outcome, at: now, using: &random)
            state.breakerChange.map { changes.append($0) }
            return verdict
        }

        /// A new call's first attempt.
        @discardableResult
        mutating func attempt(
            _ callClass: CallClass, isRepeatable: Bool = true
        ) -> (call: CallProgress, verdict: CallVerdict?) {
            var call = CallProgress(isRepeatable: isRepeatable)
            guard begin(&call) == nil else { return (call, nil) }
            let verdict = end(&call, CallOutcome(callClass))
            return (call, verdict)
        }

        mutating func open() {
            while status.breaker == .closed { attempt(.server, isRepeatable: false) }
        }
    }

    // MARK: - The order

    @Test func `the first gate that is shut is the reason`() throws {
        var bench = try Bench { $0.concurrencyMax = 1 }
        var late = CallProgress(isRepeatable: true, deadline: bench.now)
        #expect(bench.begin(&late) == .deadline)
        var (retry, verdict) = bench.attempt(.connect)
        #expect(verdict == .retry(after: .milliseconds(100)))
        bench.open()
        let until = bench.now + .seconds(5)
        #expect(bench.status.breaker == .open(until: until))
        bench.state.reconfigure(
            try Bench.policy {
                $0.budget.ratioPercent = 0
                $0.budget.floor = 0
            }, at: bench.now)
        #expect(bench.status.budgetLeft == 0)
        var (again, expired) = (retry, retry)
        expired.deadline = bench.now
        var copy = bench
        #expect(copy.begin(&expired) == .deadline)
        #expect(bench.begin(&again) == .budget)
        bench.state.reconfigure(try Bench.policy(), at: bench.now)
        retry.isWaiting = false
        #expect(bench.begin(&retry) == .breaker(until: until))
        bench.now = until
        var (first, second) = (CallProgress(isRepeatable: true), CallProgress(isRepeatable: true))
        bench.state.reconfigure(
            try Bench.policy {
                $0.concurrencyMax = 1
                $0.breaker.probes = 2
            }, at: bench.now)
        #expect(bench.begin(&first) == nil)
        #expect(bench.begin(&second) == .concurrencyLimit)
        let totals = bench.status.totals
        #expect(totals.refusedByDeadline == 1 && totals.refusedByBudget == 1)
        #expect(totals.refusedByBreaker == 1 && totals.refusedByConcurrencyLimit == 1)
    }

    @Test func `a gate that refuses costs the others nothing`() throws {
        var bench = try Bench { policy in
            policy.concurrencyMax = 1
            policy.budget.ratioPercent = 0
            policy.budget.floor = 1
        }
        var (retry, _) = bench.attempt(.server)
        #expect(bench.status.budgetLeft == 0, "who waits holds a place")
        var other = CallProgress(isRepeatable: true)
        #expect(bench.begin(&other) == nil)
        #expect(bench.begin(&retry) == .concurrencyLimit)
        #expect(bench.status.budgetLeft == 1)
        #expect(bench.status.totals.retries == 0)
        #expect(bench.end(&other, CallOutcome(.succeeded)) == .succeeded)

        // A probe's permit comes back too.
        bench.open()
        bench.now += .seconds(5)
        bench.state.reconfigure(
            try Bench.policy {
                $0.concurrencyMax = 1
                $0.breaker.probes = 2
            }, at: bench.now)
        var (first, second) = (CallProgress(isRepeatable: true), CallProgress(isRepeatable: true))
        #expect(bench.begin(&first) == nil)
        for _ in 0..<5 { #expect(bench.begin(&second) == .concurrencyLimit) }
        #expect(bench.end(&first, CallOutcome(.succeeded)) == .succeeded)
        #expect(bench.begin(&second) == nil)
        #expect(bench.end(&second, CallOutcome(.succeeded)) == .succeeded)
        #expect(bench.status.breaker == .closed)
    }

    @Test func `an attempt has its timeout or what is left`() throws {
        var bench = try Bench()
        #expect(bench.timeout(deadline: nil) == .seconds(1))
        #expect(bench.timeout(deadline: bench.now + .milliseconds(300)) == .milliseconds(300))
        #expect(bench.timeout(deadline: bench.now + .nanoseconds(1)) == .nanoseconds(1))
        #expect(bench.timeout(deadline: bench.now) == nil)
    }

    // MARK: - After a failure

    @Test func `only retryable failures of repeatable calls lead to a retry`() throws {
        for callClass in CallClass.allCases {
            for isRepeatable in [true, false] {
                var bench = try Bench { $0.retryable = [.connect, .server] }
                let verdict = bench.attempt(callClass, isRepeatable: isRepeatable).verdict
                let expected: CallVerdict =
                    switch callClass {
                    case .succeeded: .succeeded
                    case .cancelled: .giveUp(.cancelled)
                    case .rejected: .giveUp(.notRetryable)
                    case _ where !isRepeatable: .giveUp(.sentOnce)
                    case .connect, .server: .retry(after: .milliseconds(100))
                    case .timeout, .tooManyRequests, .protocol: .giveUp(.notRetryable)
                    }
                #expect(verdict == expected, "\(callClass), \(isRepeatable)")
            }
        }
    }

    @Test func `delays grow, and the attempts end`() throws {
        var bench = try Bench()
        var call = CallProgress(isRepeatable: true)
        var verdicts: [CallVerdict] = []
        for _ in 0..<3 {
            #expect(bench.begin(&call) == nil)
            verdicts.append(bench.end(&call, CallOutcome(.server)))
            bench.now += .milliseconds(400)
        }
        #expect(
            verdicts == [
                .retry(after: .milliseconds(100)), .retry(after: .milliseconds(200)),
                .giveUp(.attemptsMax),
            ])
    }

    @Test func `a backoff that outlasts the deadline is not begun, and costs nothing`() throws {
        var bench = try Bench()
        let left = bench.status.budgetLeft
        for (milliseconds, verdict) in [
            (100, CallVerdict.giveUp(.deadline)), (101, .retry(after: .milliseconds(100))),
        ] {
            var call = CallProgress(
                isRepeatable: true, deadline: bench.now + .milliseconds(milliseconds))
            #expect(bench.begin(&call) == nil)
            #expect(bench.end(&call, CallOutcome(.timeout)) == verdict)
        }
        #expect(bench.status.budgetLeft == left - 1)
    }

    @Test func `the upstream's wish replaces the backoff, within its bound`() throws {
        for (wish, delay) in [(0, 0), (70, 70), (2_000, 2_000), (2_001, 2_000), (.max, 2_000)] {
            var bench = try Bench { $0.retryAfterMaxMs = 2_000 }
            var call = CallProgress(isRepeatable: true)
            #expect(bench.begin(&call) == nil)
            let outcome = CallOutcome(.tooManyRequests, retryAfter: .milliseconds(wish))
            #expect(bench.end(&call, outcome) == .retry(after: .milliseconds(delay)))
        }
    }

    @Test func `a breaker that will still be open ends the call at once`() throws {
        var bench = try Bench()
        var calls = (0..<10).map { _ in CallProgress(isRepeatable: true) }
        for index in calls.indices { #expect(bench.begin(&calls[index]) == nil) }
        let verdicts = calls.indices.map { bench.end(&calls[$0], CallOutcome(.connect)) }
        #expect(verdicts.last == .giveUp(.breaker(until: bench.now + .seconds(5))))
        #expect(verdicts.first == .retry(after: .milliseconds(100)))
    }

    @Test func `no more calls wait than the budget has room for`() throws {
        var bench = try Bench { policy in
            policy.budget.ratioPercent = 0
            policy.budget.floor = 3
            policy.breaker.callsMin = 10_000
        }
        let verdicts = (0..<6).map { _ in bench.attempt(.server).verdict }
        #expect(
            verdicts
                == Array(repeating: .retry(after: .milliseconds(100)), count: 3)
                + Array(repeating: .giveUp(.budget), count: 3))
        #expect(bench.status.waiting == 3 && bench.status.budgetLeft == 0)
    }

    // MARK: - Evidence

    @Test func `a call that is wrong is no evidence against the upstream`() throws {
        var bench = try Bench()
        for _ in 0..<200 { bench.attempt(.rejected) }
        #expect(bench.status.breaker == .closed)
        #expect(bench.status.lastFailure == nil)
        for _ in 0..<10 { bench.attempt(.server, isRepeatable: false) }
        #expect(bench.status.breaker == .closed, "ten of 210 are few")

        var other = try Bench()
        other.open()
        other.now += .seconds(5)
        other.attempt(.rejected)
        #expect(other.status.breaker == .closed, "an upstream that answers is back")
    }

    @Test func `cancelled attempts are no evidence, and give a probe's permit back`() throws {
        var bench = try Bench()
        for _ in 0..<200 { bench.attempt(.cancelled) }
        #expect(bench.status.recent.calls == 0)
        bench.open()
        bench.now += .seconds(5)
        for _ in 0..<20 {
            let verdict = bench.attempt(.cancelled).verdict
            #expect(verdict == .giveUp(.cancelled))
        }
        #expect(bench.status.breaker == .halfOpen)
        bench.attempt(.succeeded)
        #expect(bench.status.breaker == .closed)
    }

    @Test func `it is known whether any attempt may have been carried out`() throws {
        var bench = try Bench()
        var call = bench.attempt(.connect).call
        #expect(!call.mayHaveBeenProcessed)
        #expect(bench.begin(&call) == nil)
        _ = bench.end(&call, CallOutcome(.timeout))
        #expect(call.mayHaveBeenProcessed)
        #expect(bench.begin(&call) == nil)
        _ = bench.end(&call, CallOutcome(.connect))
        #expect(call.mayHaveBeenProcessed)
    }

    // MARK: - New policy, status, changes

    @Test func `a new policy keeps pending backoffs, windows, the breaker and the records`() throws
    {
        var bench = try Bench()
        var (call, _) = bench.attempt(.server)
        for _ in 0..<8 { bench.attempt(.server, isRepeatable: false) }
        let before = bench.status
        bench.state.reconfigure(
            try Bench.policy {
                $0.attemptsMax = 1
                $0.breaker.windowMs = 60_000
                $0.budget.windowMs = 20_000
            }, at: bench.now)
        let after = bench.status
        #expect(after.waiting == 1 && after.budgetLeft == before.budgetLeft)
        #expect(after.recent == before.recent && after.totals == before.totals)
        #expect(bench.state.recorded.count == 9)
        #expect(bench.begin(&call) == nil, "the retry that was promised is made")
        #expect(bench.end(&call, CallOutcome(.server)) == .giveUp(.attemptsMax))
        #expect(bench.status.breaker == .open(until: bench.now + .seconds(5)))
        bench.state.reconfigure(try Bench.policy(), at: bench.now)
        #expect(bench.status.breaker == .open(until: bench.now + .seconds(5)))
    }

    @Test func `the status adds up`() throws {
        var bench = try Bench()
        for callClass in [CallClass.succeeded, .succeeded, .rejected, .cancelled, .timeout] {
            bench.attempt(callClass, isRepeatable: false)
        }
        var call = CallProgress(isRepeatable: true)
        #expect(bench.begin(&call) == nil)
        let status = bench.status
        #expect(status.inFlight == 1 && status.concurrencyMax == 256)
        #expect(status.totals.firstAttempts == 6 && status.totals.attempts == 6)
        #expect(status.totals.successes == 2 && status.totals.failures == 1)
        #expect(status.totals.rejections == 1 && status.totals.cancellations == 1)
        #expect(status.lastFailure?.callClass == .timeout)
        #expect(status.lastFailure?.at == bench.now)
        #expect(status.recent.calls == 4 && status.recent.failures == 1)
    }

    @Test func `every change of the breaker is told once, in order`() throws {
        var bench = try Bench()
        for step in 0..<40 {
            bench.attempt(step < 20 ? .server : .succeeded, isRepeatable: false)
            bench.now += .milliseconds(500)
        }
        let changes = bench.changes
        #expect(changes.map(\.number) == Array(1...UInt64(changes.count)))
        for (one, next) in zip(changes, changes.dropFirst()) { #expect(one.to == next.from) }
        #expect(changes.first?.from == .closed)
        #expect(changes.last?.to == .closed)
        #expect(changes.contains { $0.to == .halfOpen })
    }

    @Test func `the newest 4,096 outcomes are kept, in order`() throws {
        var bench = try Bench { $0.breaker.callsMin = 10_000 }
        for index in 0..<5_000 {
            var call = CallProgress(isRepeatable: false)
            #expect(bench.begin(&call) == nil)
            bench.now += .milliseconds(2)
            _ = bench.end(&call, CallOutcome(index % 2 == 0 ? .succeeded : .server))
        }
        let recorded = bench.state.recorded
        #expect(recorded.count == 4_096)
        #expect(recorded.first?.offset == .zero)
        #expect(recorded.last?.offset == .milliseconds(4_095 * 2))
        #expect(recorded.last?.callClass == .server)
        #expect(recorded.allSatisfy { $0.duration == .milliseconds(2) && !$0.isRetry })
    }
}
