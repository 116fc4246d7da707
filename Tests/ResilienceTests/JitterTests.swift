// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

/// Pearson's chi-square test of the four jitters over a million samples in all, from a fixed
/// seed, so that it passes always or never.
@Suite struct JitterTests {
    private static let seed: UInt64 = 20_261_125
    private static let samplesCount = 250_000
    private static let binsCount = 100
    /// The 99.9th percentile of the distribution with 99 degrees of freedom.
    private static let chiSquareMax = 148.23

    /// How far samples from 0 to `upper` are from even.
    private func chiSquare(upTo upper: Int64, _ sample: () -> Int64) -> Double {
        var bins = [Int](repeating: 0, count: Self.binsCount)
        for _ in 0..<Self.samplesCount {
            bins[Int(sample() * Int64(Self.binsCount) / (upper + 1))] += 1
        }
        let expected = Double(Self.samplesCount) / Double(Self.binsCount)
        return bins.reduce(0) { sum, count in
            let difference = Double(count) - expected
            return sum + difference * difference / expected
        }
    }

    /// A backoff's second delay after 200 ms, less the least it may be.
    private func chiSquare(
        _ jitter: Backoff.Jitter, from least: Int64, upTo most: Int64,
        _ random: inout some RandomNumberGenerator
    ) -> Double {
        let backoff = Backoff(base: .milliseconds(100), cap: .seconds(5), jitter: jitter)
        let previous = Duration.milliseconds(200)
        return chiSquare(upTo: most - least) {
            backoff.delay(retry: 2, previous: previous, using: &random).nanosecondsClamped - least
        }
    }

    @Test func `three jitters are even over their intervals, and one has none`() {
        var random = SeededRandom(seed: Self.seed)
        print("seed", random.seed)
        let full = chiSquare(.full, from: 0, upTo: 200_000_000, &random)
        let equal = chiSquare(.equal, from: 100_000_000, upTo: 200_000_000, &random)
        let decorrelated = chiSquare(.decorrelated, from: 100_000_000, upTo: 600_000_000, &random)
        print("chi-square", full, equal, decorrelated)
        #expect(max(full, equal, decorrelated) < Self.chiSquareMax)
        let backoff = Backoff(base: .milliseconds(100), cap: .seconds(5), jitter: .none)
        let isExact = (0..<Self.samplesCount).allSatisfy { _ in
            backoff.delay(retry: 2, using: &random) == .milliseconds(200)
        }
        #expect(isExact)
    }

    @Test func `the test tells an uneven jitter`() {
        var random = SeededRandom(seed: Self.seed)
        // Two percent more in one half than in the other.
        let uneven = chiSquare(upTo: 9_999) {
            let value = Int64.random(in: 0..<10_100, using: &random)
            return value < 10_000 ? value : value - 5_100
        }
        #expect(uneven > Self.chiSquareMax)
    }
}
