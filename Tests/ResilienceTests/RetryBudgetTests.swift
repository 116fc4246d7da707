// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct RetryBudgetTests {
    @Test func `a quiet caller has the floor and no more`() {
        var budget = RetryBudget(.init(ratioPercent: 10, floor: 3))
        let taken = (0..<10).count { _ in budget.takeRetry(now: .seconds(100)) }
        #expect(taken == 3)
    }

    @Test func `in a full outage retries stay within a tenth of the first attempts`() {
        var budget = RetryBudget(.init(ratioPercent: 10, floor: 0))
        var retries = 0
        for index in 0..<10_000 {
            let now = Duration.milliseconds(index * 7)
            budget.recordAttempt(now: now)
            for _ in 0..<4 where budget.takeRetry(now: now) { retries += 1 }
        }
        #expect(retries <= 1_000)
        #expect(retries > 900, "the budget is meant to be used")
    }

    /// At a call in ten seconds the floor is what there is; at 10,000 a second the ratio is.
    @Test(arguments: [(100, 10_000_000_000, 90...100), (150_000, 100_000, 14_500...15_002)])
    func `the budget is right for rare and for many calls`(
        calls: Int, intervalNanoseconds: Int, retries: ClosedRange<Int>
    ) {
        var budget = RetryBudget(.init(ratioPercent: 10, floor: 1, window: .seconds(10)))
        var taken = 0
        for index in 0..<calls {
            let now = Duration.nanoseconds(index * intervalNanoseconds)
            budget.recordAttempt(now: now)
            for _ in 0..<2 where budget.takeRetry(now: now) { taken += 1 }
        }
        #expect(retries.contains(taken))
    }

    @Test func `old attempts leave the window`() {
        var budget = RetryBudget(.init(ratioPercent: 100, floor: 0, window: .seconds(10)))
        for _ in 0..<5 { budget.recordAttempt(now: .seconds(1)) }
        let before = budget.takeRetry(now: .seconds(9))
        #expect(before)
        let after = budget.takeRetry(now: .seconds(11))
        #expect(!after)
    }

    @Test func `limits of any size are exact and never overflow`() {
        var budget = RetryBudget(.init(ratioPercent: .max, floor: .max))
        for _ in 0..<3 { budget.recordAttempt(now: .seconds(1)) }
        let isTaken = budget.takeRetry(now: .seconds(1))
        #expect(isTaken)
    }

    @Test func `a clock that starts below zero counts like any other`() {
        var budget = RetryBudget(.init(ratioPercent: 0, floor: 1, window: .seconds(10)))
        let before = budget.takeRetry(now: .seconds(-3))
        budget.recordAttempt(now: .seconds(3))
        let after = budget.takeRetry(now: .seconds(3))
        #expect(before && !after)
    }

    @Test func `a count that comes late by more than the window takes no other's place`() {
        var budget = RetryBudget(.init(ratioPercent: 0, floor: 1, window: .seconds(10)))
        let first = budget.takeRetry(now: .seconds(100))
        budget.recordAttempt(now: .seconds(90))
        let second = budget.takeRetry(now: .seconds(100))
        #expect(first && !second)
    }

    @Test func `new limits keep what was counted`() {
        var budget = RetryBudget(.init(ratioPercent: 0, floor: 2, window: .seconds(10)))
        let taken = (0..<3).count { _ in budget.takeRetry(now: .seconds(1)) }
        #expect(taken == 2)
        budget.reconfigure(.init(ratioPercent: 0, floor: 3, window: .seconds(20)))
        #expect(budget.left(now: .seconds(12)) == 1)
        budget.reconfigure(.init(ratioPercent: 0, floor: 1, window: .seconds(20)))
        #expect(budget.left(now: .seconds(12)) == 0)
        #expect(budget.left(now: .seconds(30)) == 1)
    }

    @Test func `the limit holds over every window whatever the order of events`() {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        let limits = RetryBudget.Limits(ratioPercent: 20, floor: 5, window: .seconds(10))
        var budget = RetryBudget(limits)
        var now = 0
        var attempts: [Int] = []
        var retries: [Int] = []
        for _ in 0..<20_000 {
            now += Int.random(in: 0...40, using: &random)
            if Bool.random(using: &random) {
                budget.recordAttempt(now: .milliseconds(now))
                attempts.append(now)
            } else if budget.takeRetry(now: .milliseconds(now)) {
                retries.append(now)
                // The budget's window is 9 to 10 seconds long, as it moves in tenths.
                let recentAttempts = attempts.reversed().prefix { $0 > now - 10_000 }.count
                let recentRetries = retries.reversed().prefix { $0 > now - 9_000 }.count
                #expect(recentRetries <= recentAttempts * 20 / 100 + 5)
            }
        }
    }
}
