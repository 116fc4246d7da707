// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Supervision
import TONPayments
import Telemetry
import Tracing
import Upstream
import Workers

extension TellerServer {
    /// The workers of a server, to be restarted by the supervisor.
    static func workers(
        _ configuration: ServerConfiguration, bookkeeper: Bookkeeper, deals: any DealStore,
        clock: LedgerClock, board: TaskBoard, ton: TONPayer?, tracer: (any Tracer)?, logger: Logger
    ) -> Workers {
        var rules = ton?.rules ?? WorkersConfiguration()
        rules.payoutScope = .leader
        // A payment that is paused must not be made for a moment when the program starts.
        rules.payoutNeeds = [TaskBoard.childName]
        return Workers(
            bookkeeper: bookkeeper, gateway: gateway(configuration, ton, clock, logger),
            deals: deals, clock: clock, configuration: rules, history: board.store,
            trip: { try await board.stopPayouts(because: $0, at: clock.now()) },
            tracer: tracer, logger: logger)
    }

    /// What keeps the children running, and their history.
    static func supervisor(
        _ children: [Child], board: TaskBoard, leases: any LeaseKeeper, metrics: MetricsRegistry,
        logger: Logger
    ) throws -> Supervisor {
        try Supervisor(
            children: children, instance: board.instance,
            keeper: MeasuredLeaseKeeper(keeper: leases, metrics: metrics),
            observer: TaskHistoryWriter(
                instance: board.instance, store: board.store, logger: logger),
            logger: logger)
    }

    /// What reads the whole ledger, often enough to see withdrawals that are stuck.
    static func glance(
        _ configuration: ServerConfiguration, _ store: any LedgerStore, _ clock: LedgerClock,
        _ logger: Logger
    ) -> LedgerGlance {
        LedgerGlance(
            store: store, clock: clock, freshness: configuration.alerts.stuckAfter, logger: logger)
    }

    /// What looks for what is wrong.
    static func watch(
        _ configuration: ServerConfiguration, desk: AlertDesk, board: TaskBoard, workers: Workers,
        glance: LedgerGlance, upstreams: UpstreamRegistry, ton: TONPayer?
    ) -> AlertWatch {
        AlertWatch(
            configuration.alerts, desk: desk,
            sources: AlertWatch.Sources(
                tasks: { board.status() }, audit: { workers.auditor.report },
                reconciliation: { workers.reconciler.report }, ledger: { glance.latest },
                upstreams: { upstreams.all.map { ($0.name, $0.status()) } },
                wallet: { ton?.watcher.report }))
    }

    /// What pays; nil leaves withdrawals pending.
    private static func gateway(
        _ configuration: ServerConfiguration, _ ton: TONPayer?, _ clock: LedgerClock,
        _ logger: Logger
    ) -> (any PayoutGateway)? {
        switch configuration.gateway {
        case .none: return nil
        case .ton: return ton?.gateway
        case .simulator:
            var script = SimulatorGateway.Script()
            script.outcome = configuration.simulatorOutcome
            script.delay = configuration.simulatorDelay
            return SimulatorGateway(script: script, clock: clock, logger: logger)
        }
    }
}
