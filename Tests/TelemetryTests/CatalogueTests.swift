// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

@testable import Telemetry

/// What stands outside the code says only what the code exposes.
@Suite struct CatalogueTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let rules = root.appending(path: "deploy/prometheus/teller.rules.yml")
    private static let ruleTests = root.appending(path: "deploy/prometheus/teller.rules.test.yml")
    private static let dashboard = root.appending(path: "deploy/grafana/teller.json")

    private static let families = TellerMetrics.all + ProcessMetrics.families
    /// The labels of each sample's name.
    private static let samples = Dictionary(
        uniqueKeysWithValues: families.flatMap { family in
            family.sampleNames.map { ($0, Set(family.labels)) }
        })

    private static func text(_ file: URL) throws -> String {
        try String(contentsOf: file, encoding: .utf8)
    }

    /// Metrics of Teller's that the text names and the catalogue doesn't, or with other labels.
    private static func unknown(in text: String) -> [String] {
        // Most lines of a dashboard name none; the costly look is for the others.
        let lines = text.split(separator: "\n").filter {
            $0.contains("teller_") || $0.contains("process_")
        }
        return lines.flatMap { line in
            line.matches(of: /\b((?:teller|process)_[a-z0-9_]+)(\{[^}]*\})?/)
        }.compactMap { match in
            let name = String(match.1)
            guard let labels = samples[name] else { return name }
            // Prometheus adds job and instance, the exposition le.
            let known = labels.union(["job", "instance", "le"])
            let used = (match.2 ?? "").matches(of: /([a-z_]+)(?:=|!)/).map { String($0.1) }
            return used.allSatisfy(known.contains) ? nil : "\(name) \(used)"
        }
    }

    private static func expressions() throws -> [String] {
        func strings(_ key: String, _ value: JSONValue) -> [String] {
            switch value {
            case .object(let members):
                members.flatMap { member -> [String] in
                    if member.key == key, case .string(let text) = member.value { return [text] }
                    return strings(key, member.value)
                }
            case .array(let elements): elements.flatMap { strings(key, $0) }
            default: []
            }
        }
        return strings("expr", try JSONValue.parse(Array(try text(dashboard).utf8)))
    }

    @Test func `the catalogue can be registered as it is`() {
        let collected = [TellerMetrics.incidents, TellerMetrics.alertsDue]
        let registry = MetricsRegistry(TellerMetrics.all.filter { !collected.contains($0) })
        registry.register(MetricsCollector(name: "alerts", families: collected) { _ in })
        registry.register(ProcessMetrics.collector)
        #expect(
            registry.families.map(\.name) == Self.families.map(\.name).sorted())
        #expect(TellerMetrics.all.allSatisfy { $0.name.hasPrefix("teller_") })
    }

    @Test func `every family of the catalogue passes promtool`() async throws {
        let readings = TellerMetrics.all.map { family in
            let labels = family.labels.map { "a \($0)" }
            let reading: MetricReading =
                if case .histogram(let bounds) = family.kind {
                    .histogram(counts: Array(repeating: 1, count: bounds.count + 1), sum: 1.5)
                } else {
                    .value(.integer(1))
                }
            return FamilyReading(
                family: family, series: [.init(labels: labels, reading: reading)])
        }
        let text = String(decoding: MetricsWriter.text(readings, .prometheusText), as: UTF8.self)
        let outcome = try TestProcess.run(["promtool", "check", "metrics"], input: text)
        #expect(outcome.status == 0 && outcome.output == "", "\(outcome.output)")
        let open = String(decoding: MetricsWriter.text(readings, .openMetrics), as: UTF8.self)
        let imported = try ExpositionTests.importOpenMetrics(open)
        #expect(imported.status == 0, "\(imported.output)")
    }

    @Test func `rules, their tests and the dashboard use only metrics that exist`() throws {
        for file in [Self.rules, Self.ruleTests, Self.dashboard] {
            let text = try Self.text(file).replacing(#"\""#, with: "\"")
            #expect(text.contains("teller_"))
            #expect(Self.unknown(in: text) == [], "\(file.lastPathComponent)")
        }
        // And the look itself sees what is wrong.
        #expect(Self.unknown(in: "rate(teller_rpc_call_total[5m])") == ["teller_rpc_call_total"])
        #expect(Self.unknown(in: #"teller_rpc_calls_total{metod="x"}"#).count == 1)
        #expect(Self.unknown(in: #"teller_rpc_duration_seconds"#).count == 1)
    }

    @Test func `promtool passes the rules, and each alert has been seen to fire`() throws {
        let folder = Self.rules.deletingLastPathComponent()
        let outcome = try TestProcess.run(
            ["promtool", "test", "rules", "teller.rules.test.yml"], in: folder)
        #expect(outcome.status == 0, "\(outcome.output)")
        let check = try TestProcess.run(
            ["promtool", "check", "rules", "teller.rules.yml"], in: folder)
        #expect(check.status == 0, "\(check.output)")
        let alerts = try Self.text(Self.rules).matches(of: /- alert: (\w+)/).map { $0.1 }
        let tests = try Self.text(Self.ruleTests)
        #expect(alerts.count > 20)
        for alert in alerts {
            #expect(tests.contains("- alertname: \(alert)\n"), "\(alert) was not seen to fire")
            #expect(tests.contains("{alertname: \(alert), "), "\(alert) was not seen silent")
        }
    }

    @Test func `promtool parses what the dashboard asks`() throws {
        let expressions = try Self.expressions()
        #expect(expressions.count > 50)
        let rules = expressions.enumerated().map { index, expression in
            let asked = expression.replacing("$__rate_interval", with: "5m")
                .replacing("$instance", with: ".*").replacing("'", with: "''")
            return "      - {record: 'panel:expression\(index)', expr: '\(asked)'}\n"
        }
        let outcome = try TestProcess.run(
            ["promtool", "check", "rules", "/dev/stdin"],
            input: "groups:\n  - name: dashboard\n    rules:\n" + rules.joined())
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.contains("\(expressions.count) rules found"), "\(outcome.output)")
    }

    /// The table is this text; a metric that changes changes the page.
    static var table: String {
        "| metric | labels | meaning |\n|---|---|---|\n"
            + families.map { family in
                let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
                let kind =
                    switch family.kind {
                    case .counter, .gauge: ""
                    case .histogram: " Histogram."
                    }
                return "| `\(family.name)` | \(labels) | \(family.help)\(kind) |\n"
            }.joined()
    }

    @Test func `operations names every metric as it is`() throws {
        let page = try Self.text(Self.root.appending(path: "docs/operations.md"))
        #expect(page.contains(Self.table), "\(Self.table)")
        let names = page.matches(of: /`((?:teller|process)_[a-z0-9_]+)`/).map { String($0.1) }
        #expect(Set(names) == Set(Self.families.map(\.name)))
    }
}
