// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import Supervision
import Upstream
import Workers

extension TellerServer {
    /// The workers of a server, each restarted by the supervisor.
    static func children(
        _ configuration: ServerConfiguration, bookkeeper: Bookkeeper, clock: LedgerClock,
        board: TaskBoard, upstreams: UpstreamRegistry, alerts: AlertDesk, health: HealthState,
        logger: Logger
    ) -> [Child] {
        var rules = WorkersConfiguration()
        rules.payoutScope = .leader
        // A payment that is paused must not be made for a moment when the program starts.
        rules.payoutNeeds = [TaskBoard.childName]
        let workers = Workers(
            bookkeeper: bookkeeper, gateway: gateway(configuration, clock, logger),
            clock: clock, configuration: rules, logger: logger)
        let monitor = StoreMonitor(store: bookkeeper.store, health: health, logger: logger)
        let glance = LedgerGlance(
            store: bookkeeper.store, clock: clock, freshness: configuration.alerts.stuckAfter,
            logger: logger)
        let watch = AlertWatch(
            configuration.alerts, desk: alerts,
            sources: AlertWatch.Sources(
                tasks: { board.status() }, audit: { workers.auditor.report },
                ledger: { glance.latest },
                upstreams: { upstreams.all.map { ($0.name, $0.status()) } }))
        return [monitor.child, board.child, glance.child, watch.child] + workers.children
    }

    /// What pays; nil leaves withdrawals pending.
    private static func gateway(
        _ configuration: ServerConfiguration, _ clock: LedgerClock, _ logger: Logger
    ) -> (any PayoutGateway)? {
        switch configuration.gateway {
        case .none: return nil
        case .simulator:
            var script = SimulatorGateway.Script()
            script.outcome = configuration.simulatorOutcome
            script.delay = configuration.simulatorDelay
            return SimulatorGateway(script: script, clock: clock, logger: logger)
        }
    }
}
