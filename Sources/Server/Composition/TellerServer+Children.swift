// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import Supervision
import Workers

extension TellerServer {
    /// The workers of a server, each restarted by the supervisor.
    static func children(
        _ configuration: ServerConfiguration, bookkeeper: Bookkeeper, clock: LedgerClock,
        board: TaskBoard, policies: PolicyBoard, health: HealthState, logger: Logger
    ) -> [Child] {
        var rules = WorkersConfiguration()
        rules.payoutScope = .leader
        // A payment that is paused must not be made for a moment when the program starts.
        rules.payoutNeeds = [TaskBoard.childName]
        let workers = Workers(
            bookkeeper: bookkeeper, gateway: gateway(configuration, clock, logger),
            clock: clock, configuration: rules, logger: logger)
        let monitor = StoreMonitor(store: bookkeeper.store, health: health, logger: logger)
        return [monitor.child, board.child, policies.child] + workers.children
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
