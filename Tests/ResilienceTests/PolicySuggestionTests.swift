// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct PolicySuggestionTests {
    /// One outage of `milliseconds` every ten minutes, seen by a call at its beginning, in its
    /// middle and at its end; a call takes no time.
    private func outages(_ milliseconds: [Int]) -> [RecordedOutcome] {
        milliseconds.enumerated().flatMap { index, length in
            [(0, CallClass.connect), (length / 2, .timeout), (length, .succeeded)].map {
                RecordedOutcome(
                    offset: .seconds(600 * index) + .milliseconds($0.0), duration: .zero,
                    callClass: $0.1, isRetry: false)
            }
        }
    }

    @Test func `few recoveries suggest nothing`() {
        let suggestion = PolicySuggestion(
            current: .default, recorded: outages([900, 900, 900, 900]))
        #expect(suggestion == nil)
        #expect(PolicySuggestion(current: .default, recorded: []) == nil)
    }

    @Test func `retries are to reach as far as nine in ten recoveries`() throws {
        let lengths = [100, 200, 300, 400, 500, 600, 700, 800, 900, 3_000]
        let suggestion = try #require(
            PolicySuggestion(current: .default, recorded: outages(lengths)))
        #expect(suggestion.recoveriesCount == 10)
        #expect(suggestion.recoveryP50 == .milliseconds(600))
        #expect(suggestion.recoveryP90 == .milliseconds(3_000))
        // Two retries of full jitter wait half of base × (1 + 2) on average.
        #expect(suggestion.policy.backoff.baseMs == 2_000)
        #expect(suggestion.policy.faults == [])
        var rest = suggestion.policy
        rest.backoff = RetryPolicy.default.backoff
        #expect(rest == .default, "nothing else is touched")
        #expect(
            suggestion.reason
                == "Of 10 recoveries half took at most 600 ms and nine in ten at most "
                + "3000 ms; with a backoff from 2000 ms on, 3 attempts reach 3000 ms on average.")
        let again = PolicySuggestion(
            current: try CheckedRetryPolicy(suggestion.policy), recorded: outages(lengths))
        #expect(again == nil, "it is content with what it suggested")
    }

    @Test func `a policy that fits is left alone, one that waits too long is not`() throws {
        var policy = RetryPolicy.default
        let recorded = outages(Array(repeating: 60, count: 6))
        #expect(PolicySuggestion(current: .default, recorded: recorded) == nil)
        policy.backoff.baseMs = 1_000
        let suggestion = PolicySuggestion(
            current: try CheckedRetryPolicy(policy), recorded: recorded)
        #expect(suggestion?.policy.backoff.baseMs == 40)
    }

    @Test func `outages longer than a call set the breaker's pace`() throws {
        let suggestion = try #require(
            PolicySuggestion(
                current: .default, recorded: outages(Array(repeating: 300_000, count: 5))))
        #expect(suggestion.policy.breaker.openMs == 30_000)
        var rest = suggestion.policy
        rest.breaker.openMs = RetryPolicy.default.breaker.openMs
        #expect(rest == .default)
        let near = outages(Array(repeating: 60_000, count: 5))
        #expect(PolicySuggestion(current: .default, recorded: near) == nil)
    }

    @Test func `a recovery is not shortened by a success that was under way before`() {
        let recorded =
            outages(Array(repeating: 900, count: 5))
            + (0..<5).map {
                RecordedOutcome(
                    offset: .seconds(600 * $0) - .milliseconds(50), duration: .milliseconds(100),
                    callClass: .succeeded, isRetry: false)
            }
        let suggestion = PolicySuggestion(current: .default, recorded: recorded)
        #expect(suggestion?.recoveryP50 == .milliseconds(900))
    }

    @Test func `whatever is recorded, what is suggested has no fault`() throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        var suggestedCount = 0
        for _ in 0..<300 {
            var policy = RetryPolicy.default
            policy.attemptsMax = Int.random(in: 1...10, using: &random)
            policy.backoff.jitter = Backoff.Jitter.allCases.randomElement(using: &random)!
            policy.backoff.factorPercent = Int.random(in: 100...1_000, using: &random)
            policy.attemptTimeoutMs = Int.random(in: 1...10_000, using: &random)
            policy.deadlineMs = policy.attemptTimeoutMs
            let most = [100, 10_000, 10_000_000].randomElement(using: &random)!
            let lengths = (0..<8).map { _ in Int.random(in: 0...most, using: &random) }
            let current = try CheckedRetryPolicy(policy)
            guard let suggestion = PolicySuggestion(current: current, recorded: outages(lengths))
            else { continue }
            suggestedCount += 1
            #expect(suggestion.policy.faults == [] && suggestion.policy != policy)
        }
        #expect(suggestedCount > 50)
    }
}
