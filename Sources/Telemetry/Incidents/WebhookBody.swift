// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// An alert as the JSON body of a `POST` to a webhook, and what its answer means.
///
/// ```json
/// {"version":1,"source":"teller-1","sentAt":"2026-11-25T04:00:00.000Z","severity":"warning",
///  "text":"…","incidents":[{"id":"…","event":"opened","kind":"task_degraded","subject":"…",
///  "severity":"warning","title":"…","summary":"…","openedAt":"…","closedAt":null,"raises":1,
///  "mayRepeat":false}],"omitted":{},"untracked":{}}
/// ```
///
/// A receiver that must not act twice remembers `id`. `text` is the same in words.
package enum WebhookBody {
    private static let textUnitsMax = 8_192

    /// - Parameter now: The wall's time, from which those of the incidents are reckoned.
    package static func json(
        _ message: AlertMessage, source: String, now: Timestamp
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.number(1)
        writer.key("source")
        writer.string(source)
        writer.key("sentAt")
        writer.string(now.description)
        writer.key("severity")
        writer.string(message.severity.rawValue)
        writer.key("text")
        writer.string(AlertText.plain(message, source: source, unitsMax: textUnitsMax))
        writer.key("incidents")
        writer.beginArray()
        for entry in message.entries { write(entry, now: now, to: &writer) }
        writer.endArray()
        writer.key("omitted")
        writer.beginObject()
        for event in AlertMessage.Event.allCases {
            guard let count = message.omitted[event] else { continue }
            writer.key(text: event.rawValue)
            writer.number(Int64(count))
        }
        writer.endObject()
        writer.key("untracked")
        writer.beginObject()
        for kind in IncidentKind.allCases {
            guard let count = message.untracked[kind] else { continue }
            writer.key(text: kind.rawValue)
            writer.number(Int64(count))
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private static func write(
        _ entry: AlertMessage.Entry, now: Timestamp, to writer: inout JSONWriter
    ) {
        let fingerprint = entry.incident.fingerprint
        func time(_ ago: Duration) -> String {
            now.adding(milliseconds: -Int64(ago / .milliseconds(1))).description
        }
        writer.beginObject()
        writer.key("id")
        writer.string(entry.id)
        writer.key("event")
        writer.string(entry.event.rawValue)
        writer.key("kind")
        writer.string(fingerprint.kind.rawValue)
        writer.key("subject")
        writer.string(fingerprint.subject)
        writer.key("severity")
        writer.string(entry.severity.rawValue)
        writer.key("title")
        writer.string(fingerprint.kind.title)
        writer.key("summary")
        writer.string(entry.incident.summary)
        writer.key("openedAt")
        writer.string(time(entry.openedAgo))
        writer.key("closedAt")
        if let closedAgo = entry.closedAgo { writer.string(time(closedAgo)) } else { writer.null() }
        writer.key("raises")
        writer.number(Int64(entry.raises))
        writer.key("mayRepeat")
        writer.bool(entry.mayRepeat)
        writer.endObject()
    }

    /// Returns when the answer says that the message was taken; its body says nothing.
    ///
    /// - Parameter retryAfter: What its `Retry-After` header says; nil without one.
    package static func check(
        status: Int, retryAfter: Duration? = nil
    ) throws(AlertDeliveryError) {
        let reason = "HTTP \(status)"
        switch status {
        case 200..<300: return
        case 408, 425, 429, 503: throw .retryable(after: retryAfter, reason)
        case 300..<500: throw .permanent(reason)
        default: throw .unknown(reason)
        }
    }
}
