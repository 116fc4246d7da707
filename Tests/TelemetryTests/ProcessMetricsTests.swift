// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Telemetry

@Suite struct ProcessMetricsTests {
    private static let stat =
        "4242 (a) b (c d)) S 1 4242 4242 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 7 0 123456 "
        + "1048576 256 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"

    @Test func `the kernel's line is read, whatever the program is called`() {
        let stat = ProcessStat(Self.stat)
        #expect(stat?.cpuTicks == 200)
        #expect(stat?.threads == 7)
        #expect(stat?.startTicks == 123_456)
        #expect(stat?.virtualBytes == 1_048_576)
        #expect(stat?.residentPages == 256)
        #expect(ProcessStat.bootTime("cpu 1 2\nbtime 1700000000\n") == 1_700_000_000)
    }

    @Test(arguments: [
        "", "1 (a", "1 (a)", "1 (a) S 1 2 3", "1 (a) " + String(repeating: "x ", count: 40),
    ])
    func `another line is refused`(text: String) {
        #expect(ProcessStat(text) == nil)
        #expect(ProcessStat.bootTime(text) == nil)
    }

    @Test func `this process has figures that can be true`() async throws {
        let registry = MetricsRegistry()
        registry.register(ProcessMetrics.collector)
        let readings = await registry.read().filter { $0.family.name.hasPrefix("process_") }
        #expect(readings.map(\.family.name) == ProcessMetrics.families.map(\.name).sorted())
        func value(_ family: MetricFamily) throws -> Double {
            let reading = readings.first { $0.family == family }?.series.first?.reading
            switch try #require(reading) {
            case .value(.integer(let value)): return Double(value)
            case .value(.real(let value)): return value
            case .histogram: return .nan
            }
        }
        #expect(try value(ProcessMetrics.cpuSeconds) > 0)
        #expect(try value(ProcessMetrics.residentBytes) > 1_000_000)
        #expect(
            try value(ProcessMetrics.virtualBytes) > value(ProcessMetrics.residentBytes))
        #expect(try value(ProcessMetrics.threads) >= 1)
        let started = Date(timeIntervalSince1970: try value(ProcessMetrics.startTime))
        #expect(started < Date.now.addingTimeInterval(1))
        #expect(started > Date.now.addingTimeInterval(-86_400))
        let open = try value(ProcessMetrics.openDescriptors)
        #expect(open >= 3)
        #expect(try value(ProcessMetrics.descriptorsMax) >= open)
    }

    @Test func `a scrape of everything passes promtool`() async throws {
        let registry = MetricsRegistry()
        registry.register(ProcessMetrics.collector)
        let text = String(decoding: await registry.scrape(.prometheusText), as: UTF8.self)
        let outcome = try TestProcess.run(["promtool", "check", "metrics"], input: text)
        #expect(outcome.status == 0, "\(outcome.output)")
        let open = String(decoding: await registry.scrape(.openMetrics), as: UTF8.self)
        #expect(try ExpositionTests.importOpenMetrics(open).status == 0)
    }
}
