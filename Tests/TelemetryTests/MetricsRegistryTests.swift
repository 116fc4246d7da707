// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1))) struct MetricsRegistryTests {
    private static let calls = MetricFamily(
        .counter, "calls_total", "Calls.", labels: ["method", "status"], seriesMax: 3)
    private static let depth = MetricFamily(.gauge, "depth", "Depth.")
    private static let time = MetricFamily(
        .histogram(bounds: [0.5, 1]), "time_seconds", "Time.")
    private static let owned = MetricFamily(
        .gauge, "owned", "Owned elsewhere.", labels: ["name"], seriesMax: 2)

    /// What the series of the family say, by their labels.
    private static func read(
        _ registry: MetricsRegistry, _ family: MetricFamily
    ) async -> [[String]: MetricReading] {
        let reading = await registry.read().first { $0.family == family }
        return Dictionary(
            uniqueKeysWithValues: (reading?.series ?? []).map { ($0.labels, $0.reading) })
    }

    @Test func `the same labels are the same series`() async {
        let registry = MetricsRegistry([Self.calls])
        registry.counter(Self.calls, ["get", "OK"]).add(2)
        registry.counter(Self.calls, ["get", "OK"]).add()
        registry.counter(Self.calls, ["get", "NOT_FOUND"]).add()
        #expect(
            await Self.read(registry, Self.calls) == [
                ["get", "OK"]: .value(.integer(3)), ["get", "NOT_FOUND"]: .value(.integer(1)),
            ])
    }

    @Test func `a gauge goes both ways`() async {
        let registry = MetricsRegistry([Self.depth])
        let depth = registry.gauge(Self.depth)
        depth.set(5)
        depth.add(2)
        depth.add(-4.5)
        #expect(await Self.read(registry, Self.depth) == [[]: .value(.real(2.5))])
    }

    @Test func `an observation on a bound belongs below it`() async {
        let registry = MetricsRegistry([Self.time])
        let time = registry.histogram(Self.time)
        time.observe(.milliseconds(500))
        time.observe(.milliseconds(501))
        time.observe(1.0)
        time.observe(99.0)
        time.observe(.seconds(-1))
        time.observe(.nan)
        #expect(
            await Self.read(registry, Self.time) == [
                []: .histogram(counts: [2, 2, 1], sum: 101.001)
            ])
    }

    @Test func `beyond a family's limit series share the one called other`() async {
        let registry = MetricsRegistry([Self.calls])
        for index in 0..<10 { registry.counter(Self.calls, ["m\(index)", "OK"]).add() }
        registry.counter(Self.calls, ["m0", "OK"]).add()
        let series = await Self.read(registry, Self.calls)
        #expect(series.count == 4)
        #expect(series[["m0", "OK"]] == .value(.integer(2)))
        #expect(series[["other", "other"]] == .value(.integer(7)))
        #expect(
            await Self.read(registry, MetricsRegistry.seriesDropped) == [
                ["calls_total"]: .value(.integer(7))
            ])
    }

    @Test func `a long label value is cut`() async {
        let registry = MetricsRegistry([Self.calls])
        registry.counter(Self.calls, [String(repeating: "m", count: 5000), "OK"]).add()
        let labels = await Self.read(registry, Self.calls).keys.first ?? []
        #expect(labels.first?.utf8.count == LabelValue.bytesMax)
    }

    @Test func `the catalogue names every family once`() {
        let registry = MetricsRegistry([Self.time, Self.calls, Self.calls])
        registry.register(Self.depth)
        #expect(
            registry.families.map(\.name) == [
                "calls_total", "depth", "teller_metrics_collector_failures_total",
                "teller_metrics_series_dropped_total", "time_seconds",
            ])
    }

    @Test func `programmers' errors trap`() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry([Self.calls])
            registry.register(MetricFamily(.counter, "calls_total", "Other help."))
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry().counter(Self.calls, ["a", "b"])
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry([Self.calls]).counter(Self.calls, ["a"])
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry([Self.calls]).gauge(Self.calls, ["a", "b"])
        }
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            registry.register(MetricsCollector(name: "c", families: [Self.owned]) { _ in })
            _ = registry.gauge(Self.owned, ["a"])
        }
    }

    // MARK: - Collectors

    @Test func `a collector is asked at each scrape`() async {
        let registry = MetricsRegistry()
        let asked = Atomic(0)
        registry.register(
            MetricsCollector(name: "c", families: [Self.owned]) { samples in
                let count = asked.add(1, ordering: .relaxed).newValue
                samples.add(Self.owned, ["a"], count)
                samples.add(Self.owned, ["b"], 1)
                samples.add(Self.owned, ["b"], .milliseconds(1500))
            })
        for count in 1...2 {
            #expect(
                await Self.read(registry, Self.owned) == [
                    ["a"]: .value(.integer(Int64(count))), ["b"]: .value(.real(1.5)),
                ])
        }
    }

    @Test func `a collector's samples beyond the limit are summed up`() async {
        let registry = MetricsRegistry()
        registry.register(
            MetricsCollector(name: "c", families: [Self.owned]) { samples in
                for value in 1...4 { samples.add(Self.owned, ["n\(value)"], value) }
                samples.add(Self.owned, ["n5"], .integer(.max))
            })
        #expect(
            await Self.read(registry, Self.owned) == [
                ["n1"]: .value(.integer(1)), ["n2"]: .value(.integer(2)),
                ["other"]: .value(.integer(.max)),
            ])
        #expect(
            await Self.read(registry, MetricsRegistry.seriesDropped)[["owned"]]
                == .value(.integer(6)))
    }

    @Test func `one that fails is missing and counted, and the others are there`() async {
        struct Away: Error {}
        let registry = MetricsRegistry([Self.depth])
        registry.gauge(Self.depth).set(1)
        registry.register(
            MetricsCollector(name: "c", families: [Self.owned]) { samples in
                samples.add(Self.owned, ["a"], 1)
                throw Away()
            })
        #expect(
            await Self.read(registry, MetricsRegistry.collectorFailures) == [
                ["c"]: .value(.integer(1))
            ])
        #expect(await Self.read(registry, Self.owned) == [:])
        #expect(await Self.read(registry, Self.depth) == [[]: .value(.real(1))])
    }

    /// Time is over as soon as somebody waits for it, so the scrape returns although the
    /// collector never does.
    @Test func `one that hangs holds no scrape up, and few of its runs pile up`() async {
        let registry = MetricsRegistry(sleep: { _ in })
        let runs = Atomic(0)
        let (hang, release) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task { for await _ in hang {} }
        registry.register(
            MetricsCollector(name: "c", families: [Self.owned]) { _ in
                runs.add(1, ordering: .relaxed)
                await waiting.value
            })
        for scrape in 1...10 {
            let failures = await Self.read(registry, MetricsRegistry.collectorFailures)
            #expect(failures == [["c"]: .value(.integer(Int64(scrape)))])
        }
        release.finish()
        let started = runs.load(ordering: .relaxed)
        #expect(started <= MetricsRegistry.Limits().collectorRunsMax)
    }

    // MARK: - Many at once

    @Test func `many threads add while scrapes run and nothing is lost`() async {
        let registry = MetricsRegistry([Self.calls, Self.depth, Self.time])
        let (writers, turns) = (8, 20_000)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var last: Int64 = 0
                while !Task.isCancelled {
                    let read = await Self.read(registry, Self.calls)[["get", "OK"]]
                    guard case .value(.integer(let count))? = read else { continue }
                    if count < last { Issue.record("a counter went back") }
                    last = count
                    await Task.yield()
                }
            }
            await withTaskGroup(of: Void.self) { threads in
                for _ in 0..<writers {
                    threads.addTask {
                        let calls = registry.counter(Self.calls, ["get", "OK"])
                        let depth = registry.gauge(Self.depth)
                        let time = registry.histogram(Self.time)
                        for turn in 0..<turns {
                            calls.add()
                            depth.add(1)
                            time.observe(Double(turn % 3))
                        }
                    }
                }
            }
            group.cancelAll()
        }
        let total = writers * turns
        #expect(
            await Self.read(registry, Self.calls)[["get", "OK"]]
                == .value(.integer(Int64(total))))
        #expect(await Self.read(registry, Self.depth) == [[]: .value(.real(Double(total)))])
        let each = (0..<turns).map { Double($0 % 3) }
        let zeros = UInt64(each.filter { $0 == 0 }.count * writers)
        let ones = UInt64(each.filter { $0 == 1 }.count * writers)
        #expect(
            await Self.read(registry, Self.time) == [
                []: .histogram(
                    counts: [zeros, ones, UInt64(total) - zeros - ones],
                    sum: each.reduce(0, +) * Double(writers))
            ])
    }
}
