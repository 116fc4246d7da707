// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// An alert in words, for people.
enum AlertText {
    /// Bytes of an incident's text in a summary.
    private static let lineBytesMax = 200
    /// UTF-16 units kept free for what stands below a summary's incidents.
    private static let tailUnitsMax = 700

    /// Plain text of several lines.
    ///
    /// - Parameters:
    ///   - source: Which installation speaks.
    ///   - unitsMax: UTF-16 units at the most; incidents that don't fit are counted.
    static func plain(_ message: AlertMessage, source: String, unitsMax: Int) -> String {
        precondition(unitsMax > 2 * tailUnitsMax)
        guard !message.isSummary, let entry = message.entries.first else {
            return summary(message, source: source, unitsMax: unitsMax)
        }
        let fingerprint = entry.incident.fingerprint
        var lines = [
            "\(mark(entry)) \(headline(entry)): \(fingerprint.kind.title)",
            "\(source) · \(fingerprint.text)", entry.incident.summary, times(entry),
        ]
        if entry.mayRepeat { lines.append("This may be a repetition.") }
        lines.append(entry.id)
        return bounded(lines.joined(separator: "\n"), unitsMax: unitsMax)
    }

    private static func summary(
        _ message: AlertMessage, source: String, unitsMax: Int
    ) -> String {
        var omitted = message.omitted
        let count =
            message.entries.count + omitted.values.reduce(0, +)
            + message.untracked.values.reduce(0, +)
        var text = "\(mark(message.severity)) SUMMARY: \(count) incidents\n\(source)"
        var hasRoom = true
        for entry in message.entries {
            let line = "\n\(mark(entry)) \(headline(entry)) \(entry.incident.fingerprint.text): "
            let said = line + entry.incident.summary.cut(bytesMax: lineBytesMax)
            hasRoom = hasRoom && text.utf16.count + said.utf16.count + tailUnitsMax <= unitsMax
            if hasRoom { text += said } else { omitted[entry.event, default: 0] += 1 }
        }
        if !omitted.isEmpty {
            let counts = AlertMessage.Event.allCases.compactMap { event in
                omitted[event].map { "\(event.rawValue) × \($0)" }
            }
            text += "\nAnd more: " + counts.joined(separator: ", ")
        }
        if !message.untracked.isEmpty {
            let counts = IncidentKind.allCases.compactMap { kind in
                message.untracked[kind].map { "\(kind.rawValue) × \($0)" }
            }
            text += "\nNot kept for want of room: " + counts.joined(separator: ", ")
        }
        return bounded(text, unitsMax: unitsMax)
    }

    // MARK: - Parts

    private static func headline(_ entry: AlertMessage.Entry) -> String {
        switch entry.event {
        case .opened: entry.severity.rawValue.uppercased()
        case .escalated: "\(entry.severity.rawValue.uppercased()), ESCALATED"
        case .reminder: "\(entry.severity.rawValue.uppercased()), STILL"
        case .recovered: "RECOVERED"
        case .passed: "PASSED"
        }
    }

    private static func mark(_ entry: AlertMessage.Entry) -> String {
        entry.closedAgo == nil ? mark(entry.severity) : "🟢"
    }

    private static func mark(_ severity: Severity) -> String {
        switch severity {
        case .notice: "🔵"
        case .warning: "🟠"
        case .critical: "🔴"
        }
    }

    private static func times(_ entry: AlertMessage.Entry) -> String {
        let stood = spoken(entry.stood)
        let raises = entry.raises == 1 ? "" : ", raised \(entry.raises) times"
        guard let closedAgo = entry.closedAgo else {
            return entry.stood < .seconds(1) ? "Just now\(raises)." : "For \(stood)\(raises)."
        }
        return "It stood for \(stood)\(raises), until \(spoken(closedAgo)) ago."
    }

    /// `40 s`, `15 min`, `2 h 5 min`, `3 d 4 h`.
    static func spoken(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        let (large, largeUnit, small, smallUnit): (Int64, String, Int64, String)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3_600: return "\(seconds / 60) min"
        case ..<86_400:
            (large, largeUnit, small, smallUnit) = (seconds / 3_600, "h", seconds / 60 % 60, "min")
        default:
            (large, largeUnit, small, smallUnit) =
                (seconds / 86_400, "d", seconds / 3_600 % 24, "h")
        }
        return small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }

    /// The text, or as much of its beginning as fits, an ellipsis included.
    private static func bounded(_ text: String, unitsMax: Int) -> String {
        guard text.utf16.count > unitsMax else { return text }
        var units = 1
        let end = text.unicodeScalars.firstIndex { scalar in
            units += scalar.utf16.count
            return units > unitsMax
        }
        return text[..<(end ?? text.endIndex)] + "…"
    }
}
