// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A number as it is exposed: whole numbers stay exact to the last nanoton.
package enum MetricValue: Sendable, Equatable {
    case integer(Int64)
    case real(Double)

    /// The sum; whole numbers that would overflow become the largest there is.
    static func + (left: Self, right: Self) -> Self {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (sum, overflow) = left.addingReportingOverflow(right)
            return .integer(overflow ? (left < 0 ? .min : .max) : sum)
        }
        return .real(left.asDouble + right.asDouble)
    }

    private var asDouble: Double {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        }
    }
}

/// What a series said at a scrape.
enum MetricReading: Sendable, Equatable {
    case value(MetricValue)
    /// Observations in each bucket, not yet summed up; the last is what lies above every bound.
    case histogram(counts: [UInt64], sum: Double)
}

/// What a family's series said at a scrape.
struct FamilyReading: Sendable, Equatable {
    struct Series: Sendable, Equatable {
        /// One value for each label of the family.
        let labels: [String]
        let reading: MetricReading
    }

    let family: MetricFamily
    /// In the order of their labels.
    let series: [Series]

    init(family: MetricFamily, series: some Sequence<Series>) {
        self.family = family
        self.series = series.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
}
