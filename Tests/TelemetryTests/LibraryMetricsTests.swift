// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Testing

@testable import Telemetry

@Suite struct LibraryMetricsTests {
    private static func text(_ registry: MetricsRegistry) async -> [String] {
        String(decoding: await registry.scrape(.prometheusText), as: UTF8.self)
            .split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    @Test func `what libraries count lands in the registry`() async {
        let registry = MetricsRegistry()
        let factory = LibraryMetrics(registry)
        Counter(label: "http.requestsSent", dimensions: [("Host-Name", "a")], factory: factory)
            .increment(by: 3)
        let meter = Meter(label: "pool.size", factory: factory)
        meter.set(4.0)
        meter.decrement(by: 1.5)
        Gauge(label: "HTTPClient queue", factory: factory).record(7)
        let timer = CoreMetrics.Timer(label: "db_query", factory: factory)
        timer.recordMilliseconds(30)
        Recorder(label: "bytes.read", dimensions: [], aggregate: true, factory: factory).record(
            100)
        FloatingPointCounter(label: "cost_total", factory: factory).increment(by: 2.5)
        let lines = await Self.text(registry)
        #expect(lines.contains(#"http_requests_sent_total{host_name="a"} 3"#))
        #expect(lines.contains("pool_size 2.5"))
        #expect(lines.contains("http_client_queue 7"))
        #expect(lines.contains(#"db_query_seconds_bucket{le="0.025"} 0"#))
        #expect(lines.contains(#"db_query_seconds_bucket{le="0.05"} 1"#))
        #expect(lines.contains("db_query_seconds_sum 0.03"))
        #expect(lines.contains(#"bytes_read_bucket{le="64.0"} 0"#))
        #expect(lines.contains(#"bytes_read_bucket{le="256.0"} 1"#))
        #expect(lines.contains("cost_total 2"))
    }

    @Test func `names become legal whatever they were`() async {
        let registry = MetricsRegistry()
        let factory = LibraryMetrics(registry)
        for label in [
            "", "9lives", "größe", "x_count", "a__b", "le", String(repeating: "x", count: 999),
        ] {
            Meter(label: label, dimensions: [("le", "1"), ("", "2")], factory: factory).set(1.0)
            Counter(label: label, factory: factory).increment()
        }
        for family in registry.families {
            let checked = MetricFamily(
                unchecked: family.kind, family.name, "Help.", labels: family.labels, seriesMax: 1)
            #expect(checked.fault == nil)
        }
        #expect(registry.families.contains { $0.name == "x_count_value" })
        #expect(registry.families.contains { $0.name == "library_9lives" })
    }

    @Test func `the first use settles the labels`() async {
        let registry = MetricsRegistry()
        let factory = LibraryMetrics(registry)
        Counter(label: "calls", dimensions: [("a", "1")], factory: factory).increment()
        Counter(label: "calls", dimensions: [("b", "2")], factory: factory).increment()
        let lines = await Self.text(registry)
        #expect(lines.contains(#"calls_total{a="1"} 1"#))
        #expect(lines.contains(#"calls_total{a=""} 1"#))
    }

    @Test func `a name that means something else here goes nowhere and is counted`() async {
        let registry = MetricsRegistry([MetricFamily(.gauge, "size", "Size.")])
        registry.register(
            MetricsCollector(
                name: "c", families: [MetricFamily(.gauge, "owned", "Owned.")]
            ) { _ in })
        let factory = LibraryMetrics(registry)
        Recorder(label: "size", dimensions: [], aggregate: true, factory: factory).record(1)
        Meter(label: "owned", factory: factory).set(1.0)
        let lines = await Self.text(registry)
        #expect(lines.contains(#"teller_metrics_series_dropped_total{family="other"} 2"#))
        #expect(!lines.contains { $0.hasPrefix("size") || $0.hasPrefix("owned") })
    }

    @Test func `neither names nor labels without end fill the memory`() async {
        var limits = MetricsRegistry.Limits()
        limits.familiesMax = 10
        let registry = MetricsRegistry(limits: limits)
        let factory = LibraryMetrics(registry)
        for index in 0..<1_000 {
            Counter(label: "n\(index)", factory: factory).increment()
            Counter(label: "n0", dimensions: [("a", "\(index)")], factory: factory).increment()
            Counter(label: "n1", dimensions: [("a", "\(index)")], factory: factory).increment()
        }
        #expect(registry.families.count == 10)
        #expect(await Self.text(registry).count < 2 * MetricFamily.seriesMaxStandard)
    }
}
