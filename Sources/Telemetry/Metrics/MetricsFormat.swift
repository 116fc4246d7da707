// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How metrics are written down for a scraper.
package enum MetricsFormat: Sendable, CaseIterable {
    /// Prometheus's text format 0.0.4
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
    case prometheusText
    /// OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).
    case openMetrics

    /// Media ranges of an `Accept` header that are looked at.
    static let mediaRangesMax = 32

    package var contentType: String {
        switch self {
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    private var mediaType: (type: String, subtype: String, version: String) {
        switch self {
        case .prometheusText: ("text", "plain", "0.0.4")
        case .openMetrics: ("application", "openmetrics-text", "1.0.0")
        }
    }

    /// The format an `Accept` header asks for (RFC 9110, section 12.5.1).
    ///
    /// Each format has the quality of the range that names it most precisely; the better quality
    /// wins, then the more precise range, then the text format. When neither is acceptable the
    /// text format is sent all the same: a scrape in a wrong format says more than none.
    package static func negotiated(accept: String?) -> MetricsFormat {
        guard let accept else { return .prometheusText }
        let ranges = MediaRange.all(in: accept)
        let text = MetricsFormat.prometheusText.preference(in: ranges)
        let open = MetricsFormat.openMetrics.preference(in: ranges)
        return open.quality > 0 && open > text ? .openMetrics : .prometheusText
    }

    private func preference(in ranges: [MediaRange]) -> (quality: Int, precision: Int) {
        let (type, subtype, version) = mediaType
        let matching = ranges.compactMap { range in
            range.precision(type, subtype, version: version).map { (range.quality, $0) }
        }
        // Of equally precise ranges the better one counts.
        return matching.max { ($0.1, $0.0) < ($1.1, $1.0) } ?? (0, 0)
    }
}

/// One element of an `Accept` header.
private struct MediaRange {
    let type: Substring
    let subtype: Substring
    let version: Substring?
    /// Thousandths.
    let quality: Int

    static func all(in header: String) -> [MediaRange] {
        header.split(separator: ",").prefix(MetricsFormat.mediaRangesMax).compactMap {
            MediaRange($0)
        }
    }

    /// Nil for what is no media range. No format's parameters need quotes, so a quoted comma,
    /// which would be split here, is in no range that matters.
    init?(_ text: Substring) {
        let parts = text.lowercased().split(separator: ";").map { Self.trimmed($0[...]) }
        let names = parts.first?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        guard names.count == 2 else { return nil }
        (type, subtype) = (names[0], names[1])
        var version: Substring?
        var quality = 1000
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map { Self.trimmed($0) }
            guard pair.count == 2 else { continue }
            switch pair[0] {
            case "version": version = Self.unquoted(pair[1])
            case "q":
                guard let value = Self.thousandths(pair[1]) else { return nil }
                quality = value
            default: break
            }
        }
        self.version = version
        self.quality = quality
    }

    /// How precisely it names the media type, from 1; nil when it doesn't.
    func precision(_ type: String, _ subtype: String, version: String) -> Int? {
        if self.type == "*", self.subtype == "*" { return 1 }
        guard self.type == type else { return nil }
        if self.subtype == "*" { return 2 }
        guard self.subtype == subtype else { return nil }
        guard let wanted = self.version else { return 3 }
        return wanted == version ? 4 : nil
    }

    /// `0`, `1`, `0.5`, `0.125` as thousandths; nil for anything else.
    private static func thousandths(_ text: Substring) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts[0] == "0" || parts[0] == "1" else { return nil }
        let digits = parts.count == 2 ? parts[1] : ""
        guard digits.utf8.count <= 3, digits.utf8.allSatisfy(MetricFamily.isDigit) else {
            return nil
        }
        let fraction = Int(digits + String(repeating: "0", count: 3 - digits.utf8.count)) ?? 0
        let value = (parts[0] == "1" ? 1000 : 0) + fraction
        return value <= 1000 ? value : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    private static func unquoted(_ text: Substring) -> Substring {
        text.count >= 2 && text.first == "\"" && text.last == "\""
            ? text.dropFirst().dropLast() : text
    }
}
