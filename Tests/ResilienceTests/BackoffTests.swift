// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct BackoffTests {
    @Test func `without jitter delays double up to the cap`() {
        var random = SeededRandom(seed: 1)
        let backoff = Backoff(base: .milliseconds(50), cap: .seconds(1), jitter: .none)
        let delays = (1...7).map { backoff.delay(retry: $0, using: &random) }
        #expect(delays == [50, 100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    }

    @Test func `a factor of 100 percent is a constant delay`() {
        let backoff = Backoff(base: .seconds(2), factorPercent: 100, cap: .seconds(9))
        #expect(backoff.ceiling(retry: 1) == .seconds(2))
        #expect(backoff.ceiling(retry: .max) == .seconds(2))
    }

    @Test func `huge values saturate at the cap`() {
        let backoff = Backoff(
            base: .seconds(1 << 40), factorPercent: 1_000_000, cap: .seconds(1 << 60))
        #expect(backoff.ceiling(retry: 1_000_000).nanosecondsClamped == .max)
    }

    @Test func `a delay is exact although its product with the factor overflows`() {
        let backoff = Backoff(
            base: .nanoseconds(60_000_000_000_000_001), cap: .nanoseconds(Int64.max))
        #expect(backoff.ceiling(retry: 2) == .nanoseconds(120_000_000_000_000_002))
        #expect(backoff.ceiling(retry: 7) == .nanoseconds(3_840_000_000_000_000_064))
        #expect(backoff.ceiling(retry: 8) == .nanoseconds(7_680_000_000_000_000_128))
        #expect(backoff.ceiling(retry: 9) == .nanoseconds(Int64.max))
    }

    @Test func `the smallest base and factor still grow, and any retry is computed at once`() {
        let backoff = Backoff(base: .nanoseconds(1), factorPercent: 101, cap: .seconds(5))
        #expect(backoff.ceiling(retry: 3) == .nanoseconds(3))
        #expect(backoff.ceiling(retry: .max) == .seconds(5))
    }

    @Test(arguments: Backoff.Jitter.allCases)
    func `every jitter stays within its bounds`(jitter: Backoff.Jitter) {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        let backoff = Backoff(base: .milliseconds(10), cap: .milliseconds(640), jitter: jitter)
        var previous: Duration?
        for round in 0..<5_000 {
            let retry = round % 12 + 1
            let ceiling = backoff.ceiling(retry: retry)
            let delay = backoff.delay(retry: retry, previous: previous, using: &random)
            #expect(delay <= backoff.cap)
            switch jitter {
            case .none: #expect(delay == ceiling)
            case .full: #expect(delay >= .zero && delay <= ceiling)
            case .equal: #expect(delay >= ceiling / 2 && delay <= ceiling)
            case .decorrelated:
                #expect(delay >= backoff.base)
                #expect(delay <= max(backoff.base, previous ?? .zero) * 3)
            }
            previous = delay
        }
    }

    @Test func `full jitter uses the whole interval`() {
        var random = SeededRandom(seed: 7)
        let backoff = Backoff(base: .milliseconds(100), cap: .milliseconds(100))
        let delays = (0..<1_000).map { _ in backoff.delay(retry: 1, using: &random) }
        #expect(delays.contains { $0 < .milliseconds(5) })
        #expect(delays.contains { $0 > .milliseconds(95) })
    }
}
