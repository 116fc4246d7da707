// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
import TestSupport
import Testing

@Suite struct CallPipelineTests {
    private struct Broken: Error, Equatable {
        var number: Int
    }

    /// A pipeline whose sleeping moves the clock, and what it did.
    private final class Bench: Sendable {
        let time = ManualTime()
        let events = Mutex<[CallEvent]>([])
        let sleeps = Mutex<[Duration]>([])
        /// Called before and after sleeping when set.
        let onSleep = Mutex<(@Sendable () -> Void)?>(nil)
        let onWake = Mutex<(@Sendable () -> Void)?>(nil)
        private let made = Mutex<CallPipeline?>(nil)

        init(_ change: (inout RetryPolicy) -> Void = { _ in }) throws {
            let pipeline = CallPipeline(
                try Self.policy(change), now: { [time] in time.now },
                sleep: { [weak self] duration in
                    self?.sleeps.withLock { $0.append(duration) }
                    self?.onSleep.withLock { $0 }?()
                    try Task.checkCancellation()
                    self?.time.advance(by: duration)
                    self?.onWake.withLock { $0 }?()
                },
                random: { 1 << 63 },
                observe: { [weak self] event in
                    // Would stop for ever if the lock were held.
                    _ = self?.pipeline.status()
                    self?.events.withLock { $0.append(event) }
                })
            made.withLock { $0 = pipeline }
        }

        static func policy(
            _ change: (inout RetryPolicy) -> Void = { _ in }
        ) throws -> CheckedRetryPolicy {
            var policy = RetryPolicy.default
            policy.attemptTimeoutMs = 1_000
            policy.deadlineMs = 5_000
            policy.backoff.baseMs = 100
            policy.backoff.jitter = .none
            policy.breaker.probes = 1
            change(&policy)
            return try CheckedRetryPolicy(policy)
        }

        var pipeline: CallPipeline { made.withLock { $0! } }

        /// Makes a call whose attempts come to what `classes` says, the last for all further ones.
        func call(
            _ classes: CallClass..., isRepeatable: Bool = true, deadline: Duration? = nil,
            taking time: Duration = .zero, onAttempt: (Int) -> Void = { _ in }
        ) async throws(CallFailure<Broken>) -> Int {
            var attempts = 0
            return try await pipeline.call(isRepeatable: isRepeatable, deadline: deadline) {
                (timeout) throws(AttemptFailure<Broken>) in
                attempts += 1
                onAttempt(attempts)
                self.time.advance(by: time)
                let callClass = classes[min(attempts, classes.count) - 1]
                guard callClass == .succeeded else {
                    throw AttemptFailure(Broken(number: attempts), CallOutcome(callClass))
                }
                return attempts
            }
        }

        func expectIdle(_ location: SourceLocation = #_sourceLocation) {
            let status = pipeline.status()
            #expect(status.inFlight == 0 && status.waiting == 0, sourceLocation: location)
        }
    }

    private func failure<Value>(
        _ body: () async throws(CallFailure<Broken>) -> Value
    ) async -> CallFailure<Broken>? {
        do throws(CallFailure<Broken>) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a success is one attempt and no waiting`() async throws {
        let bench = try Bench()
        #expect(try await bench.call(.succeeded, taking: .milliseconds(7)) == 1)
        #expect(
            bench.events.withLock { $0 }
                == [.attempted(.succeeded, duration: .milliseconds(7), isRetry: false)])
        bench.expectIdle()
    }

    @Test func `failures are retried after their backoffs, and told`() async throws {
        let bench = try Bench()
        #expect(try await bench.call(.server, .connect, .succeeded) == 3)
        #expect(bench.sleeps.withLock { $0 } == [.milliseconds(100), .milliseconds(200)])
        #expect(
            bench.events.withLock { $0 } == [
                .attempted(.server, duration: .zero, isRetry: false),
                .waiting(.milliseconds(100)),
                .attempted(.connect, duration: .zero, isRetry: true),
                .waiting(.milliseconds(200)),
                .attempted(.succeeded, duration: .zero, isRetry: true),
            ])
        let totals = bench.pipeline.status().totals
        #expect(totals.firstAttempts == 1 && totals.retries == 2)
        bench.expectIdle()
    }

    @Test func `a call that fails for good says why, and what the last cause was`() async throws {
        let bench = try Bench()
        let failed = await failure { () async throws(CallFailure<Broken>) in
            try await bench.call(.connect, .timeout, .connect)
        }
        #expect(failed?.reason == .attemptsMax && failed?.attempts == 3)
        #expect(failed?.cause == Broken(number: 3))
        #expect(failed?.mayHaveBeenProcessed == true)
        bench.expectIdle()
    }

    @Test func `a backoff past the deadline fails at once with the real cause`() async throws {
        let bench = try Bench()
        let failed = await failure { () async throws(CallFailure<Broken>) in
            try await bench.call(.server, deadline: .milliseconds(250), taking: .milliseconds(10))
        }
        #expect(failed?.reason == .deadline && failed?.cause == Broken(number: 2))
        #expect(bench.time.now == .milliseconds(120), "nobody waited for nothing")
        let late = await failure { () async throws(CallFailure<Broken>) in
            try await bench.call(.succeeded, deadline: .milliseconds(120))
        }
        #expect(late?.reason == .deadline && late?.cause == nil && late?.attempts == 0)
        bench.expectIdle()
    }

    @Test(arguments: CallClass.allCases)
    func `what is sent once is never sent twice, whatever happens`(callClass: CallClass)
        async throws
    {
        let bench = try Bench { $0.retryable = Set(CallClass.failures) }
        var sent = 0
        let failed = await failure { () async throws(CallFailure<Broken>) in
            try await bench.call(callClass, .succeeded, isRepeatable: false) { _ in sent += 1 }
        }
        #expect(sent == 1)
        #expect(failed?.attempts == (callClass == .succeeded ? nil : 1))
        #expect(bench.sleeps.withLock { $0 } == [])
        #expect(bench.pipeline.status().totals.retries == 0)
        bench.expectIdle()
    }

    // MARK: - Cancellation

    private enum Point: CaseIterable {
        case before, firstAttempt, backoff, afterBackoff, retry, lastAttempt
    }

    /// At every point of a call that would fail twice and then succeed, with the upstream's
    /// breaker closed and half open.
    @Test(arguments: Point.allCases, [true, false])
    private func `cancellation gives every permit back`(point: Point, isProbe: Bool) async throws {
        let bench = try Bench { $0.breaker.callsMin = 5 }
        if isProbe {
            for _ in 0..<5 {
                _ = await failure { () async throws(CallFailure<Broken>) in
                    try await bench.call(.server, isRepeatable: false)
                }
            }
            bench.time.advance(by: .seconds(6))
        }
        let cancel: @Sendable () -> Void = { withUnsafeCurrentTask { $0?.cancel() } }
        if point == .backoff { bench.onSleep.withLock { $0 = cancel } }
        if point == .afterBackoff { bench.onWake.withLock { $0 = cancel } }
        let before = bench.pipeline.status()
        let failed = await Task {
            if point == .before { cancel() }
            return await self.failure { () async throws(CallFailure<Broken>) in
                try await bench.pipeline.call(isRepeatable: true) {
                    (_) throws(AttemptFailure<Broken>) in
                    let attempts = bench.pipeline.status().totals.attempts - before.totals.attempts
                    let points: [Point] = [.firstAttempt, .retry, .lastAttempt]
                    if point == points[Int(attempts) - 1] { cancel() }
                    throw AttemptFailure(Broken(number: Int(attempts)), CallOutcome(.connect))
                }
            }
        }.value
        // A probe that fails opens the breaker again, so there is no retry to cancel then.
        let isCancelled = !isProbe || point == .before || point == .firstAttempt
        #expect((failed?.reason == .cancelled) == isCancelled)
        let after = bench.pipeline.status()
        #expect(after.totals.cancellations == (isCancelled ? 1 : 0))
        bench.expectIdle()
        if isProbe && isCancelled {
            #expect(after.recent == before.recent, "no evidence")
            #expect(try await bench.call(.succeeded) == 1)
            #expect(bench.pipeline.status().breaker == .closed)
        }
    }

    @Test func `a cancelled attempt is no evidence, whatever it says it failed of`() async throws {
        let bench = try Bench()
        let failed = await Task {
            await self.failure { () async throws(CallFailure<Broken>) in
                try await bench.call(.timeout) { _ in withUnsafeCurrentTask { $0?.cancel() } }
            }
        }.value
        #expect(failed?.reason == .cancelled && failed?.cause == Broken(number: 1))
        #expect(failed?.mayHaveBeenProcessed == true)
        #expect(bench.pipeline.status().recent.calls == 0)
        bench.expectIdle()
    }

    @Test func `an answer that blames the caller stays one, though the caller has gone`()
        async throws
    {
        let bench = try Bench()
        let failed = await Task {
            await self.failure { () async throws(CallFailure<Broken>) in
                try await bench.call(.rejected) { _ in withUnsafeCurrentTask { $0?.cancel() } }
            }
        }.value
        #expect(failed?.reason == .notRetryable && failed?.mayHaveBeenProcessed == false)
        #expect(bench.pipeline.status().totals.rejections == 1)
        bench.expectIdle()
    }

    // MARK: - The breaker and new policies

    @Test func `changes of the breaker are told outside the lock, by new policies too`()
        async throws
    {
        let bench = try Bench { policy in
            policy.breaker.callsMin = 5
            policy.breaker.openJitterPercent = 0
            policy.breaker.probes = 2
        }
        for _ in 0..<5 {
            _ = await failure { () async throws(CallFailure<Broken>) in
                try await bench.call(.server, isRepeatable: false)
            }
        }
        let refused = await failure { () async throws(CallFailure<Broken>) in
            try await bench.call(.succeeded)
        }
        #expect(refused?.reason == .breaker(until: .seconds(5)))
        bench.time.advance(by: .seconds(5))
        _ = try await bench.call(.succeeded)
        bench.pipeline.reconfigure(try Bench.policy { $0.breaker.probes = 1 })
        let changes = bench.events.withLock { events in
            events.compactMap { event in
                if case .breakerChanged(let change) = event { change } else { nil }
            }
        }
        #expect(changes.map(\.to) == [.open(until: .seconds(5)), .halfOpen, .closed])
        #expect(changes.map(\.number) == [1, 2, 3])
        #expect(bench.pipeline.policy.policy.breaker.probes == 1)
    }

    @Test func `a new policy leaves a pending backoff alone`() async throws {
        let bench = try Bench()
        let next = try Bench.policy {
            $0.backoff.baseMs = 1
            $0.backoff.capMs = 1
        }
        let isFirst = Atomic(true)
        bench.onSleep.withLock {
            $0 = { [weak bench] in
                guard isFirst.exchange(false, ordering: .relaxed) else { return }
                bench?.pipeline.reconfigure(next)
            }
        }
        #expect(try await bench.call(.server, .server, .succeeded) == 3)
        #expect(bench.sleeps.withLock { $0 } == [.milliseconds(100), .milliseconds(1)])
    }

    @Test func `outcomes are recorded as they happened`() async throws {
        let bench = try Bench()
        _ = try await bench.call(.server, .succeeded, taking: .milliseconds(5))
        #expect(
            bench.pipeline.recorded == [
                RecordedOutcome(
                    offset: .zero, duration: .milliseconds(5), callClass: .server, isRetry: false),
                RecordedOutcome(
                    offset: .milliseconds(105), duration: .milliseconds(5), callClass: .succeeded,
                    isRetry: true),
            ])
    }

    @Test func `many callers at once leave nothing behind`() async throws {
        let bench = try Bench { $0.concurrencyMax = 4 }
        await withTaskGroup { group in
            for index in 0..<200 {
                group.addTask {
                    _ = await self.failure { () async throws(CallFailure<Broken>) in
                        try await bench.pipeline.call(isRepeatable: true) {
                            (_) async throws(AttemptFailure<Broken>) in
                            await Task.yield()
                            guard index % 5 == 0 else { return }
                            throw AttemptFailure(Broken(number: index), CallOutcome(.server))
                        }
                    }
                }
            }
        }
        let totals = bench.pipeline.status().totals
        #expect(totals.attempts == totals.successes + totals.failures)
        #expect(totals.firstAttempts + totals.refusedByConcurrencyLimit >= 200)
        bench.expectIdle()
    }
}
