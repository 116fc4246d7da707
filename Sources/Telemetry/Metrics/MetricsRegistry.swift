// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// All metrics of the process.
///
/// Families are registered at the start, series are resolved once by whoever fills them and kept:
/// filling takes atomic steps only. Values that have an owner elsewhere are collected at a scrape.
package final class MetricsRegistry: Sendable {
    package struct Limits: Sendable {
        package var familiesMax = 512
        package var collectorsMax = 64
        /// How long one collector may take; all run side by side.
        package var collectorTime: Duration = .seconds(2)
        /// Runs of one collector at a time: several scrapes, and runs that ignore their end.
        package var collectorRunsMax = 4

        package init() {}
    }

    /// Samples and series that found their family full.
    package static let seriesDropped = MetricFamily(
        .counter, "teller_metrics_series_dropped_total",
        "Series or samples beyond a family's limit, counted in the series other or not at all.",
        labels: ["family"], seriesMax: 1_024)
    package static let collectorFailures = MetricFamily(
        .counter, "teller_metrics_collector_failures_total",
        "Collectors that failed or were late at a scrape.", labels: ["collector"])

    private enum Series {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)

        var reading: MetricReading {
            switch self {
            case .counter(let series): .value(.integer(Int64(clamping: series.value)))
            case .gauge(let series): .value(.real(series.value))
            case .histogram(let series): series.reading
            }
        }
    }

    private struct Registered {
        let family: MetricFamily
        /// Whether a collector fills it.
        let isCollected: Bool
        var series: [[String]: Series] = [:]
    }

    private final class Source: Sendable {
        let collector: MetricsCollector
        let runs = Atomic(0)

        init(_ collector: MetricsCollector) { self.collector = collector }
    }

    private struct State {
        var families: [String: Registered] = [:]
        var sources: [Source] = []

        mutating func register(
            _ family: MetricFamily, isCollected: Bool, _ limits: Limits
        ) -> Bool {
            if let known = families[family.name] {
                return known.family == family && known.isCollected == isCollected
            }
            guard families.count < limits.familiesMax else { return false }
            families[family.name] = .init(family: family, isCollected: isCollected)
            return true
        }

        mutating func resolve(
            _ family: MetricFamily, _ labels: [String]
        ) -> (Series, isDropped: Bool) {
            guard let known = families[family.name], known.family == family, !known.isCollected
            else {
                preconditionFailure("\(family.name): not registered, or a collector's")
            }
            if let series = known.series[labels] { return (series, false) }
            let isFull = known.series.count >= family.seriesMax
            let key = isFull ? LabelValue.others(family) : labels
            if isFull, let series = known.series[key] { return (series, true) }
            let series: Series =
                switch family.kind {
                case .counter: .counter(CounterSeries())
                case .gauge: .gauge(GaugeSeries())
                case .histogram(let bounds): .histogram(HistogramSeries(bounds: bounds))
                }
            families[family.name]?.series[key] = series
            return (series, isFull)
        }
    }

    private let limits: Limits
    private let sleep: Sleep
    private let state = Mutex(State())

    /// - Parameter sleep: Ends a collector's time.
    package init(
        _ families: [MetricFamily] = [], limits: Limits = Limits(),
        sleep: @escaping Sleep = { try await Task.sleep(for: $0, clock: .continuous) }
    ) {
        precondition(limits.familiesMax < Self.seriesDropped.seriesMax)
        self.limits = limits
        self.sleep = sleep
        for family in [Self.seriesDropped, Self.collectorFailures] + families { register(family) }
    }

    // MARK: - Registration

    /// Makes the family known. To say the same again changes nothing; another family of the same
    /// name is a programmer's error.
    package func register(_ family: MetricFamily) {
        let isAccepted = state.withLock { $0.register(family, isCollected: false, limits) }
        precondition(isAccepted, "\(family.name): registered otherwise, or one family too many")
    }

    /// Makes the collector and its families known; nobody else may fill these.
    package func register(_ collector: MetricsCollector) {
        let isAccepted = state.withLock { state in
            guard state.sources.count < limits.collectorsMax,
                !state.sources.contains(where: { $0.collector.name == collector.name }),
                collector.families.allSatisfy({ state.families[$0.name] == nil })
            else { return false }
            state.sources.append(Source(collector))
            return collector.families.allSatisfy {
                state.register($0, isCollected: true, limits)
            }
        }
        precondition(isAccepted, "\(collector.name): registered twice, or one collector too many")
        // Known from the start, so that the first failure is an increase.
        _ = counter(Self.collectorFailures, [collector.name])
    }

    /// Every family there is, in the order of their names.
    package var families: [MetricFamily] {
        state.withLock { $0.families.values.map(\.family) }.sorted { $0.name < $1.name }
    }

    // MARK: - Series

    /// The counter's series with these label values, to be kept by who fills it.
    ///
    /// - Parameters:
    ///   - family: Registered, of this kind, and no collector's; anything else is a programmer's
    ///     error.
    ///   - labels: One value for each of the family's labels; long ones are cut.
    package func counter(_ family: MetricFamily, _ labels: [String] = []) -> CounterSeries {
        guard case .counter(let series) = resolve(family, labels) else {
            preconditionFailure("\(family.name): no counter")
        }
        return series
    }

    /// The gauge's series with these label values; see `counter`.
    package func gauge(_ family: MetricFamily, _ labels: [String] = []) -> GaugeSeries {
        guard case .gauge(let series) = resolve(family, labels) else {
            preconditionFailure("\(family.name): no gauge")
        }
        return series
    }

    /// The histogram's series with these label values; see `counter`.
    package func histogram(_ family: MetricFamily, _ labels: [String] = []) -> HistogramSeries {
        guard case .histogram(let series) = resolve(family, labels) else {
            preconditionFailure("\(family.name): no histogram")
        }
        return series
    }

    private func resolve(_ family: MetricFamily, _ labels: [String]) -> Series {
        precondition(labels.count == family.labels.count, "\(family.name): its labels differ")
        let labels = labels.map(LabelValue.bounded)
        let (series, isDropped) = state.withLock { $0.resolve(family, labels) }
        if isDropped { noteDropped(family.name) }
        return series
    }

    private func noteDropped(_ family: String, _ count: Int = 1) {
        counter(Self.seriesDropped, [family]).add(UInt64(count))
    }

    // MARK: - Other people's families

    /// Registers a family whose name somebody else chose, or finds one registered before.
    ///
    /// - Returns: What to fill; nil when the name means something else here or there is no room,
    ///   which is counted.
    func adopt(_ family: MetricFamily) -> MetricFamily? {
        let known = state.withLock { state -> MetricFamily? in
            if let known = state.families[family.name] {
                return known.isCollected || known.family.kind != family.kind ? nil : known.family
            }
            return state.register(family, isCollected: false, limits) ? family : nil
        }
        if known == nil { noteDropped("other") }
        return known
    }

    // MARK: - Scrapes

    /// Everything there is to say, in the order of names and labels.
    func read() async -> [FamilyReading] {
        let sources = state.withLock { $0.sources }
        let collected = await withTaskGroup(of: CollectedSamples?.self) { group in
            for source in sources { group.addTask { await self.collect(source) } }
            return await group.reduce(into: [CollectedSamples]()) { all, samples in
                if let samples { all.append(samples) }
            }
        }
        var readings: [FamilyReading] = []
        for samples in collected {
            for (family, count) in samples.shared { noteDropped(family.name, count) }
            readings += samples.values.map { family, values in
                FamilyReading(
                    family: family,
                    series: values.map { .init(labels: $0, reading: .value($1)) })
            }
        }
        let filled = state.withLock { $0.families.values.filter { !$0.isCollected } }
        readings += filled.map { registered in
            FamilyReading(
                family: registered.family,
                series: registered.series.map { .init(labels: $0, reading: $1.reading) })
        }
        return readings.filter { !$0.series.isEmpty }.sorted { $0.family.name < $1.family.name }
    }

    /// What the collector yields; nil when it fails, is late, or runs too often already.
    private func collect(_ source: Source) async -> CollectedSamples? {
        let collector = source.collector
        let runs = source.runs.add(1, ordering: .relaxed).newValue
        guard runs <= limits.collectorRunsMax else {
            source.runs.subtract(1, ordering: .relaxed)
            counter(Self.collectorFailures, [collector.name]).add()
            return nil
        }
        let samples =
            await within(limits.collectorTime, sleep: sleep) { () -> CollectedSamples? in
                defer { source.runs.subtract(1, ordering: .relaxed) }
                var samples = CollectedSamples(families: collector.families)
                guard (try? await collector.collect(&samples)) != nil else { return nil }
                return samples
            } ?? nil
        if samples == nil { counter(Self.collectorFailures, [collector.name]).add() }
        return samples
    }
}
