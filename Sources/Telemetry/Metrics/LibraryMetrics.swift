// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics

/// Lets the metrics of libraries, written through swift-metrics, land in the registry.
///
/// Their names and labels are made legal and end as their kind wants it. The first use of a name
/// settles its labels; one that is absent later is empty, one that is new later is left out. What
/// has no room, or a name that means something else here, is counted as dropped and goes nowhere.
package struct LibraryMetrics: MetricsFactory {
    /// 100 µs to 100 s.
    private static let secondsBounds = [
        0.000_1, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100,
    ]
    /// What a library records may be anything: powers of four.
    private static let plainBounds = (0...13).map { Double(1 << (2 * $0)) }

    private let registry: MetricsRegistry

    package init(_ registry: MetricsRegistry) { self.registry = registry }

    package func makeCounter(
        label: String, dimensions: [(String, String)]
    ) -> any CounterHandler {
        resolve(.counter, label, "_total", dimensions) { LibraryCounter(registry.counter($0, $1)) }
            ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else {
            return resolve(.gauge, label, "", dimensions) { LibraryGauge(registry.gauge($0, $1)) }
                ?? NOOPMetricsHandler.instance
        }
        return resolve(.histogram(bounds: Self.plainBounds), label, "", dimensions) {
            LibraryHistogram(registry.histogram($0, $1))
        } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        resolve(.gauge, label, "", dimensions) { LibraryGauge(registry.gauge($0, $1)) }
            ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        resolve(.histogram(bounds: Self.secondsBounds), label, "_seconds", dimensions) {
            LibraryHistogram(registry.histogram($0, $1))
        } ?? NOOPMetricsHandler.instance
    }

    // Series stay: what has been counted is not forgotten, and their number is bounded.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func resolve<Handler>(
        _ kind: MetricFamily.Kind, _ label: String, _ ending: String,
        _ dimensions: [(String, String)], _ handler: (MetricFamily, [String]) -> Handler
    ) -> Handler? {
        let dimensions = Dictionary(
            dimensions.prefix(MetricFamily.labelsMax).map { (Self.labelName($0), $1) },
            uniquingKeysWith: { $1 })
        let wanted = MetricFamily(
            unchecked: kind, Self.name(label, ending), "Recorded by a library as \(label).",
            labels: dimensions.keys.sorted(), seriesMax: MetricFamily.seriesMaxStandard)
        guard let family = registry.adopt(wanted) else { return nil }
        return handler(family, family.labels.map { dimensions[$0] ?? "" })
    }

    private static func name(_ label: String, _ ending: String) -> String {
        var name = snakeCase(label)
        if !ending.isEmpty, name.hasSuffix(ending) { return name }
        if MetricFamily.reservedEndings.contains(where: { name.hasSuffix($0) }) { name += "_value" }
        return name + ending
    }

    private static func labelName(_ label: String) -> String {
        let name = snakeCase(label)
        return name == "le" || name == "quantile" ? name + "_value" : name
    }

    /// `HTTPClient.requests-sent` as `http_client_requests_sent`.
    private static func snakeCase(_ label: String) -> String {
        var words: [[UInt8]] = [[]]
        let bytes = Array(label.utf8.prefix(LabelValue.bytesMax))
        for (index, byte) in bytes.enumerated() {
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            let lower = isUpper ? byte + 32 : byte
            guard MetricFamily.isLower(lower) || MetricFamily.isDigit(lower) else {
                words.append([])
                continue
            }
            let beginsWord =
                isUpper && index > 0
                && (MetricFamily.isLower(bytes[index - 1])
                    || index + 1 < bytes.count && MetricFamily.isLower(bytes[index + 1]))
            if beginsWord { words.append([]) }
            words[words.count - 1].append(lower)
        }
        let name = words.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: "_")
        guard let first = name.utf8.first else { return "library" }
        return MetricFamily.isLower(first) ? name : "library_" + name
    }
}

// MARK: - Handlers

private final class LibraryCounter: CounterHandler {
    let series: CounterSeries

    init(_ series: CounterSeries) { self.series = series }

    func increment(by amount: Int64) { series.add(UInt64(max(0, amount))) }
    func reset() { series.clear() }
}

private final class LibraryGauge: MeterHandler, RecorderHandler {
    let series: GaugeSeries

    init(_ series: GaugeSeries) { self.series = series }

    func set(_ value: Int64) { series.set(Double(value)) }
    func set(_ value: Double) { series.set(value) }
    func increment(by amount: Double) { series.add(amount) }
    func decrement(by amount: Double) { series.add(-amount) }
    func record(_ value: Int64) { series.set(Double(value)) }
    func record(_ value: Double) { series.set(value) }
}

private final class LibraryHistogram: TimerHandler, RecorderHandler {
    let series: HistogramSeries

    init(_ series: HistogramSeries) { self.series = series }

    func recordNanoseconds(_ duration: Int64) { series.observe(Duration.nanoseconds(duration)) }
    func record(_ value: Int64) { series.observe(Double(value)) }
    func record(_ value: Double) { series.observe(value) }
}
