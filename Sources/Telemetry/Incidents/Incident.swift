// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How much an incident matters.
package enum Severity: String, Sendable, CaseIterable, Comparable {
    /// To be known of.
    case notice
    /// To be looked at today.
    case warning
    /// To be looked at now.
    case critical

    /// One level up; the highest stays.
    var escalated: Severity { self == .notice ? .warning : .critical }

    private var rank: Int {
        switch self {
        case .notice: 0
        case .warning: 1
        case .critical: 2
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// What Teller raises an alarm for. Names are stable: receivers route by them.
package enum IncidentKind: String, Sendable, CaseIterable {
    case taskDegraded = "task_degraded"
    case taskFlapping = "task_flapping"
    case leaseLost = "lease_lost"
    case breakerOpen = "breaker_open"
    case invariantBroken = "invariant_broken"
    case reconciliationDifference = "reconciliation_difference"
    case withdrawalsStuck = "withdrawals_stuck"
    case hotWalletLow = "hot_wallet_low"
    case payoutsHeld = "payouts_held"
    case dealsSetAside = "deals_set_aside"
    case operationsUnknown = "operations_unknown"
    case killSwitch = "kill_switch"

    package var severity: Severity {
        switch self {
        case .taskFlapping, .leaseLost: .notice
        case .taskDegraded, .breakerOpen, .withdrawalsStuck, .hotWalletLow, .payoutsHeld,
            .dealsSetAside, .operationsUnknown:
            .warning
        case .invariantBroken, .reconciliationDifference, .killSwitch: .critical
        }
    }

    /// A headline.
    package var title: String {
        switch self {
        case .taskDegraded: "A task fails again and again"
        case .taskFlapping: "A task keeps restarting"
        case .leaseLost: "A lease was lost"
        case .breakerOpen: "An upstream is cut off"
        case .invariantBroken: "The ledger's sums don't hold"
        case .reconciliationDifference: "Ledger and chain differ"
        case .withdrawalsStuck: "Withdrawals are stuck"
        case .hotWalletLow: "The hot wallet runs low"
        case .payoutsHeld: "Payouts are held back"
        case .dealsSetAside: "Deals can't be settled"
        case .operationsUnknown: "Nobody knows what became of a market operation"
        case .killSwitch: "Payouts are switched off"
        }
    }
}

/// Something that is wrong, from when it is raised until it is resolved.
package struct Incident: Sendable, Equatable {
    /// What makes two reports one incident.
    package struct Fingerprint: Sendable, Hashable {
        package static let subjectBytesMax = 128

        package let kind: IncidentKind
        /// Which task, upstream, state or wallet; long ones are cut where they are kept.
        package let subject: String

        package init(_ kind: IncidentKind, _ subject: String) {
            self.kind = kind
            self.subject = subject
        }

        var bounded: Fingerprint { Self(kind, subject.cut(bytesMax: Self.subjectBytesMax)) }

        func redacted(by redactor: Redactor) -> Fingerprint {
            Self(kind, redactor.redacted(subject))
        }

        /// `task_degraded:payout-dispatcher`.
        package var text: String { "\(kind.rawValue):\(subject)" }
    }

    package static let summaryBytesMax = 1_024

    package let fingerprint: Fingerprint
    /// What is wrong and what to do, in a sentence or two; long ones are cut where they are kept.
    package let summary: String

    package init(_ kind: IncidentKind, _ subject: String, _ summary: String) {
        self.init(Fingerprint(kind, subject), summary)
    }

    private init(_ fingerprint: Fingerprint, _ summary: String) {
        self.fingerprint = fingerprint
        self.summary = summary
    }

    var bounded: Incident {
        Incident(fingerprint.bounded, summary.cut(bytesMax: Self.summaryBytesMax))
    }

    /// Comes before `bounded`: a secret that is cut in two is recognised no more.
    func redacted(by redactor: Redactor) -> Incident {
        Incident(fingerprint.redacted(by: redactor), redactor.redacted(summary))
    }
}
