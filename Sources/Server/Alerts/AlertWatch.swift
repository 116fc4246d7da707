// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Resilience
import Supervision
import Synchronization
import TONPayments
import Telemetry
import TellerProtocol
import Workers

/// Looks at the whole server a few times a second, and tells the desk what is wrong with it.
///
/// It asks rather than being told. A supervisor's observer would have to be given every step; this
/// sees the tasks as they are, whatever steps it has missed, and needs no buffer. It asks only what
/// is in memory: the store may be away, and what reads it (`LedgerGlance`, the auditor) is a task
/// of its own. From a change to its message it takes a quarter of a second and the delivery.
final class AlertWatch: Sendable {
    static let interval: Duration = .milliseconds(250)
    static let childName = "alert-watch"

    /// What is looked at; nothing of it waits.
    struct Sources: Sendable {
        let tasks: @Sendable () -> [ChildStatus]
        let audit: @Sendable () -> AuditReport
        let reconciliation: @Sendable () -> ReconciliationReport
        /// What was read of the ledger last, and when; nil before the first time.
        let ledger: @Sendable () -> (LedgerTotals, at: Timestamp)?
        let upstreams: @Sendable () -> [(name: String, status: UpstreamStatus)]
        /// nil without a hot wallet, and on instances that don't watch it.
        let wallet: @Sendable () -> WalletReport?
    }

    private let desk: AlertDesk
    private let sources: Sources
    /// Outlives the child's runs: what one has raised another must resolve.
    private let findings: Mutex<AlertFindings>

    init(_ settings: AlertSettings, desk: AlertDesk, sources: Sources) {
        self.desk = desk
        self.sources = sources
        findings = Mutex(
            AlertFindings(
                stuckAfter: settings.stuckAfter, breakerOpenFor: settings.breakerOpenFor))
    }

    var child: Child {
        var policy = ChildPolicy()
        policy.backoff.cap = .seconds(2)
        policy.heartbeatTimeout = .seconds(30)
        return Child(name: Self.childName, policy: policy) { context in
            while !context.isStopping {
                self.look(at: context.time.now())
                context.progress("watching")
                await context.wait(atMost: Self.interval)
                try Task.checkCancellation()
            }
        }
    }

    /// - Parameter now: on the clock of the upstreams.
    private func look(at now: Duration) {
        let tasks = sources.tasks()
        // When this one is to stop, so may the others: what ends for a shutdown has not recovered.
        if tasks.first(where: { $0.name == Self.childName })?.state == .stopping { return }
        let (audit, ledger, upstreams) = (sources.audit(), sources.ledger(), sources.upstreams())
        let wallet = sources.wallet()
        let (found, leaderless, cutOff, held) = findings.withLock { findings in
            let leaderless = findings.leaderless(tasks)
            let cutOff = findings.cutOff(upstreams, at: now)
            let held = findings.held(tasks, at: now)
            return (findings, leaderless, cutOff, held)
        }
        desk.keep(.taskDegraded, at: found.degraded(tasks))
        desk.keep(.taskFlapping, at: found.flapping(tasks))
        desk.keep(.leaseLost, at: leaderless)
        desk.keep(.breakerOpen, at: cutOff)
        desk.keep(.killSwitch, at: found.stopped(tasks))
        desk.keep(.invariantBroken, at: found.broken(audit))
        desk.keep(
            .reconciliationDifference,
            at: found.differing(sources.reconciliation()) + found.differing(wallet))
        desk.keep(.hotWalletLow, at: found.low(wallet))
        desk.keep(.payoutsHeld, at: held)
        // Judged by the time of reading: without the store nothing is known to be late.
        if let (totals, read) = ledger {
            desk.keep(.withdrawalsStuck, at: found.stuck(totals, at: read))
            desk.keep(.dealsSetAside, at: found.setAside(totals))
            desk.keep(.operationsUnknown, at: found.unknown(totals, at: read))
        }
    }
}
