// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import Supervision
import Synchronization

/// Turns readiness off while the store is away and on again when it is back.
final class StoreMonitor: Sendable {
    /// How often the store is asked for a sign of life.
    private static let pingInterval: Duration = .milliseconds(500)
    /// How long the answer may take; a store that hangs would be waited for much longer.
    private static let patience: Duration = .seconds(2)

    private let store: any LedgerStore
    private let health: HealthState
    private let logger: Logger
    private let isAway = Mutex(false)

    init(store: any LedgerStore, health: HealthState, logger: Logger) {
        self.store = store
        self.health = health
        self.logger = logger
    }

    /// Whether the last look at the store was in vain.
    var isStoreAway: Bool { isAway.withLock { $0 } }

    var child: Child {
        Child(name: "store-monitor") { context in
            while !context.isStopping {
                await self.look(context.time)
                context.heartbeat()
                await context.wait(atMost: Self.pingInterval)
            }
        }
    }

    private func look(_ time: SteadyTime) async {
        let failure = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                guard (try? await time.sleep(Self.patience)) != nil else { return }
                self.note("no answer within \(Self.patience)")
            }
            defer { group.cancelAll() }
            do throws(StoreError) {
                try await self.store.ping()
                return String?.none
            } catch {
                return error.debugDescription
            }
        }
        // Only now: whoever lost patience must not have the last word.
        note(failure)
    }

    /// - Parameter failure: nil when the store has answered.
    private func note(_ failure: String?) {
        let wasAway = isAway.withLock { isAway in
            defer { isAway = failure != nil }
            return isAway
        }
        guard let failure else {
            health.unblock(.storeUnavailable)
            if wasAway { logger.notice("the store is back") }
            return
        }
        health.block(.storeUnavailable)
        if !wasAway { logger.error("the store is away", metadata: ["error": "\(failure)"]) }
    }
}
