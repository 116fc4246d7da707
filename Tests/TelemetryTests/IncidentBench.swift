// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport

@testable import Telemetry

/// A machine with its own clock.
struct IncidentBench {
    static let limits = {
        var limits = IncidentMachine.Limits()
        limits.escalateAfter = .seconds(600)
        limits.remindEvery = .seconds(3600)
        limits.messagesPerMinute = 5
        limits.incidentsMax = 50
        limits.backoff = Backoff(
            base: .seconds(1), factorPercent: 200, cap: .seconds(60), jitter: .none)
        return limits
    }()

    var machine: IncidentMachine
    var random: SeededRandom
    var now = Duration.seconds(1_000)

    init(_ limits: IncidentMachine.Limits = limits, seed: UInt64 = 1) {
        machine = IncidentMachine(limits, run: "r")
        random = SeededRandom(seed: seed)
    }

    mutating func raise(
        _ subject: String, _ kind: IncidentKind = .taskDegraded, _ summary: String = "Broken."
    ) {
        machine.raise(Incident(kind, subject, summary), at: now)
    }

    mutating func resolve(_ subject: String, _ kind: IncidentKind = .taskDegraded) {
        machine.resolve(.init(kind, subject), at: now)
    }

    /// Takes the next message and concludes it; nil when there is none.
    mutating func say(_ outcome: IncidentMachine.Outcome = .delivered) -> AlertMessage? {
        guard let message = machine.next(at: now) else { return nil }
        conclude(outcome)
        return message
    }

    struct Silent: Error {}

    /// The same, where there must be one.
    mutating func message(
        _ outcome: IncidentMachine.Outcome = .delivered
    ) throws -> AlertMessage {
        guard let message = say(outcome) else { throw Silent() }
        return message
    }

    mutating func conclude(_ outcome: IncidentMachine.Outcome) {
        machine.conclude(outcome, at: now, using: &random)
    }

    /// What is said of incidents now: `opened a`.
    mutating func said(_ outcome: IncidentMachine.Outcome = .delivered) -> [String] {
        (say(outcome)?.entries ?? []).map {
            "\($0.event.rawValue) \($0.incident.fingerprint.subject)"
        }
    }

    /// Moves on to when there may be something to say.
    mutating func waitForDeadline() {
        if let deadline = machine.deadline { now = max(now, deadline) }
    }
}
