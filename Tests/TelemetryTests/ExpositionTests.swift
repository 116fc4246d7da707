// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Telemetry

@Suite struct ExpositionTests {
    private static let calls = MetricFamily(
        .counter, "teller_calls_total", #"Calls, "all" of C:\ them."#,
        labels: ["method", "reason"])
    private static let money = MetricFamily(
        .gauge, "teller_available_nanotons", "Money that may be withdrawn.")
    private static let odd = MetricFamily(.gauge, "teller_odd", "Odd numbers.", labels: ["of"])
    private static let time = MetricFamily(
        .histogram(bounds: [0.000_05, 0.5, 1, 10]), "teller_time_seconds", "Time.",
        labels: ["of"])

    private static let readings: [FamilyReading] = {
        let numbers: [Double] = [
            .nan, .infinity, -.infinity, 0.1, 1e-9, 1e21, 9_007_199_254_740_992, -3, -0.5,
            1_700_000_000.25,
        ]
        return [
            FamilyReading(
                family: money, series: [.init(labels: [], reading: .value(.integer(.max)))]),
            FamilyReading(
                family: calls,
                series: [
                    .init(labels: ["b", "x"], reading: .value(.integer(2))),
                    .init(labels: ["a", "\"\\\n"], reading: .value(.integer(1))),
                ]),
            FamilyReading(
                family: odd,
                series: numbers.enumerated().map {
                    .init(labels: ["n\($0)"], reading: .value(.real($1)))
                }),
            FamilyReading(
                family: time,
                series: [
                    .init(labels: ["é"], reading: .histogram(counts: [1, 0, 2, 0, 4], sum: 42.5))
                ]),
        ]
    }()

    private static let samples = #"""
        teller_odd{of="n0"} NaN
        teller_odd{of="n1"} +Inf
        teller_odd{of="n2"} -Inf
        teller_odd{of="n3"} 0.1
        teller_odd{of="n4"} 1e-09
        teller_odd{of="n5"} 1e+21
        teller_odd{of="n6"} 9007199254740992
        teller_odd{of="n7"} -3
        teller_odd{of="n8"} -0.5
        teller_odd{of="n9"} 1700000000.25

        """#
    private static let buckets = #"""
        teller_time_seconds_bucket{of="é",le="5e-05"} 1
        teller_time_seconds_bucket{of="é",le="0.5"} 1
        teller_time_seconds_bucket{of="é",le="1.0"} 3
        teller_time_seconds_bucket{of="é",le="10.0"} 3
        teller_time_seconds_bucket{of="é",le="+Inf"} 7
        teller_time_seconds_sum{of="é"} 42.5
        teller_time_seconds_count{of="é"} 7

        """#

    private static func text(_ format: MetricsFormat) -> String {
        String(decoding: MetricsWriter.text(readings, format), as: UTF8.self)
    }

    @Test func `the text format is as it is written down`() {
        #expect(
            Self.text(.prometheusText) == #"""
                # HELP teller_available_nanotons Money that may be withdrawn.
                # TYPE teller_available_nanotons gauge
                teller_available_nanotons 9223372036854775807
                # HELP teller_calls_total Calls, "all" of C:\\ them.
                # TYPE teller_calls_total counter
                teller_calls_total{method="a",reason="\"\\\n"} 1
                teller_calls_total{method="b",reason="x"} 2
                # HELP teller_odd Odd numbers.
                # TYPE teller_odd gauge

                """# + Self.samples + #"""
                    # HELP teller_time_seconds Time.
                    # TYPE teller_time_seconds histogram

                    """# + Self.buckets)
    }

    @Test func `OpenMetrics is as it is written down`() {
        #expect(
            Self.text(.openMetrics) == #"""
                # HELP teller_available_nanotons Money that may be withdrawn.
                # TYPE teller_available_nanotons gauge
                # UNIT teller_available_nanotons nanotons
                teller_available_nanotons 9223372036854775807
                # HELP teller_calls Calls, \"all\" of C:\\ them.
                # TYPE teller_calls counter
                teller_calls_total{method="a",reason="\"\\\n"} 1
                teller_calls_total{method="b",reason="x"} 2
                # HELP teller_odd Odd numbers.
                # TYPE teller_odd gauge

                """# + Self.samples + #"""
                    # HELP teller_time_seconds Time.
                    # TYPE teller_time_seconds histogram
                    # UNIT teller_time_seconds seconds

                    """# + Self.buckets + "# EOF\n")
    }

    @Test func `nothing to say is an empty text and an end`() {
        #expect(MetricsWriter.text([], .prometheusText) == [])
        #expect(MetricsWriter.text([], .openMetrics) == Array("# EOF\n".utf8))
    }

    @Test func `promtool has nothing to say about the text format`() throws {
        let text = Self.text(.prometheusText)
        let outcome = try TestProcess.run(["promtool", "check", "metrics"], input: text)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output == "")
    }

    /// `check metrics` of promtool 2.42 knows only the text format; the importer has the parser
    /// Prometheus scrapes with, and wants a time behind each sample.
    @Test func `promtool reads OpenMetrics`() throws {
        let outcome = try Self.importOpenMetrics(Self.text(.openMetrics))
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.contains("NUM SERIES"))
        let cut = try Self.importOpenMetrics(
            Self.text(.openMetrics).replacing("# EOF\n", with: ""))
        #expect(cut.status != 0)
    }

    static func importOpenMetrics(_ text: String) throws -> TestProcess.Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let timed = text.split(separator: "\n").map {
            $0.hasPrefix("#") ? "\($0)\n" : "\($0) 1700000000\n"
        }.joined()
        try timed.write(
            to: folder.appending(path: "metrics"), atomically: false, encoding: .utf8)
        return try TestProcess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", "metrics", "blocks"],
            in: folder)
    }

    // MARK: - Negotiation

    private static let prometheus2 =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
        + "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    private static let prometheus3 =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
        + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

    @Test(arguments: [
        prometheus2, prometheus3, "application/openmetrics-text",
        "text/plain;q=0.5, application/openmetrics-text; version=\"1.0.0\"",
        "*/*, application/openmetrics-text", "APPLICATION/OpenMetrics-Text ; Q=0.9, text/*;q=0.8",
        "application/*, text/plain;q=0.999", "text/plain;q=0, */*",
    ])
    func `OpenMetrics is sent to who prefers it`(accept: String) {
        #expect(MetricsFormat.negotiated(accept: accept) == .openMetrics)
    }

    @Test(arguments: [
        nil, "", "*/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8",
        "application/openmetrics-text;q=0.5,text/plain;q=0.5",
        "application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0,*/*", "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=0.1234", "application/json", ",;=/,a/b/c;q",
        String(repeating: "a/b,", count: 100) + "application/openmetrics-text",
    ])
    func `everybody else gets the text format`(accept: String?) {
        #expect(MetricsFormat.negotiated(accept: accept) == .prometheusText)
    }
}
