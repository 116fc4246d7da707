// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Asks the owner of some values for them at each scrape: tasks, breakers, the store's sums.
///
/// It has the collector's time; what is late or fails is missing from that scrape and counted.
package struct MetricsCollector: Sendable {
    package typealias Collect = @Sendable (inout CollectedSamples) async throws -> Void

    /// Unique within the registry, snake_case; a label value of the failures.
    package let name: String
    /// Gauges and counters nobody else fills.
    package let families: [MetricFamily]
    let collect: Collect

    package init(name: String, families: [MetricFamily], collect: @escaping Collect) {
        precondition(
            families.allSatisfy {
                if case .histogram = $0.kind { false } else { true }
            }, "a collector has gauges and counters")
        self.name = name
        self.families = families
        self.collect = collect
    }
}

/// What one collector has yielded in one scrape; bounded like the registry itself.
package struct CollectedSamples: Sendable {
    private(set) var values: [MetricFamily: [[String]: MetricValue]]
    /// Samples that share the series `other`, by family.
    private(set) var shared: [MetricFamily: Int] = [:]

    init(families: [MetricFamily]) {
        values = Dictionary(uniqueKeysWithValues: families.map { ($0, [:]) })
    }

    /// Adds a sample; of two with the same labels the later counts. Beyond the family's limit
    /// samples are summed up in the series `other`.
    ///
    /// - Parameter family: One the collector has declared.
    package mutating func add(
        _ family: MetricFamily, _ labels: [String] = [], _ value: MetricValue
    ) {
        precondition(labels.count == family.labels.count, "\(family.name): its labels differ")
        guard var series = values[family] else {
            preconditionFailure("\(family.name): not declared by the collector")
        }
        let labels = labels.map(LabelValue.bounded)
        // Two owners of one array would make each sample a copy of all before.
        values[family] = [:]
        defer { values[family] = series }
        guard series[labels] == nil, series.count >= family.seriesMax else {
            series[labels] = value
            return
        }
        let other = LabelValue.others(family)
        series[other] = series[other].map { $0 + value } ?? value
        shared[family, default: 0] += 1
    }

    package mutating func add(_ family: MetricFamily, _ labels: [String] = [], _ value: Int) {
        add(family, labels, .integer(Int64(value)))
    }

    package mutating func add(_ family: MetricFamily, _ labels: [String] = [], _ age: Duration) {
        add(family, labels, .real(age.inSeconds))
    }
}

enum LabelValue {
    static let bytesMax = 128

    static func bounded(_ text: String) -> String { text.cut(bytesMax: bytesMax) }

    /// The labels of the series for what has no room of its own.
    static func others(_ family: MetricFamily) -> [String] {
        family.labels.map { _ in "other" }
    }
}
