// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Resilience
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Upstream

@testable import TellerServer

/// What policies do to an upstream that works, and what becomes of it when the store fails.
@Suite struct PolicyFollowingTests {
    private static func policy(baseMs: Int) -> RetryPolicy {
        PolicyBench.policy {
            $0.backoff.baseMs = baseMs
            $0.backoff.capMs = 10_000
        }
    }

    @Test func `while the store is away every upstream keeps its policy`() async throws {
        let store = SteeredStore()
        try await PolicyBench.with(store) { bench in
            try await bench.set(Self.policy(baseMs: 10), after: 0)
            store.isAway = true
            let refusal = try await bench.refusal(
                Methods.retryPolicySet, PolicyBench.setting(Self.policy(baseMs: 20), 1))
            #expect(refusal?.reason == "STORE_UNAVAILABLE" && refusal?.retryable == true)
            #expect(refusal?.message.contains("lunch") == false)
            await #expect(throws: PolicyStoreError.self) { try await bench.policies.follow() }
            #expect(bench.upstream.policy.policy == Self.policy(baseMs: 10))
            #expect(try await bench.version() == 1)
            try await bench.following {
                store.isAway = false
                try await store.setPolicy(
                    try Self.stored(RetryPolicyDocument(Self.policy(baseMs: 30)).stored, 2))
                #expect(try await eventually { try await bench.version() == 2 })
            }
            #expect(bench.upstream.policy.policy == Self.policy(baseMs: 30))
        }
    }

    @Test func `a store that went back in time is followed`() async throws {
        let store = SteeredStore()
        try await PolicyBench.with(store) { bench in
            for version in 1...3 {
                try await bench.set(Self.policy(baseMs: version), after: version - 1)
            }
            store.forgetAll()
            try await store.setPolicy(
                try Self.stored(RetryPolicyDocument(Self.policy(baseMs: 7)).stored, 1))
            try await bench.policies.follow()
            #expect(bench.upstream.policy.policy == Self.policy(baseMs: 7))
            #expect(try await bench.version() == 1)
            store.forgetAll()
            try await bench.policies.follow()
            #expect(bench.upstream.policy == bench.upstream.defaultPolicy)
            #expect(try await bench.version() == 0)
        }
    }

    @Test(arguments: [
        "{}", "no JSON",
        RetryPolicyDocument(policy(baseMs: 10)).stored.dropLast() + #","newest":1}"#,
        RetryPolicyDocument(PolicyBench.policy { $0.backoff.baseMs = 3_000 }).stored,
    ]) func `a stored policy that can't be used is kept out, and said once`(
        text: String
    ) async throws {
        let log = Lines()
        let store = InMemoryClusterStore()
        try await PolicyBench.with(store, logger: log.logger) { bench in
            try await bench.set(Self.policy(baseMs: 10), after: 0)
            try await store.setPolicy(try Self.stored(text, 2))
            for _ in 0..<3 { try await bench.policies.follow() }
            #expect(log.count(of: "retry policy kept out") == 1)
            #expect(bench.upstream.policy.policy == Self.policy(baseMs: 10))
            #expect(try await bench.health().policyVersion == 1)
            let history = try await bench.call(
                Methods.retryPolicyHistory, .init(upstream: PolicyBench.name)
            ).revisions
            #expect(history.map(\.version) == [2, 1])
            #expect(history[0].policy == nil && history[1].policy != nil)
            let rollback = try await bench.refusal(
                Methods.retryPolicyRollback,
                .init(upstream: PolicyBench.name, version: 2, expectedVersion: 2, reason: "x"))
            #expect(rollback?.fields.map(\.path) == ["version"])

            try await bench.set(Self.policy(baseMs: 20), after: 2)
            try await bench.policies.follow()
            #expect(try await bench.version() == 3)
        }
    }

    @Test func `a delay that a call waits for outlives the policy it came from`() async throws {
        let delay = Duration.milliseconds(400)
        try await PolicyBench.with(
            InMemoryClusterStore(),
            policy: {
                $0.attemptsMax = 2
                $0.backoff.baseMs = 400
                $0.backoff.capMs = 400
                $0.backoff.jitter = .none
            }
        ) { bench in
            let start = ContinuousClock.now
            let call = Task { try await bench.callUpstream() }
            #expect(try await eventually { try await bench.health().waiting == 1 })
            try await bench.set(Self.policy(baseMs: 1), after: 0)
            let health = try await bench.health()
            #expect(health.waiting == 1 || ContinuousClock.now - start >= delay)
            await #expect(throws: UpstreamError.self) { try await call.value }
            #expect(ContinuousClock.now - start >= delay)
            #expect(try await bench.health().totals.retries >= 1)
        }
    }

    @Test func `an upstream tells how it does`() async throws {
        try await PolicyBench.with(
            InMemoryClusterStore(),
            policy: {
                $0.attemptsMax = 1
                $0.breaker.callsMin = 3
                $0.breaker.openMs = 60_000
            }
        ) { bench in
            let before = try await bench.health()
            #expect(before.breaker == .closed && before.breakerOpenUntil == nil)
            #expect(before.instance == "teller-1" && before.lastFailure == nil)
            for _ in 0..<4 { try? await bench.callUpstream() }
            let health = try await bench.health()
            #expect(health.breaker == .open && health.policyVersion == 0)
            #expect(health.totals.failures == 3 && health.totals.refusedByBreaker == 1)
            #expect(health.recent == UpstreamWindow(calls: 3, failures: 3, slow: 0))
            let failure = try #require(health.lastFailure)
            #expect(failure.failureClass == .connect)
            #expect(failure.at >= before.breakerSince && failure.at <= health.breakerSince)
            #expect(try #require(health.breakerOpenUntil) > health.breakerSince)
            let list = try await bench.call(Methods.upstreamList, .init())
            #expect(list.upstreams == [health])
        }
    }

    @Test func `a policy is suggested from recoveries that were recorded`() async throws {
        let params = RetryPolicyGetParams(upstream: PolicyBench.name)
        try await withAPI([503, 503, 503, 200, 200]) { port in
            try await PolicyBench.with(InMemoryClusterStore(), port: port) { bench in
                #expect(try await bench.call(Methods.retryPolicyGet, params).suggestion == nil)
                for _ in 0..<30 { try? await bench.callUpstream() }
                let answer = try await bench.call(Methods.retryPolicyGet, params)
                let suggestion = try #require(answer.suggestion)
                #expect(suggestion.suggested && suggestion.recoveriesCount >= 5)
                #expect(suggestion.recoveryP90Ms >= suggestion.recoveryP50Ms)
                #expect(suggestion.policy != answer.retryPolicy.policy)
                #expect(suggestion.policy.policy.faults == [])
                #expect(answer.retryPolicy.isDefault)
                let recorded = try await bench.call(
                    Methods.retryPolicySimulate,
                    .init(upstream: PolicyBench.name, policy: suggestion.policy, load: .recorded))
                #expect(recorded.current.all.calls > 0)
                #expect(recorded.current.all.calls == recorded.proposed?.all.calls)
                #expect(recorded.current.recoveryMs == nil)
            }
        }
    }

    static func stored(_ policy: String, _ version: Int64) throws -> PolicyVersion {
        try #require(
            PolicyVersion(
                name: PolicyBench.name, version: version, policy: policy, author: "another",
                reason: "elsewhere", at: .seconds(1)))
    }
}

/// `retryPolicy.simulate`, and the contract's bounds.
@Suite struct PolicySimulationTests {
    private func simulate(
        _ load: SimulationLoad, _ policy: RetryPolicy?, seed: Int? = nil
    ) -> RetryPolicySimulateParams {
        RetryPolicySimulateParams(
            upstream: PolicyBench.name, policy: policy.map(RetryPolicyDocument.init), load: load,
            seed: seed)
    }

    @Test(arguments: SimulationLoad.allCases)
    func `the same seed gives the same report of both policies`(
        load: SimulationLoad
    ) async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            let proposed = PolicyBench.policy { $0.attemptsMax = 1 }
            let params = simulate(load, proposed, seed: 7)
            let first = try await bench.call(Methods.retryPolicySimulate, params)
            #expect(try await bench.call(Methods.retryPolicySimulate, params) == first)
            #expect(first.seed == 7 && first.load == load)
            let other = try await bench.call(
                Methods.retryPolicySimulate, simulate(load, proposed, seed: 8))
            let alone = try await bench.call(Methods.retryPolicySimulate, simulate(load, nil))
            #expect(alone.proposed == nil && alone.seed == 0)
            guard load != .recorded else {
                #expect(first.current.all.calls == 0 && first.current.duringFault == nil)
                return
            }
            #expect(first.current.all.calls == 10_000)
            #expect(first.current.duringFault?.calls == 6_000)
            #expect(first.proposed?.all.calls == 10_000)
            #expect(first.current != first.proposed || load == .slow)
            #expect(first.current != other.current || load != .transientFaults)
            #expect(bench.upstream.recorded == [])
            #expect(try await bench.version() == 0)
        }
    }

    @Test func `simulations that meet are done one at a time`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            let params = simulate(.brownout, .default)
            let refusals = try await withThrowingTaskGroup(of: RPCError?.self) { callers in
                for _ in 0..<4 {
                    callers.addTask {
                        try await bench.refusal(Methods.retryPolicySimulate, params)
                    }
                }
                return try await callers.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.contains(nil))
            #expect(refusals.allSatisfy { $0 == nil || $0?.reason == "OVERLOADED" })
            #expect(try await bench.refusal(Methods.retryPolicySimulate, params) == nil)
        }
    }

    @Test func `a yielding simulation comes to the same`() async throws {
        let load = SimulatedLoad(.brownout)
        let report = Simulation.run(load, .default, seed: 3)
        #expect(try await Simulation.runYielding(load, .default, seed: 3) == report)
        let task = Task { try await Simulation.runYielding(load, .default, seed: 3) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `the contract bounds each number as the pipeline does`() throws {
        typealias Bounds = RetryPolicy.Bounds
        let bounds: [(String, String, ClosedRange<Int>)] = [
            ("RetryPolicyDocument", "attemptsMax", Bounds.attemptsMax),
            ("RetryPolicyDocument", "attemptTimeoutMs", Bounds.attemptTimeoutMs),
            ("RetryPolicyDocument", "deadlineMs", Bounds.deadlineMs),
            ("RetryPolicyDocument", "retryAfterMaxMs", Bounds.retryAfterMaxMs),
            ("RetryPolicyDocument", "concurrencyMax", Bounds.concurrencyMax),
            ("RetryBackoffDocument", "baseMs", Bounds.backoffBaseMs),
            ("RetryBackoffDocument", "factorPercent", Bounds.backoffFactorPercent),
            ("RetryBackoffDocument", "capMs", Bounds.backoffCapMs),
            ("RetryBudgetDocument", "ratioPercent", Bounds.budgetRatioPercent),
            ("RetryBudgetDocument", "floor", Bounds.budgetFloor),
            ("RetryBudgetDocument", "windowMs", Bounds.budgetWindowMs),
            ("BreakerDocument", "windowMs", Bounds.breakerWindowMs),
            ("BreakerDocument", "callsMin", Bounds.breakerCallsMin),
            ("BreakerDocument", "failurePercent", Bounds.breakerFailurePercent),
            ("BreakerDocument", "slowMs", Bounds.breakerSlowMs),
            ("BreakerDocument", "slowPercent", Bounds.breakerSlowPercent),
            ("BreakerDocument", "openMs", Bounds.breakerOpenMs),
            ("BreakerDocument", "openJitterPercent", Bounds.breakerOpenJitterPercent),
            ("BreakerDocument", "probes", Bounds.breakerProbes),
            ("BreakerDocument", "probeMs", Bounds.breakerProbeMs),
        ]
        let contract = try JSONValue.parse(Array(ContractDocument.json.utf8))
        let schemas = try #require(contract["components"]?["schemas"])
        for (schema, field, range) in bounds {
            let declared = try #require(schemas[schema]?["properties"]?[field])
            #expect(declared["minimum"]?.int == range.lowerBound, "\(field)")
            #expect(declared["maximum"]?.int == range.upperBound, "\(field)")
        }
        let names = UpstreamFailureClass.allCases.map(\.callClass)
        #expect(names == CallClass.failures)
        #expect(BackoffJitter.allCases.map(\.jitter) == Backoff.Jitter.allCases)
        var policy = RetryPolicy.default
        policy.breaker.slowMs = 5
        #expect(RetryPolicyDocument(policy).policy == policy)
        #expect(
            try RetryPolicyDocument(stored: RetryPolicyDocument(policy).stored).policy == policy)
    }
}

/// The messages that were logged.
private final class Lines: Sendable {
    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.messages.withLock { $0.append("\(event.message)") }
        }
    }

    private let messages = Mutex<[String]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    func count(of message: String) -> Int {
        messages.withLock { $0.count { $0 == message } }
    }
}
