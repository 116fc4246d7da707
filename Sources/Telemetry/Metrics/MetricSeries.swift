// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A counter's series. Adding is one atomic step, from any thread.
package final class CounterSeries: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    package func add(_ amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    package var value: UInt64 { count.load(ordering: .relaxed) }

    /// For libraries that ask for it; Prometheus takes it for a restart.
    func clear() { count.store(0, ordering: .relaxed) }
}

/// A gauge's series. Whole numbers up to 2⁵³ stay exact.
package final class GaugeSeries: Sendable {
    /// The bits of a `Double`.
    private let bits = Atomic<UInt64>(0)

    init() {}

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// - Parameter amount: Below 0 to take away.
    package func add(_ amount: Double) { bits.addDouble(amount) }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// A histogram's series.
///
/// Bucket and sum are two atomic steps, so a scrape may see one observation in the count and not
/// yet in the sum; the count is always that of the buckets, and nothing is lost.
package final class HistogramSeries: Sendable {
    package static let boundsMax = 23

    private let bounds: [Double]
    /// One for each bound and one for what lies above the last.
    private let counts: InlineArray<24, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    /// The bits of a `Double`.
    private let sum = Atomic<UInt64>(0)

    init(bounds: [Double]) {
        precondition(bounds.count <= Self.boundsMax)
        self.bounds = bounds
    }

    /// Counts `value`; not a number is no observation.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].wrappingAdd(1, ordering: .relaxed)
        sum.addDouble(value)
    }

    /// Counts `duration` in seconds; a clock that went back gives 0.
    package func observe(_ duration: Duration) { observe(max(0, duration.inSeconds)) }

    var reading: MetricReading {
        let counts = (0...bounds.count).map { self.counts[$0].load(ordering: .relaxed) }
        return .histogram(
            counts: counts, sum: Double(bitPattern: sum.load(ordering: .relaxed)))
    }
}

extension Duration {
    /// Seconds, as near as a `Double` comes.
    package var inSeconds: Double {
        // `Double(attoseconds)` is generic code that takes ten times as long.
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to the `Double` whose bits are kept.
    fileprivate borrowing func addDouble(_ amount: Double) {
        var old = load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
