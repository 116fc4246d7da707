// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct RetryPolicyTests {
    private typealias Bounds = RetryPolicy.Bounds

    private struct Field: Sendable {
        let path: String
        let bounds: ClosedRange<Int>
        let set: @Sendable (inout RetryPolicy, Int) -> Void
    }

    /// Every number of a policy.
    private static let fields = [
        Field(path: "attemptsMax", bounds: Bounds.attemptsMax) { $0.attemptsMax = $1 },
        Field(path: "attemptTimeoutMs", bounds: Bounds.attemptTimeoutMs) {
            $0.attemptTimeoutMs = $1
        },
        Field(path: "deadlineMs", bounds: Bounds.deadlineMs) { $0.deadlineMs = $1 },
        Field(path: "backoff.baseMs", bounds: Bounds.backoffBaseMs) { $0.backoff.baseMs = $1 },
        Field(path: "backoff.factorPercent", bounds: Bounds.backoffFactorPercent) {
            $0.backoff.factorPercent = $1
        },
        Field(path: "backoff.capMs", bounds: Bounds.backoffCapMs) { $0.backoff.capMs = $1 },
        Field(path: "retryAfterMaxMs", bounds: Bounds.retryAfterMaxMs) {
            $0.retryAfterMaxMs = $1
        },
        Field(path: "budget.ratioPercent", bounds: Bounds.budgetRatioPercent) {
            $0.budget.ratioPercent = $1
        },
        Field(path: "budget.floor", bounds: Bounds.budgetFloor) { $0.budget.floor = $1 },
        Field(path: "budget.windowMs", bounds: Bounds.budgetWindowMs) { $0.budget.windowMs = $1 },
        Field(path: "breaker.windowMs", bounds: Bounds.breakerWindowMs) {
            $0.breaker.windowMs = $1
        },
        Field(path: "breaker.callsMin", bounds: Bounds.breakerCallsMin) {
            $0.breaker.callsMin = $1
        },
        Field(path: "breaker.failurePercent", bounds: Bounds.breakerFailurePercent) {
            $0.breaker.failurePercent = $1
        },
        Field(path: "breaker.slowMs", bounds: Bounds.breakerSlowMs) { $0.breaker.slowMs = $1 },
        Field(path: "breaker.slowPercent", bounds: Bounds.breakerSlowPercent) {
            $0.breaker.slowPercent = $1
        },
        Field(path: "breaker.openMs", bounds: Bounds.breakerOpenMs) { $0.breaker.openMs = $1 },
        Field(path: "breaker.openJitterPercent", bounds: Bounds.breakerOpenJitterPercent) {
            $0.breaker.openJitterPercent = $1
        },
        Field(path: "breaker.probes", bounds: Bounds.breakerProbes) { $0.breaker.probes = $1 },
        Field(path: "breaker.probeMs", bounds: Bounds.breakerProbeMs) { $0.breaker.probeMs = $1 },
        Field(path: "concurrencyMax", bounds: Bounds.concurrencyMax) { $0.concurrencyMax = $1 },
    ]

    @Test func `the default policy has no fault`() throws {
        #expect(RetryPolicy.default.faults == [])
        #expect(try CheckedRetryPolicy(.default) == .default)
    }

    @Test func `every number is named when it is out of bounds, and only then`() {
        for field in Self.fields {
            func faults(_ value: Int) -> [RetryPolicy.Fault] {
                var policy = RetryPolicy.default
                field.set(&policy, value)
                return policy.faults.filter { $0.path == field.path }
            }
            let problem = "must be from \(field.bounds.lowerBound) to \(field.bounds.upperBound)"
            let outside = [Int.min, field.bounds.lowerBound - 1, field.bounds.upperBound + 1, .max]
            for value in outside {
                #expect(faults(value) == [.init(path: field.path, problem: problem)])
            }
            for value in [field.bounds.lowerBound, field.bounds.upperBound] {
                #expect(!faults(value).contains { $0.problem == problem }, "\(field.path)")
            }
        }
    }

    @Test func `fields that contradict each other are named`() {
        var policy = RetryPolicy.default
        policy.deadlineMs = policy.attemptTimeoutMs
        policy.backoff.capMs = policy.backoff.baseMs
        policy.breaker.probeMs = policy.attemptTimeoutMs + 1
        #expect(policy.faults == [])
        policy.deadlineMs -= 1
        policy.backoff.capMs -= 1
        policy.breaker.probeMs -= 1
        #expect(
            policy.faults.map(\.path) == ["attemptTimeoutMs", "backoff.capMs", "breaker.probeMs"])
    }

    @Test func `only failures can be retryable`() {
        var policy = RetryPolicy.default
        for callClass in CallClass.allCases {
            policy.retryable = [.server, callClass]
            #expect(policy.faults.map(\.path) == (callClass.isFailure ? [] : ["retryable"]))
        }
        policy.retryable = []
        #expect(policy.faults == [])
    }

    @Test func `all faults come at once, in the order of the fields`() {
        var policy = RetryPolicy.default
        for field in Self.fields { field.set(&policy, .min) }
        policy.retryable = [.cancelled]
        var paths = Self.fields.map(\.path)
        paths.insert("retryable", at: 6)
        #expect(policy.faults.map(\.path) == paths)
        #expect(throws: CheckedRetryPolicy.Refusal.self) { try CheckedRetryPolicy(policy) }
    }

    /// A policy of any numbers either names its faults or can be used: nothing traps.
    @Test func `what has no fault works at every edge`() throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        var usableCount = 0
        for round in 0..<2_000 {
            var policy = RetryPolicy.default
            for field in Self.fields {
                let inside = [field.bounds.lowerBound, field.bounds.upperBound]
                let outside = [Int.min, -1, field.bounds.lowerBound - 1, .max]
                let isOutside = round % 2 == 0 && Int.random(in: 0..<10, using: &random) == 0
                if Bool.random(using: &random) {
                    field.set(
                        &policy, (isOutside ? outside : inside).randomElement(using: &random)!)
                }
            }
            policy.backoff.jitter = Backoff.Jitter.allCases.randomElement(using: &random)!
            let faults = policy.faults
            guard let checked = try? CheckedRetryPolicy(policy) else {
                #expect(!faults.isEmpty)
                continue
            }
            #expect(faults.isEmpty && checked.policy == policy)
            usableCount += 1
        }
        #expect(usableCount > 100)
    }
}
