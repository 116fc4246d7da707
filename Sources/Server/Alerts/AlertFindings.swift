// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Resilience
import Supervision
import TONPayments
import Telemetry
import TellerProtocol
import Workers

/// Decides what is wrong by what the parts of the server say of themselves. A pure value.
///
/// It judges what is, not what has happened, so that nothing is missed: only a lost lease, which
/// may be held again a moment later, is told by a count.
struct AlertFindings: Sendable {
    /// Accounts a message names; of the rest it says how many.
    private static let accountsNamedMax = 5

    let stuckAfter: Duration
    let breakerOpenFor: Duration
    /// How often each task's lease had been lost at the last look.
    private var leasesLost: [String: Int] = [:]
    /// Tasks whose lease was lost, and is not known to be anybody's since.
    private var leaderless: Set<String> = []
    /// How long a task may say that it waits for something before it is told.
    private static let heldFor: Duration = .seconds(120)
    /// Since when each task waits for a condition.
    private var heldSince: [String: Duration] = [:]
    /// Since when each upstream's breaker is other than closed.
    private var cutOffSince: [String: Duration] = [:]

    init(stuckAfter: Duration, breakerOpenFor: Duration) {
        self.stuckAfter = stuckAfter
        self.breakerOpenFor = breakerOpenFor
    }

    // MARK: - Tasks

    /// Tasks at their longest backoff. One that is paused is in somebody's hands.
    func degraded(_ tasks: [ChildStatus]) -> [Incident] {
        tasks.filter { $0.isDegraded && $0.pause == nil }.map { task in
            Incident(
                .taskDegraded, task.name,
                "It has failed \(task.consecutiveFailures) times in a row and is tried again, at "
                    + "the longest backoff, until it is well.\(Self.lastError(task))")
        }
    }

    /// Tasks that come up and go down again and again.
    func flapping(_ tasks: [ChildStatus]) -> [Incident] {
        tasks.filter { $0.isFlapping && $0.pause == nil }.map { task in
            Incident(
                .taskFlapping, task.name,
                "It has failed \(task.restartsInWindow) times of late, with runs in between."
                    + Self.lastError(task))
        }
    }

    /// Tasks whose lease this instance has lost, until it or another instance is known to have it.
    mutating func leaderless(_ tasks: [ChildStatus]) -> [Incident] {
        for task in tasks where task.scope == .leader {
            let isLost = task.leasesLost > leasesLost[task.name] ?? 0
            leasesLost[task.name] = task.leasesLost
            if isLost {
                // Even if it is well again by now: the next look will say so.
                leaderless.insert(task.name)
            } else if task.leader != nil || task.pause != nil {
                leaderless.remove(task.name)
            }
        }
        return leaderless.sorted().map { name in
            Incident(
                .leaseLost, name,
                "This instance has lost the task's lease: the store did not answer in time, or "
                    + "the process was halted. Nobody is known to run it.")
        }
    }

    /// Payouts, while they are paused by the kill switch and not by a person.
    func stopped(_ tasks: [ChildStatus]) -> [Incident] {
        guard let dispatcher = tasks.first(where: { $0.name == Workers.dispatcherName }),
            let pause = dispatcher.pause, pause.by == TaskBoard.killSwitchAuthor
        else { return [] }
        return [
            Incident(
                .killSwitch, "payouts",
                "\(pause.reason). Nothing new is paid until task.resume of \(dispatcher.name).")
        ]
    }

    /// Payouts, while something keeps them from being made for long.
    ///
    /// - Parameter now: on a steady clock.
    mutating func held(_ tasks: [ChildStatus], at now: Duration) -> [Incident] {
        var conditions: [String: String] = [:]
        for task in tasks {
            if case .resource(.condition(let text)) = task.waits { conditions[task.name] = text }
        }
        heldSince = heldSince.filter { conditions[$0.key] != nil }
        for name in conditions.keys where heldSince[name] == nil { heldSince[name] = now }
        return conditions.sorted { $0.key < $1.key }.filter { name, _ in
            heldSince[name].map { now - $0 >= Self.heldFor } ?? false
        }.map { name, text in Incident(.payoutsHeld, name, "It waits: \(text).") }
    }

    /// A hot wallet with less than it should have.
    func low(_ wallet: WalletReport?) -> [Incident] {
        guard let wallet, wallet.balance < wallet.balanceMin else { return [] }
        return [
            Incident(
                .hotWalletLow, "wallet",
                "It has \(wallet.balance), less than \(wallet.balanceMin). Refill it.")
        ]
    }

    /// The wallet's books, while they differ.
    func differing(_ wallet: WalletReport?) -> [Incident] {
        wallet?.problem.map { problem in
            [Incident(.reconciliationDifference, "wallet", "\(problem). Payouts are stopped.")]
        } ?? []
    }

    private static func lastError(_ task: ChildStatus) -> String {
        task.lastError.map { " Last error: \($0)" } ?? ""
    }

    // MARK: - Upstreams

    /// Upstreams that have been cut off for long, probes that failed included.
    ///
    /// - Parameter now: on the clock of `UpstreamStatus.breakerSince`.
    mutating func cutOff(
        _ upstreams: [(name: String, status: UpstreamStatus)], at now: Duration
    ) -> [Incident] {
        let before = cutOffSince
        cutOffSince = [:]
        for (name, status) in upstreams where status.breaker != .closed {
            cutOffSince[name] = before[name] ?? status.breakerSince
        }
        return upstreams.filter { name, _ in
            cutOffSince[name].map { now - $0 >= breakerOpenFor } ?? false
        }.map { name, _ in
            Incident(
                .breakerOpen, name,
                "Its calls fail, and have been held back for longer than "
                    + "\(Self.spoken(breakerOpenFor)) but for probes.")
        }
    }

    // MARK: - The ledger

    /// States in which a withdrawal has stood for too long.
    ///
    /// - Parameter read: when the totals were read.
    func stuck(_ totals: LedgerTotals, at read: Timestamp) -> [Incident] {
        totals.unsettled.filter { _, standing in
            let age = read.unixMilliseconds - standing.oldestChange.unixMilliseconds
            return .milliseconds(age) >= stuckAfter
        }.sorted { $0.key.rawValue < $1.key.rawValue }.map { state, standing in
            Incident(
                .withdrawalsStuck, state.rawValue,
                "One of \(standing.count) withdrawals in this state has been there since "
                    + "\(standing.oldestChange), for longer than \(Self.spoken(stuckAfter)).")
        }
    }

    /// Deals that wait for a person, however long.
    func setAside(_ totals: LedgerTotals) -> [Incident] {
        guard totals.dealsSetAside > 0 else { return [] }
        return [
            Incident(
                .dealsSetAside, "sales",
                "\(totals.dealsSetAside) could not be settled and wait for a person: teller sales "
                    + "set-aside shows them and why, take-up has one tried again.")
        ]
    }

    /// Operations at marketplaces that evidence has not settled for long.
    ///
    /// - Parameter read: when the totals were read.
    func unknown(_ totals: LedgerTotals, at read: Timestamp) -> [Incident] {
        guard let oldest = totals.oldestUnknown,
            .milliseconds(read.unixMilliseconds - oldest.unixMilliseconds) >= stuckAfter
        else { return [] }
        return [
            Incident(
                .operationsUnknown, "markets",
                "One of \(totals.operationsUnknown) whose outcome is unknown is of \(oldest), more "
                    + "than \(Self.spoken(stuckAfter)) ago. teller markets operations shows them; ask "
                    + "the marketplace, and say what you learnt with teller markets resolve.")
        ]
    }

    /// Accounts that are not the sum of their journals.
    func broken(_ report: AuditReport) -> [Incident] {
        // Those of the pass under way count at once; the last pass's stand until it is finished.
        let accounts = report.violations + report.found.filter { !report.violations.contains($0) }
        guard !accounts.isEmpty else { return [] }
        let named = accounts.prefix(Self.accountsNamedMax).map { "\($0.tenant)/\($0.account)" }
        let more = accounts.count - named.count
        return [
            Incident(
                .invariantBroken, "ledger",
                "Not the sum of their journals: \(named.joined(separator: ", "))"
                    + (more > 0 ? " and \(more) more" : "")
                    + ". Stop payouts (gateway.name = none), keep the data, investigate.")
        ]
    }

    /// The books, while the last comparison found them to differ.
    func differing(_ report: ReconciliationReport) -> [Incident] {
        report.problem.map { problem in
            [Incident(.reconciliationDifference, "ledger", "\(problem). Payouts are stopped.")]
        } ?? []
    }

    /// `90 s`, `10 min`, `2 h`: the largest unit in which it is whole.
    static func spoken(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        guard duration == .seconds(seconds) else { return "\(duration)" }
        return switch seconds {
        case _ where seconds % 3_600 == 0 && seconds > 0: "\(seconds / 3_600) h"
        case _ where seconds % 60 == 0 && seconds > 0: "\(seconds / 60) min"
        default: "\(seconds) s"
        }
    }
}
