// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Where alerts go: a chat, a webhook, the log.
package protocol AlertChannel: Sendable {
    /// Names it in logs and metrics; unique.
    var name: String { get }

    /// Says `message` once. It should return soon when its task is cancelled, and is left to
    /// itself when it doesn't.
    func deliver(_ message: AlertMessage) async throws(AlertDeliveryError)
}

/// Writes alerts to the log, a line for each incident. It never fails.
package struct LogChannel: AlertChannel {
    package let name = "log"
    private let logger: Logger

    package init(_ logger: Logger) { self.logger = logger }

    package func deliver(_ message: AlertMessage) async throws(AlertDeliveryError) {
        for entry in message.entries {
            let fingerprint = entry.incident.fingerprint
            logger.log(
                level: Self.level(entry), "alert: \(fingerprint.kind.title)",
                metadata: [
                    "event": "\(entry.event.rawValue)", "incident": "\(fingerprint.text)",
                    "summary": "\(entry.incident.summary)", "alert_id": "\(entry.id)",
                    "stood": "\(AlertText.spoken(entry.stood))", "raises": "\(entry.raises)",
                ])
        }
        guard message.isSummary else { return }
        logger.warning(
            "alerts: a summary",
            metadata: [
                "incidents": "\(message.entries.count)",
                "omitted": "\(message.omitted.values.reduce(0, +))",
                "untracked": "\(message.untracked.values.reduce(0, +))",
            ])
    }

    private static func level(_ entry: AlertMessage.Entry) -> Logger.Level {
        guard entry.closedAgo == nil else { return .notice }
        return switch entry.severity {
        case .notice: .notice
        case .warning: .warning
        case .critical: .critical
        }
    }
}
