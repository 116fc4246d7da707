// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

/// Random callers over one upstream, in any order, with policies that change under them.
@Suite struct UpstreamPropertyTests {
    private enum Step {
        case inFlight(UpstreamState.Permit)
        case waiting(until: Duration)
    }

    private struct Caller {
        var call: CallProgress
        var step: Step
        var attempts = 0
    }

    private struct World {
        var state: UpstreamState
        var random: SeededRandom
        var now = Duration.zero
        var callers: [Caller] = []
        /// Milliseconds at which attempts were begun.
        var firsts: [Int] = []
        var retries: [Int] = []

        init(seed: UInt64) throws {
            random = SeededRandom(seed: seed)
            state = UpstreamState(try Self.policy(&random), at: .zero)
        }

        /// The budget stays the same, so that its invariant can be counted after.
        static func policy(_ random: inout SeededRandom) throws -> CheckedRetryPolicy {
            var policy = RetryPolicy.default
            policy.attemptsMax = Int.random(in: 1...4, using: &random)
            policy.attemptTimeoutMs = 200
            policy.deadlineMs = Int.random(in: 200...4_000, using: &random)
            policy.backoff.jitter = Backoff.Jitter.allCases.randomElement(using: &random)!
            policy.budget.ratioPercent = 20
            policy.budget.floor = 5
            policy.breaker.windowMs = 2_000
            policy.breaker.callsMin = Int.random(in: 5...40, using: &random)
            policy.breaker.openMs = Int.random(in: 100...1_000, using: &random)
            policy.breaker.probes = Int.random(in: 1...3, using: &random)
            policy.breaker.probeMs = 201
            policy.concurrencyMax = Int.random(in: 1...8, using: &random)
            return try CheckedRetryPolicy(policy)
        }

        mutating func begin(_ caller: Caller?) {
            var call =
                caller?.call
                ?? CallProgress(isRepeatable: Int.random(in: 0..<4, using: &random) > 0)
            guard
                case .granted(let permit, let timeout) = state.begin(&call, at: now, using: &random)
            else { return }
            let milliseconds = Int(now / .milliseconds(1))
            if caller == nil { firsts.append(milliseconds) } else { retries.append(milliseconds) }
            #expect(timeout > .zero && now + timeout <= call.deadline)
            #expect(call.attempts == (caller?.attempts ?? 0) + 1)
            #expect(call.isRepeatable || call.attempts == 1, "sent once only")
            callers.append(Caller(call: call, step: .inFlight(permit), attempts: call.attempts))
        }

        /// One random thing happens.
        mutating func step() throws {
            now += .milliseconds(Int.random(in: 0...20, using: &random))
            if Int.random(in: 0..<200, using: &random) == 0 {
                state.reconfigure(try Self.policy(&random), at: now)
            }
            guard !callers.isEmpty, Int.random(in: 0..<3, using: &random) > 0 else {
                return begin(nil)
            }
            let index = Int.random(in: 0..<callers.count, using: &random)
            finish(index, CallClass.allCases.randomElement(using: &random)!)
        }

        mutating func finish(_ index: Int, _ callClass: CallClass) {
            var caller = callers.remove(at: index)
            switch caller.step {
            case .inFlight(let permit):
                let wish: Duration? = Bool.random(using: &random) ? .milliseconds(30) : nil
                let outcome = CallOutcome(callClass, retryAfter: wish)
                let verdict = state.end(&caller.call, permit, outcome, at: now, using: &random)
                if case .retry(let delay) = verdict {
                    #expect(caller.call.isRepeatable && callClass.isFailure)
                    #expect(now + delay < caller.call.deadline)
                    caller.step = .waiting(until: now + delay)
                    callers.append(caller)
                }
            case .waiting(let until):
                if callClass == .cancelled { return state.cancel(&caller.call) }
                now = max(now, until)
                begin(caller)
            }
        }

        func check() {
            let status = state.status(at: now)
            let inFlight = callers.count { if case .inFlight = $0.step { true } else { false } }
            #expect(status.inFlight == inFlight)
            #expect(status.waiting == callers.count - inFlight)
        }
    }

    @Test func `whatever the order, permits come home and retries keep within their budget`() throws
    {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed", seed)
        var retriesCount = 0
        for round in 0..<20 {
            var world = try World(seed: seed &+ UInt64(round))
            for _ in 0..<1_500 {
                try world.step()
                world.check()
            }
            while !world.callers.isEmpty { world.finish(0, .succeeded) }
            let status = world.state.status(at: world.now)
            #expect(status.inFlight == 0 && status.waiting == 0)
            #expect(status.totals.firstAttempts == world.firsts.count)
            #expect(status.totals.retries == world.retries.count)
            for (index, at) in world.retries.enumerated() {
                // The budget's window is 9 to 10 seconds long, as it moves in tenths.
                let firsts = world.firsts.count { $0 > at - 10_000 && $0 <= at }
                let retries = world.retries[...index].reversed().prefix { $0 > at - 9_000 }.count
                #expect(retries <= firsts * 20 / 100 + 5)
            }
            retriesCount += world.retries.count
            try expectNoTrap(&world)
        }
        #expect(retriesCount > 150, "the budget is meant to be used")
    }

    /// An upstream that is well again is called again, with every probe's permit there.
    private func expectNoTrap(_ world: inout World) throws {
        world.now += .seconds(3)
        for _ in 0..<4 {
            var call = CallProgress(isRepeatable: true)
            guard
                case .granted(let permit, _) = world.state.begin(
                    &call, at: world.now, using: &world.random)
            else {
                Issue.record("an upstream that is well is not called")
                return
            }
            let outcome = CallOutcome(.succeeded)
            let verdict = world.state.end(
                &call, permit, outcome, at: world.now, using: &world.random)
            #expect(verdict == .succeeded)
        }
        #expect(world.state.status(at: world.now).breaker == .closed)
    }
}
