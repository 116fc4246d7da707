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
