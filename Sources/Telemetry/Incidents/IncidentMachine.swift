// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience

/// Decides what one alert channel says and when: one message for each incident, though the channel
/// fails and incidents come in crowds.
///
/// It remembers of each incident what is true and what the reader has been told; what there is to
/// say follows from the two:
///
/// ```
///                        raised                        delivered
///  (unknown) ─────────────────────► UNTOLD ─── opened ────────────► STANDING ◄───────┐
///                                    │  ▲                            │   │  delivered │
///                           resolved │  │ raised    stood for long,  │   └─ escalated,│
///                                    ▼  │           or said long ago │      reminder ─┘
///                                   PASSED                           │ resolved
///                                    │                               ▼
///            delivered               │ passed    recovered        CLOSED ─── raised ──► STANDING
///  (unknown) ◄───────────────────────┴──────────────────────────────┘
/// ```
///
/// * One delivery is under way at a time. Delivered, the next one follows; refused, the same is
///   due again after a growing pause or the one the channel names. Nothing is ever given up while
///   its incident stands.
/// * When a delivery's fate is unknown the message is sent again, marked as a possible repetition
///   and with the same id: to be told twice is a nuisance, not to be told is a loss. What is sent
///   is what is true by then, so an incident that has closed meanwhile is told of once, as passed.
/// * A message refused for good (a wrong chat, a text the channel doesn't take) waits the longest
///   pause and lets others pass. One whose incident is over is given up after some such refusals
///   and counted as untracked.
/// * At most `messagesPerMinute` are said. When more is due than fits, the last one that does is a
///   summary of all that is left.
/// * No room for another incident: the least important one that is less important, or else the
///   new one, is only counted, and the next summary says how many of which kind.
///
/// A pure value over an injected clock.
package struct IncidentMachine: Sendable {
    package struct Limits: Sendable, Equatable {
        /// An incident that has stood this long is one level more severe, which is said once.
        package var escalateAfter: Duration = .seconds(15 * 60)
        /// How long after the last message a standing incident is said again; nil for never.
        package var remindEvery: Duration? = .seconds(4 * 3600)
        /// Messages in any minute; at least 1.
        package var messagesPerMinute = 10
        /// Incidents kept at a time, standing or waiting to be told; at least 1.
        package var incidentsMax = 256
        /// Incidents a summary names; of the rest it says how many; at least 1.
        package var summaryEntriesMax = 20
        /// The pauses of a channel that refuses, by refusals in a row.
        package var backoff = Backoff(
            base: .seconds(1), factorPercent: 200, cap: .seconds(300), jitter: .equal)
        /// The longest pause a channel is granted when it asks for one.
        package var retryAfterMax: Duration = .seconds(3600)
        /// Refusals for good after which the message of a closed incident is given up; at least 1.
        package var refusalsMax = 5

        package init() {}
    }

    /// What became of a delivery.
    package enum Outcome: Sendable, Equatable {
        case delivered
        case failed(AlertDeliveryError)
    }

    private struct Record: Sendable {
        var incident: Incident
        /// Unique in the machine; another when an incident begins anew.
        var number: UInt64
        var openedAt: Duration
        /// Nil while it stands.
        var closedAt: Duration?
        var raises = 1
        /// Whether the reader knows that it stands, or stood.
        var isTold = false
        /// When a message of it was delivered; when it was raised before the first.
        var toldAt: Duration
        /// What may have been said of its end: that delivery's fate is unknown.
        var perhapsSaid: AlertMessage.Event?
        var reminders = 0
        var isEscalated = false
        var mayRepeat = false
        /// No delivery before.
        var heldUntil: Duration
        var refusals = 0

        /// When it came to be as it is.
        var changedAt: Duration { closedAt ?? openedAt }
        var severity: Severity {
            let kind = incident.fingerprint.kind
            return isEscalated ? kind.severity.escalated : kind.severity
        }
    }

    /// What a delivery under way says of an incident.
    private struct Saying: Sendable {
        let fingerprint: Incident.Fingerprint
        let number: UInt64
        let event: AlertMessage.Event
        let isEscalated: Bool

        var isOfItsEnd: Bool { event == .recovered || event == .passed }
    }

    private struct UnderWay: Sendable {
        let sayings: [Saying]
        let untracked: [IncidentKind: Int]
    }

    package let limits: Limits
    /// Names this run of the program in the ids, so that they differ from those of the last run.
    private let run: String
    private var records: [Incident.Fingerprint: Record] = [:]
    private var numbersTaken: UInt64 = 0
    private var untracked: [IncidentKind: Int] = [:]
    private var underWay: UnderWay?
    private var failures = 0
    /// No delivery before.
    private var heldUntil: Duration?
    /// When messages of the last minute were said, or may have been; at most a minute's worth.
    private var said: [Duration] = []

    package init(_ limits: Limits = Limits(), run: String) {
        precondition(limits.messagesPerMinute >= 1 && limits.incidentsMax >= 1)
        precondition(limits.summaryEntriesMax >= 1 && limits.refusalsMax >= 1)
        precondition(limits.escalateAfter > .zero && limits.remindEvery ?? .seconds(1) > .zero)
        self.limits = limits
        self.run = run
    }

    // MARK: - What is true

    /// Notes that something is wrong; to say so again changes only its text.
    package mutating func raise(_ incident: Incident, at now: Duration) {
        let incident = incident.bounded
        let fingerprint = incident.fingerprint
        guard var record = records[fingerprint] else {
            guard makeRoom(for: fingerprint.kind) else {
                untracked[fingerprint.kind, default: 0] += 1
                return
            }
            records[fingerprint] = Record(
                incident: incident, number: takeNumber(), openedAt: now, toldAt: now,
                heldUntil: now)
            return
        }
        record.incident = incident
        if record.closedAt != nil {
            record.closedAt = nil
            // Who is being told, or may have been told, that it is over must hear of another one.
            let isBeingSaid = isUnderWay(fingerprint, where: \.isOfItsEnd)
            if isBeingSaid || record.perhapsSaid != nil {
                let isTold = record.isTold && record.perhapsSaid == nil
                record = Record(
                    incident: incident, number: takeNumber(), openedAt: now, raises: 0,
                    isTold: isTold, toldAt: now, heldUntil: record.heldUntil)
            }
        }
        record.raises = min(record.raises, .max - 1) + 1
        records[fingerprint] = record
    }

    /// Notes that it is well again; what was never raised is left alone.
    package mutating func resolve(_ fingerprint: Incident.Fingerprint, at now: Duration) {
        let fingerprint = fingerprint.bounded
        guard records[fingerprint]?.closedAt == nil else { return }
        records[fingerprint]?.closedAt = now
    }

    /// How many incidents stand, by kind.
    package var standing: [IncidentKind: Int] {
        records.values.reduce(into: [:]) { counts, record in
            if record.closedAt == nil {
                counts[record.incident.fingerprint.kind, default: 0] += 1
            }
        }
    }

    private mutating func takeNumber() -> UInt64 {
        numbersTaken += 1
        return numbersTaken
    }

    private func isUnderWay(
        _ fingerprint: Incident.Fingerprint, where isMeant: (Saying) -> Bool = { _ in true }
    ) -> Bool {
        underWay?.sayings.contains { $0.fingerprint == fingerprint && isMeant($0) } ?? false
    }

    /// Gives up the least important incident when there is no room for one of `kind`.
    private mutating func makeRoom(for kind: IncidentKind) -> Bool {
        guard records.count >= limits.incidentsMax else { return true }
        // Closed ones first, then the less severe, then the older.
        func rank(_ record: Record) -> (Int, Severity, Duration) {
            (record.closedAt == nil ? 1 : 0, record.severity, record.changedAt)
        }
        let victim = records.values.filter { !isUnderWay($0.incident.fingerprint) }
            .min { rank($0) < rank($1) }
        guard let victim, victim.closedAt != nil || victim.severity < kind.severity else {
            return false
        }
        giveUp(victim)
        return true
    }

    private mutating func giveUp(_ record: Record) {
        records[record.incident.fingerprint] = nil
        untracked[record.incident.fingerprint.kind, default: 0] += 1
    }

    // MARK: - What is said

    /// When to ask `next` again; nil when only `raise`, `resolve` or `conclude` can change that.
    package var deadline: Duration? {
        guard underWay == nil else { return nil }
        var due = records.values.compactMap { dueAt($0) }.min()
        if !untracked.isEmpty { due = min(due ?? .zero, .zero) }
        guard let due else { return nil }
        let roomAt =
            said.count < limits.messagesPerMinute
            ? nil : said[said.count - limits.messagesPerMinute] + .seconds(60)
        return [due, heldUntil, roomAt].compactMap { $0 }.max()
    }

    /// How many incidents have something to be said of them.
    package func due(at now: Duration) -> Int {
        records.values.count { dueAt($0).map { $0 <= now } ?? false }
    }

    /// Takes the next message, which is under way until it is concluded; nil when there is none.
    package mutating func next(at now: Duration) -> AlertMessage? {
        guard let deadline, deadline <= now else { return nil }
        said.removeAll { $0 + .seconds(60) <= now }
        let due = records.values.filter { dueAt($0).map { $0 <= now } ?? false }
            .sorted { left, right in
                left.severity != right.severity
                    ? left.severity > right.severity
                    : (left.changedAt, left.number) < (right.changedAt, right.number)
            }
        let isLastForNow = said.count + 1 >= limits.messagesPerMinute
        let sayings: [Record]
        var told: [IncidentKind: Int] = [:]
        if let first = due.first, !isLastForNow || due.count == 1 && untracked.isEmpty {
            sayings = [first]
        } else {
            sayings = due
            told = untracked
        }
        let said = sayings.map { ($0, event(of: $0, at: now)) }
        underWay = UnderWay(
            sayings: said.map { record, event in
                Saying(
                    fingerprint: record.incident.fingerprint, number: record.number, event: event,
                    isEscalated: isEscalated(record, at: now))
            }, untracked: told)
        return message(said, untracked: told, at: now)
    }

    /// Notes what became of the message under way.
    package mutating func conclude(
        _ outcome: Outcome, at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        guard let concluded = underWay.take() else { preconditionFailure("nothing is under way") }
        switch outcome {
        case .delivered:
            failures = 0
            heldUntil = nil
            said.append(now)
            for (kind, count) in concluded.untracked {
                let left = (untracked[kind] ?? 0) - count
                untracked[kind] = left > 0 ? left : nil
            }
            for saying in concluded.sayings { noteTold(saying, at: now) }
        case .failed(let error):
            failures += 1
            var pause = limits.backoff.delay(retry: failures, using: &random)
            if case .retryable(let after?, _) = error {
                pause = max(pause, min(after, limits.retryAfterMax))
            }
            heldUntil = now + pause
            if case .unknown = error { said.append(now) }
            for saying in concluded.sayings { noteFailed(saying, error, at: now) }
        }
    }

    private mutating func noteTold(_ saying: Saying, at now: Duration) {
        guard var record = records[saying.fingerprint] else { return }
        let isOfThisOne = record.number == saying.number
        guard !saying.isOfItsEnd || !isOfThisOne else {
            records[saying.fingerprint] = nil
            return
        }
        record.isTold = !saying.isOfItsEnd
        record.toldAt = now
        record.refusals = 0
        record.mayRepeat = false
        if saying.event == .reminder { record.reminders += 1 }
        if isOfThisOne { record.isEscalated = saying.isEscalated }
        records[saying.fingerprint] = record
    }

    private mutating func noteFailed(
        _ saying: Saying, _ error: AlertDeliveryError, at now: Duration
    ) {
        guard var record = records[saying.fingerprint] else { return }
        switch error {
        case .retryable: return
        case .unknown where record.number != saying.number:
            // Perhaps the one before is known to be over, and this one is not known.
            record.isTold = false
        case .unknown:
            record.mayRepeat = true
            if saying.isOfItsEnd { record.perhapsSaid = saying.event }
        case .permanent:
            record.refusals += 1
            record.heldUntil = now + limits.backoff.cap
            if record.closedAt != nil, record.refusals >= limits.refusalsMax {
                giveUp(record)
                return
            }
        }
        records[saying.fingerprint] = record
    }

    // MARK: - What there is to say

    /// When there is something to say of the incident; nil when only an event can change that.
    private func dueAt(_ record: Record) -> Duration? {
        let at: Duration?
        if record.closedAt != nil || !record.isTold {
            at = record.changedAt
        } else {
            let escalation = record.isEscalated ? nil : record.openedAt + limits.escalateAfter
            let reminder = limits.remindEvery.map { record.toldAt + $0 }
            at = [escalation, reminder].compactMap { $0 }.min()
        }
        return at.map { max($0, record.heldUntil) }
    }

    private func event(of record: Record, at now: Duration) -> AlertMessage.Event {
        if record.closedAt != nil {
            return record.perhapsSaid ?? (record.isTold ? .recovered : .passed)
        }
        if !record.isTold { return .opened }
        return record.isEscalated == isEscalated(record, at: now) ? .reminder : .escalated
    }

    private func isEscalated(_ record: Record, at now: Duration) -> Bool {
        record.isEscalated
            || record.closedAt == nil && record.openedAt + limits.escalateAfter <= now
    }

    private func message(
        _ sayings: [(Record, AlertMessage.Event)], untracked: [IncidentKind: Int],
        at now: Duration
    ) -> AlertMessage {
        let entries = sayings.prefix(limits.summaryEntriesMax).map { record, event in
            let kind = record.incident.fingerprint.kind
            let ordinal = event == .reminder ? "-\(record.reminders + 1)" : ""
            return AlertMessage.Entry(
                id: "\(run)-\(record.number)-\(event.rawValue)\(ordinal)", event: event,
                incident: record.incident,
                severity: isEscalated(record, at: now) ? kind.severity.escalated : kind.severity,
                openedAgo: now - record.openedAt, closedAgo: record.closedAt.map { now - $0 },
                raises: record.raises, mayRepeat: record.mayRepeat)
        }
        let omitted = sayings.dropFirst(limits.summaryEntriesMax).reduce(into: [:]) {
            $0[$1.1, default: 0] += 1
        }
        return AlertMessage(entries: entries, omitted: omitted, untracked: untracked)
    }
}
