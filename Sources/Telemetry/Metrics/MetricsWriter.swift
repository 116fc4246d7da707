// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Writes readings as text, in the order they are given.
struct MetricsWriter {
    private(set) var bytes: [UInt8] = []
    private let format: MetricsFormat

    init(_ format: MetricsFormat, reserving count: Int = 0) {
        self.format = format
        bytes.reserveCapacity(count)
    }

    /// The whole exposition.
    static func text(
        _ families: [FamilyReading], _ format: MetricsFormat, reserving count: Int = 0
    ) -> [UInt8] {
        var writer = MetricsWriter(format, reserving: count)
        for family in families { writer.write(family) }
        if format == .openMetrics { writer.append("# EOF\n") }
        return writer.bytes
    }

    private mutating func write(_ reading: FamilyReading) {
        writeHead(reading.family)
        let name = reading.family.name
        let labels = reading.family.labels
        for series in reading.series {
            switch series.reading {
            case .value(let value):
                writeSample(name, "", labels, series.labels, value)
            case .histogram(let counts, let sum):
                guard case .histogram(let bounds) = reading.family.kind else { continue }
                var total: UInt64 = 0
                for (count, bound) in zip(counts, bounds + [.infinity]) {
                    total += count
                    writeSample(
                        name, "_bucket", labels, series.labels, bound: bound,
                        .integer(Int64(clamping: total)))
                }
                writeSample(name, "_sum", labels, series.labels, .real(sum))
                writeSample(
                    name, "_count", labels, series.labels, .integer(Int64(clamping: total)))
            }
        }
    }

    private mutating func writeHead(_ family: MetricFamily) {
        let name = format == .openMetrics ? family.nameWithoutTotal : family.name[...]
        append("# HELP \(name) ")
        appendEscaped(family.help, quotes: format == .openMetrics)
        append("\n# TYPE \(name) ")
        switch family.kind {
        case .counter: append("counter\n")
        case .gauge: append("gauge\n")
        case .histogram: append("histogram\n")
        }
        if format == .openMetrics, let unit = family.unit { append("# UNIT \(name) \(unit)\n") }
    }

    private mutating func writeSample(
        _ name: String, _ suffix: String, _ labels: [String], _ values: [String],
        bound: Double? = nil, _ value: MetricValue
    ) {
        append(name)
        append(suffix)
        var separator = "{"
        for (label, value) in zip(labels, values) {
            append(separator)
            append(label)
            append("=\"")
            appendEscaped(value, quotes: true)
            append("\"")
            separator = ","
        }
        if let bound {
            append(separator)
            append("le=\"")
            appendBound(bound)
            append("\"")
            separator = ","
        }
        append(separator == "{" ? " " : "} ")
        append(value)
        append("\n")
    }

    // MARK: - Numbers

    /// Whole numbers are written as such, the others as the shortest decimal that reads back the
    /// same.
    private mutating func append(_ value: MetricValue) {
        switch value {
        case .integer(let value): append(String(value))
        case .real(let value):
            if let whole = Int64(exactly: value) {
                append(String(whole))
            } else {
                append(Self.text(value))
            }
        }
    }

    /// OpenMetrics wants `1.0` for a bound of 1; the same in both formats, so that a series keeps
    /// its labels when the scraper changes its mind.
    private mutating func appendBound(_ bound: Double) { append(Self.text(bound)) }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : value.description
    }

    // MARK: - Text

    private mutating func append(_ text: some StringProtocol) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}

extension MetricsRegistry {
    /// Everything there is to say, as text for a scraper.
    ///
    /// - Parameter reserving: Bytes the last scrape had, so that the buffer seldom grows.
    package func scrape(_ format: MetricsFormat, reserving: Int = 0) async -> [UInt8] {
        MetricsWriter.text(await read(), format, reserving: reserving)
    }
}
