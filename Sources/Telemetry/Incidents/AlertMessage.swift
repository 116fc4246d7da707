// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a channel is to say: of one incident, or a summary of several.
package struct AlertMessage: Sendable, Equatable {
    package enum Event: String, Sendable, CaseIterable {
        case opened
        /// It has stood for long.
        case escalated
        /// It still stands.
        case reminder
        case recovered
        /// It opened and closed before anybody could be told.
        case passed
    }

    /// What is said of one incident.
    package struct Entry: Sendable, Equatable {
        /// The same whenever the same is said again; a receiver may tell repetitions by it.
        package let id: String
        package let event: Event
        package let incident: Incident
        package let severity: Severity
        /// How long ago it was raised.
        package let openedAgo: Duration
        /// How long ago it was resolved; nil while it stands.
        package let closedAgo: Duration?
        /// How often it was raised, from 1.
        package let raises: Int
        /// An earlier attempt to say so ended in the unknown: this may be a repetition.
        package let mayRepeat: Bool

        /// How long it has stood, or stood.
        package var stood: Duration { openedAgo - (closedAgo ?? .zero) }
    }

    /// The most severe and oldest first; exactly one unless this is a summary.
    package let entries: [Entry]
    /// Incidents of a summary beyond those in `entries`, by what there is to say of them.
    package let omitted: [Event: Int]
    /// Incidents there was no room to keep, by kind.
    package let untracked: [IncidentKind: Int]

    package var isSummary: Bool { entries.count != 1 || !omitted.isEmpty || !untracked.isEmpty }

    /// The highest there is in it.
    package var severity: Severity {
        (entries.map(\.severity) + untracked.keys.map(\.severity)).max() ?? .notice
    }
}

/// Why a message was not accepted, or may not have been.
///
/// Reasons are for logs and have passed nobody's redaction yet.
package enum AlertDeliveryError: Error, Sendable, Equatable {
    /// It was refused for now; nothing was said. Asked to come back after that long, if it was said.
    case retryable(after: Duration? = nil, _ reason: String)
    /// This message is refused, and will be until somebody changes something.
    case permanent(_ reason: String)
    /// Nobody knows whether it was said: no answer, or one that makes no sense.
    case unknown(_ reason: String)
}
