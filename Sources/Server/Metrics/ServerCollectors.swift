// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import PostgresStore
import Resilience
import Supervision
import TONPayments
import Telemetry
import TellerProtocol
import Transport
import Upstream
import Workers

/// What the parts of the server say of themselves at each scrape.
enum ServerCollectors {
    /// Every family that one of these collectors fills.
    static let families =
        connectionFamilies + storeFamilies + ledgerFamilies + taskFamilies + upstreamFamilies
        + walletFamilies

    // MARK: - Connections

    private static let connectionFamilies = [
        TellerMetrics.connections, TellerMetrics.connectionsAccepted,
        TellerMetrics.connectionsRefused, TellerMetrics.httpStreams,
    ]

    static func connections(_ servers: [HTTPServer]) -> MetricsCollector {
        MetricsCollector(name: "http", families: connectionFamilies) { samples in
            var (open, accepted) = (
                ConnectionCounts.Protocols(), ConnectionCounts.Protocols()
            )
            for server in servers {
                let (now, total) = (server.counts.open, server.counts.acceptedTotal)
                (open.http1, open.http2) = (open.http1 + now.http1, open.http2 + now.http2)
                (accepted.http1, accepted.http2) = (
                    accepted.http1 + total.http1, accepted.http2 + total.http2
                )
            }
            samples.add(TellerMetrics.connections, ["http1"], open.http1)
            samples.add(TellerMetrics.connections, ["http2"], open.http2)
            samples.add(TellerMetrics.connectionsAccepted, ["http1"], accepted.http1)
            samples.add(TellerMetrics.connectionsAccepted, ["http2"], accepted.http2)
            for reason in ConnectionCounts.Refusal.allCases {
                samples.add(
                    TellerMetrics.connectionsRefused, [reason.label],
                    servers.reduce(0) { $0 + $1.counts.refusedTotal(reason) })
            }
            samples.add(
                TellerMetrics.httpStreams, [], servers.reduce(0) { $0 + $1.openStreamCount })
        }
    }

    // MARK: - The store

    private static let storeFamilies = [
        TellerMetrics.storeUp, TellerMetrics.storeConnections, TellerMetrics.commitQueued,
    ]

    static func store(
        _ bookkeeper: Bookkeeper, _ monitor: StoreMonitor,
        connections: @escaping @Sendable () -> [PostgresStore.PoolUsage]
    ) -> MetricsCollector {
        MetricsCollector(name: "store", families: storeFamilies) { samples in
            samples.add(TellerMetrics.storeUp, [], monitor.isStoreAway ? 0 : 1)
            samples.add(TellerMetrics.commitQueued, [], bookkeeper.queuedCount)
            for pool in connections() {
                for (state, count) in [
                    ("busy", pool.busy), ("idle", pool.idle), ("disconnected", pool.disconnected),
                ] {
                    samples.add(TellerMetrics.storeConnections, [pool.pool, state], count)
                }
            }
        }
    }

    // MARK: - The ledger

    private static let ledgerFamilies = [
        TellerMetrics.withdrawals, TellerMetrics.withdrawalOldest, TellerMetrics.available,
        TellerMetrics.held, TellerMetrics.dealsSetAside, TellerMetrics.operationsUnknown,
        TellerMetrics.auditViolations, TellerMetrics.auditTime,
        TellerMetrics.reconciliationDifference, TellerMetrics.reconciliationTime,
    ]

    static func ledger(_ glance: LedgerGlance, _ workers: Workers) -> MetricsCollector {
        MetricsCollector(name: "ledger", families: ledgerFamilies) { samples in
            if let (totals, readAt) = glance.latest { add(totals, readAt, to: &samples) }
            let audit = workers.auditor.report
            if let endedAt = audit.endedAt {
                samples.add(TellerMetrics.auditViolations, [], audit.violations.count)
                samples.add(TellerMetrics.auditTime, [], .real(endedAt.inSeconds))
            }
            let books = workers.reconciler.report
            if let endedAt = books.endedAt {
                samples.add(
                    TellerMetrics.reconciliationDifference, [], .integer(books.difference.rawValue))
                samples.add(TellerMetrics.reconciliationTime, [], .real(endedAt.inSeconds))
            }
        }
    }

    private static func add(
        _ totals: LedgerTotals, _ readAt: Timestamp, to samples: inout CollectedSamples
    ) {
        samples.add(TellerMetrics.available, [], .integer(totals.available.rawValue))
        samples.add(TellerMetrics.held, [], .integer(totals.held.rawValue))
        samples.add(TellerMetrics.dealsSetAside, [], totals.dealsSetAside)
        samples.add(TellerMetrics.operationsUnknown, [], totals.operationsUnknown)
        for state in WithdrawalState.allCases where !WithdrawalStateMachine.isSettled(state) {
            let standing = totals.unsettled[state]
            samples.add(TellerMetrics.withdrawals, [state.rawValue], standing?.count ?? 0)
            let age = standing.map { readAt.inSeconds - $0.oldestChange.inSeconds } ?? 0
            samples.add(TellerMetrics.withdrawalOldest, [state.rawValue], .real(max(0, age)))
        }
    }

    // MARK: - Tasks

    private static let taskFamilies = [
        TellerMetrics.taskState, TellerMetrics.taskRestarts, TellerMetrics.taskFailures,
        TellerMetrics.taskHeartbeat, TellerMetrics.leaseHeld, TellerMetrics.leaseEpoch,
        TellerMetrics.payoutsEnabled,
    ]

    private static let taskStates: [ChildState] = [
        .starting, .running, .waiting(.backoff), .degraded, .flapping, .paused, .stopping, .stopped,
    ]

    static func tasks(_ board: TaskBoard) -> MetricsCollector {
        MetricsCollector(name: "tasks", families: taskFamilies) { samples in
            for task in board.status() {
                add(task, on: board.instance, to: &samples)
                guard task.name == Workers.dispatcherName else { continue }
                samples.add(TellerMetrics.payoutsEnabled, [], task.pause == nil ? 1 : 0)
            }
        }
    }

    private static func add(
        _ task: ChildStatus, on instance: String, to samples: inout CollectedSamples
    ) {
        for state in taskStates {
            samples.add(
                TellerMetrics.taskState, [task.name, state.name],
                state.name == task.state.name ? 1 : 0)
        }
        samples.add(TellerMetrics.taskRestarts, [task.name], max(0, task.attempt - 1))
        samples.add(TellerMetrics.taskFailures, [task.name], task.consecutiveFailures)
        if let age = task.heartbeatAge {
            samples.add(TellerMetrics.taskHeartbeat, [task.name], age)
        }
        guard task.scope == .leader else { return }
        samples.add(
            TellerMetrics.leaseHeld, [task.name], task.leader?.holder == instance ? 1 : 0)
        samples.add(TellerMetrics.leaseEpoch, [task.name], Int(task.leader?.epoch ?? 0))
    }

    // MARK: - The hot wallet

    private static let walletFamilies = [TellerMetrics.hotWallet, TellerMetrics.hotWalletMin]

    /// Only the instance that watches the wallet has samples.
    static func wallet(
        named name: String, _ report: @escaping @Sendable () -> WalletReport?
    ) -> MetricsCollector {
        MetricsCollector(name: "wallet", families: walletFamilies) { samples in
            guard let report = report() else { return }
            samples.add(TellerMetrics.hotWallet, [name], .integer(report.balance.rawValue))
            samples.add(TellerMetrics.hotWalletMin, [name], .integer(report.balanceMin.rawValue))
        }
    }

    // MARK: - Upstreams

    private static let upstreamFamilies = [
        TellerMetrics.upstreamInFlight, TellerMetrics.upstreamBudget, TellerMetrics.breakerState,
        TellerMetrics.policyVersion,
    ]

    static func upstreams(
        _ registry: UpstreamRegistry, _ policies: PolicyBoard
    ) -> MetricsCollector {
        MetricsCollector(name: "upstreams", families: upstreamFamilies) { samples in
            for upstream in registry.all {
                let status = upstream.status()
                samples.add(TellerMetrics.upstreamInFlight, [upstream.name], status.inFlight)
                samples.add(
                    TellerMetrics.policyVersion, [upstream.name],
                    .integer(await policies.inEffect(for: upstream).version))
                samples.add(TellerMetrics.upstreamBudget, [upstream.name], status.budgetLeft)
                let present =
                    switch status.breaker {
                    case .closed: "CLOSED"
                    case .open: "OPEN"
                    case .halfOpen: "HALF_OPEN"
                    }
                for state in ["CLOSED", "OPEN", "HALF_OPEN"] {
                    samples.add(
                        TellerMetrics.breakerState, [upstream.name, state],
                        state == present ? 1 : 0)
                }
            }
        }
    }
}

extension Timestamp {
    /// Since the Unix epoch.
    fileprivate var inSeconds: Double { Double(unixMilliseconds) / 1000 }
}
