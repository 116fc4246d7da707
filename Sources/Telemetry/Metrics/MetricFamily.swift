// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a metric is called, what it says and which labels tell its series apart.
///
/// Names follow Prometheus's conventions (<https://prometheus.io/docs/practices/naming/>) and are
/// checked when the family is made: a name that dashboards and alert rules rely on is worth a trap.
package struct MetricFamily: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Only grows, from 0 at the start of the process.
        case counter
        case gauge
        /// Counts observations up to each bound, rising; above the last is counted as well.
        case histogram(bounds: [Double])
    }

    /// Labels of one family at the most.
    package static let labelsMax = 6
    /// Series of a family that names no other limit.
    package static let seriesMaxStandard = 128
    /// Units that stand in a name as Prometheus wants them: base units, plural. Money is whole
    /// nanotons here, as everywhere.
    static let units: Set<String> = ["seconds", "bytes", "ratio", "nanotons"]

    /// As exposed, a counter's `_total` included.
    package let name: String
    package let help: String
    package let kind: Kind
    package let labels: [String]
    /// Series with label values of their own; what comes beyond shares the series `other`.
    package let seriesMax: Int

    /// A family of the program's own. A name, label or bound that breaks a convention is a
    /// programmer's error.
    package init(
        _ kind: Kind, _ name: String, _ help: String, labels: [String] = [],
        seriesMax: Int = seriesMaxStandard
    ) {
        self.init(unchecked: kind, name, help, labels: labels, seriesMax: seriesMax)
        if let fault { preconditionFailure("\(name): \(fault)") }
    }

    /// A family whose name and labels are legal, but somebody else's choice.
    init(
        unchecked kind: Kind, _ name: String, _ help: String, labels: [String], seriesMax: Int
    ) {
        self.kind = kind
        self.name = name
        self.help = help
        self.labels = labels
        self.seriesMax = seriesMax
    }

    /// The unit the name says; nil when it has none.
    var unit: String? {
        let last = nameWithoutTotal.split(separator: "_").last.map(String.init)
        return last.flatMap { Self.units.contains($0) ? $0 : nil }
    }

    /// OpenMetrics names a counter's family without the `_total` of its samples.
    var nameWithoutTotal: Substring {
        kind == .counter && name.hasSuffix("_total") ? name.dropLast("_total".count) : name[...]
    }

    /// The names its samples have in the exposition.
    package var sampleNames: [String] {
        if case .histogram = kind {
            ["_bucket", "_count", "_sum"].map { name + $0 }
        } else {
            [name]
        }
    }
}

// MARK: - Conventions

extension MetricFamily {
    private static let typeWords: Set<String> = ["counter", "gauge", "histogram", "summary"]
    private static let foreignUnits: Set<String> = [
        "ms", "us", "ns", "milliseconds", "microseconds", "nanoseconds", "minutes", "hours",
        "days", "kilobytes", "megabytes", "kb", "mb", "percent", "tons", "second", "byte",
    ]
    /// Endings the exposition gives a meaning of its own.
    static let reservedEndings = ["_total", "_bucket", "_count", "_sum", "_created"]

    /// What is wrong with the family; nil when it keeps every convention.
    var fault: String? {
        guard Self.isSnakeCase(name) else { return "the name is not snake_case" }
        guard kind != .counter || name.hasSuffix("_total") else {
            return "a counter's name ends in _total"
        }
        guard !Self.reservedEndings.contains(where: { nameWithoutTotal.hasSuffix($0) }) else {
            return "the name ends as another kind's samples do"
        }
        let words = nameWithoutTotal.split(separator: "_").map(String.init)
        guard Self.typeWords.isDisjoint(with: words) else { return "the name says its type" }
        guard Self.foreignUnits.isDisjoint(with: words.suffix(1)) else {
            return "the unit is no base unit"
        }
        guard help.hasSuffix("."), !help.contains("\n") else { return "the help is no sentence" }
        guard seriesMax >= 1 else { return "there is room for no series" }
        return labelFault ?? boundsFault
    }

    private var labelFault: String? {
        guard labels.count <= Self.labelsMax else { return "there are too many labels" }
        guard Set(labels).count == labels.count else { return "a label stands twice" }
        guard labels.allSatisfy({ Self.isSnakeCase($0) && $0 != "le" && $0 != "quantile" }) else {
            return "a label is not snake_case, or reserved"
        }
        return nil
    }

    private var boundsFault: String? {
        guard case .histogram(let bounds) = kind else { return nil }
        guard (1...HistogramSeries.boundsMax).contains(bounds.count) else {
            return "there are too few or too many bounds"
        }
        guard bounds.allSatisfy(\.isFinite), zip(bounds, bounds.dropFirst()).allSatisfy(<) else {
            return "the bounds don't rise, or are infinite"
        }
        return nil
    }

    /// `a`, `a_b2`: lower-case words that begin with a letter and are joined by one underscore.
    private static func isSnakeCase(_ text: String) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        return words.allSatisfy { word in
            !word.isEmpty && word.allSatisfy { isLower($0) || isDigit($0) }
        } && text.utf8.first.map(isLower) ?? false
    }

    static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
