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
        health: HealthState, logger: Logger
    ) -> [Child] {
        let workers = Workers(
            bookkeeper: bookkeeper, gateway: gateway(configuration, clock, logger),
            clock: clock,
            logger: logger)
        return [storeMonitor(bookkeeper.store, health, logger)] + workers.children
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

    /// How often the store is asked for a sign of life.
    private static let pingInterval: Duration = .milliseconds(500)

    /// Turns readiness off while the store is away and on again when it is back.
    private static func storeMonitor(
        _ store: any LedgerStore, _ health: HealthState, _ logger: Logger
    ) -> Child {
        Child(name: "store-monitor") { context in
            var wasAway = false
            while !context.isStopping {
                do throws(StoreError) {
                    try await store.ping()
                    health.unblock(.storeUnavailable)
                    if wasAway { logger.notice("the store is back") }
                    wasAway = false
                } catch {
                    health.block(.storeUnavailable)
                    if !wasAway {
                        logger.error(
                            "the store is away", metadata: ["error": "\(error.debugDescription)"])
                    }
                    wasAway = true
                }
                context.heartbeat()
                await context.wait(atMost: pingInterval)
            }
        }
    }
}
