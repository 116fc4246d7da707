// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct SimulationTests {
    private func run(
        _ scenario: SimulationScenario, callsPerSecond: Int, seed: UInt64 = 1,
        _ change: (inout RetryPolicy) -> Void = { _ in }
    ) throws -> SimulationReport {
        var policy = RetryPolicy.default
        change(&policy)
        return Simulation.run(
            SimulatedLoad(scenario, callsPerSecond: callsPerSecond),
            try CheckedRetryPolicy(policy), seed: seed)
    }

    // MARK: - The promises

    @Test func `a full outage at 1,000 calls a second gets at most 1.1 attempts a call`() throws {
        // The rate is held to its bound.
        let report = try run(.fullOutage, callsPerSecond: .max)
        #expect(report.all.calls == SimulatedLoad.callsMax)
        #expect(report.duringFault.calls == 60_000)
        #expect(report.duringFault.loadPermille <= 1_100)
        #expect(report.refusedByBreaker > 30_000)
    }

    @Test func `the budget alone keeps that promise where the breaker never opens`() throws {
        let report = try run(.fullOutage, callsPerSecond: 200) {
            $0.breaker.callsMin = 10_000
            $0.breaker.windowMs = 1_000
            $0.budget.floor = 0
        }
        #expect(report.refusedByBreaker == 0)
        #expect(report.duringFault.loadPermille <= 1_100)
        #expect(report.duringFault.loadPermille > 1_050, "the budget is meant to be used")
        #expect(report.recovery == .zero)
    }

    @Test(arguments: [1, 50, 200])
    func `of calls among 5 % transient faults 99 % succeed`(callsPerSecond: Int) throws {
        for seed in 1...(10 / callsPerSecond + 1) {
            let report = try run(
                .transientFaults, callsPerSecond: callsPerSecond, seed: UInt64(seed))
            #expect(report.duringFault.successPermille >= 990, "seed \(seed)")
            #expect(report.duringFault.loadPermille <= 1_100)
        }
    }

    @Test func `after an outage all is well within the open time and one probe`() throws {
        var recoveries: Set<Duration> = []
        for seed in 1...10 {
            let report = try run(.fullOutage, callsPerSecond: 100, seed: UInt64(seed))
            let recovery = try #require(report.recovery)
            // 5 s, a fifth of jitter, and a probe of at most 40 ms.
            #expect(recovery <= .milliseconds(5_000 + 1_000 + 40))
            recoveries.insert(recovery)
        }
        #expect(recoveries.count > 5)
    }

    @Test func `a brownout keeps serving what it can`() throws {
        let report = try run(.brownout, callsPerSecond: 200)
        #expect(report.duringFault.loadPermille <= 1_110)
        #expect(report.duringFault.successPermille >= 490)
    }

    @Test func `slow answers are held back by the concurrency limit, or by the breaker`() throws {
        let limited = try run(.slow, callsPerSecond: 200)
        #expect(limited.refusedByConcurrencyLimit > 10_000 / 3)
        #expect(limited.refusedByBreaker == 0)
        let broken = try run(.slow, callsPerSecond: 200) { $0.breaker.slowMs = 1_000 }
        #expect(broken.refusedByBreaker > broken.duringFault.calls / 2)
        let cut = try run(.slow, callsPerSecond: 50) { $0.attemptTimeoutMs = 1_000 }
        #expect(cut.duringFault.successPermille < 20)
        #expect(cut.duringFault.loadPermille < 1_100)
    }

    // MARK: - The machine

    @Test func `quiet times cost nothing`() throws {
        let report = try run(.transientFaults, callsPerSecond: 10)
        #expect(report.all.calls == 1_000 && report.duringFault.calls == 600)
        #expect(report.all.calls - report.all.successes <= report.duringFault.calls)
        #expect(report.addedLatencyP50 == .zero)
        let p99 = try #require(report.addedLatencyP99)
        #expect(p99 > .zero && p99 < .milliseconds(500))
    }

    @Test func `the same seed gives the same report, another one another`() throws {
        let reports = try [1, 1, 2].map {
            try run(.transientFaults, callsPerSecond: 50, seed: $0)
        }
        #expect(reports[0] == reports[1])
        #expect(reports[0] != reports[2])
    }

    @Test func `policies are compared on the same load`() throws {
        var proposed = RetryPolicy.default
        proposed.attemptsMax = 1
        let load = SimulatedLoad(.transientFaults, callsPerSecond: 100)
        let (ours, theirs) = Simulation.compare(
            current: .default, proposed: try CheckedRetryPolicy(proposed), load, seed: 7)
        #expect(ours == Simulation.run(load, CheckedRetryPolicy.default, seed: 7))
        #expect(theirs.all.attempts == theirs.all.calls)
        #expect(theirs.all.successes < ours.all.successes)
        #expect(theirs.all.calls == ours.all.calls)
    }

    @Test func `a rate below one call a second is one`() throws {
        #expect(try run(.slow, callsPerSecond: .min).all.calls == 100)
    }

    // MARK: - Replay

    private func recorded(
        _ outcomes: [(milliseconds: Int, CallClass, isRetry: Bool)]
    ) -> [RecordedOutcome] {
        outcomes.map {
            RecordedOutcome(
                offset: .milliseconds($0.milliseconds), duration: .milliseconds(5),
                callClass: $0.1, isRetry: $0.isRetry)
        }
    }

    @Test func `first attempts come again and end as they did`() throws {
        var once = RetryPolicy.default
        once.attemptsMax = 1
        let outcomes = recorded([
            (0, .succeeded, false), (100, .server, false), (250, .succeeded, true),
            (300, .rejected, false), (400, .cancelled, false), (500, .succeeded, false),
        ])
        let report = Simulation.run(
            SimulatedLoad(recorded: outcomes), try CheckedRetryPolicy(once), seed: 1)
        #expect(report.all.calls == 5 && report.all.attempts == 5 && report.all.successes == 2)
        #expect(report.recovery == nil && report.duringFault.calls == 0)
    }

    @Test func `a retry meets the upstream as it was then`() throws {
        var policy = RetryPolicy.default
        policy.backoff.jitter = .none
        let outcomes = recorded([
            (0, .server, false), (40, .server, true), (150, .server, true), (170, .succeeded, true),
        ])
        func run(baseMs: Int) throws -> SimulationReport {
            policy.backoff.baseMs = baseMs
            return Simulation.run(
                SimulatedLoad(recorded: outcomes), try CheckedRetryPolicy(policy), seed: 1)
        }
        #expect(try run(baseMs: 40).all.successes == 0)
        let patient = try run(baseMs: 170)
        #expect(patient.all.attempts == 2 && patient.all.successes == 1)
        #expect(patient.addedLatencyP99 == .milliseconds(175))
    }

    @Test func `nothing recorded is an empty report`() {
        let report = Simulation.run(
            SimulatedLoad(recorded: []), CheckedRetryPolicy.default, seed: 1)
        #expect(report == Simulation.run(SimulatedLoad(recorded: []), .default, seed: 2))
        #expect(report.all.calls == 0 && report.all.loadPermille == 0)
        #expect(report.addedLatencyP50 == nil)
    }

    @Test func `what a pipeline records can be replayed`() throws {
        var state = UpstreamState(.default, at: .seconds(5))
        var random = SeededRandom(seed: 3)
        for index in 0..<500 {
            var call = CallProgress(isRepeatable: false)
            let now = Duration.seconds(5) + .milliseconds(10 * index)
            guard case .granted(let permit, _) = state.begin(&call, at: now, using: &random)
            else { continue }
            let outcome = CallOutcome(index % 10 == 0 ? .server : .succeeded)
            _ = state.end(&call, permit, outcome, at: now + .milliseconds(3), using: &random)
        }
        let report = Simulation.run(
            SimulatedLoad(recorded: state.recorded), CheckedRetryPolicy.default, seed: 1)
        #expect(report.all.calls == 500)
        #expect(report.all.successes > 450)
    }
}
