// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Telemetry

@Suite struct MetricFamilyTests {
    private static func fault(
        _ kind: MetricFamily.Kind, _ name: String, help: String = "Help.", labels: [String] = []
    ) -> String? {
        MetricFamily(unchecked: kind, name, help, labels: labels, seriesMax: 8).fault
    }

    @Test func `families that keep the conventions are let through`() {
        #expect(Self.fault(.counter, "teller_rpc_calls_total", labels: ["method"]) == nil)
        #expect(Self.fault(.counter, "process_cpu_seconds_total") == nil)
        #expect(Self.fault(.gauge, "teller_build_info", labels: ["version"]) == nil)
        #expect(Self.fault(.gauge, "teller_ledger_held_nanotons") == nil)
        #expect(
            Self.fault(.histogram(bounds: [0.1, 1]), "teller_rpc_duration_seconds") == nil)
    }

    @Test(arguments: [
        "teller_rpc_calls", "Teller_total", "teller-x_total", "teller__x_total", "_x_total",
        "9x_total", "tellerRPC_total", "x_total_", "", "teller_é_total",
    ])
    func `a counter of another name is a fault`(name: String) {
        #expect(Self.fault(.counter, name) != nil)
    }

    @Test(arguments: [
        "x_total", "x_count", "x_sum", "x_bucket", "x_created", "x_gauge", "x_ms", "x_kb",
        "x_percent", "x_minutes", "x_milliseconds", "x_histogram_y",
    ])
    func `a gauge of another name is a fault`(name: String) {
        #expect(Self.fault(.gauge, name) != nil)
    }

    @Test func `labels are distinct, few, and not the exposition's own`() {
        let many = (0...MetricFamily.labelsMax).map { "l\($0)" }
        for labels in [["le"], ["quantile"], ["a", "a"], ["A"], ["a-b"], ["__a"], [""], many] {
            #expect(Self.fault(.gauge, "x", labels: labels) != nil)
        }
        #expect(Self.fault(.gauge, "x", labels: Array(many.dropLast())) == nil)
    }

    @Test func `bounds rise, are finite, and are neither none nor too many`() {
        let most = (0..<HistogramSeries.boundsMax).map(Double.init)
        for bounds in [[], [1, 1], [2, 1], [1, .infinity], [.nan], most + [100]] {
            #expect(Self.fault(.histogram(bounds: bounds), "x_seconds") != nil)
        }
        #expect(Self.fault(.histogram(bounds: most), "x_seconds") == nil)
    }

    @Test func `help is one sentence and there is room for a series`() {
        #expect(Self.fault(.gauge, "x", help: "") != nil)
        #expect(Self.fault(.gauge, "x", help: "Two\nlines.") != nil)
        let none = MetricFamily(unchecked: .gauge, "x", "Help.", labels: [], seriesMax: 0)
        #expect(none.fault != nil)
    }

    @Test func `a wrong name traps where it is made`() async {
        await #expect(processExitsWith: .failure) {
            _ = MetricFamily(.counter, "calls", "Help.")
        }
    }

    @Test func `a text is cut at a whole scalar, the ellipsis included`() {
        #expect("abc".cut(bytesMax: 3) == "abc")
        #expect("abcdef".cut(bytesMax: 5) == "ab…")
        #expect("aéééé".cut(bytesMax: 7) == "aé…")
        #expect("😀😀".cut(bytesMax: 6) == "…")
    }
}
