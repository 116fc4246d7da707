// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import Supervision

extension TellerServer {
    /// The workers of a server, each restarted by the supervisor.
    static func children(
        _ configuration: ServerConfiguration, bookkeeper: Bookkeeper, health: HealthState,
        logger: Logger
    ) throws -> [Child] {
        [storeMonitor(bookkeeper.store, health, logger)]
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
