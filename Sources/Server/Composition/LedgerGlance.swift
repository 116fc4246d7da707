// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Resilience
import Supervision
import Synchronization
import TellerProtocol

/// The whole ledger as it was a moment ago, for alarms and gauges: they never wait for the store.
final class LedgerGlance: Sendable {
    /// The longest time from one reading to the next: it reads every account's balance.
    static let intervalMax: Duration = .seconds(15)
    /// The shortest.
    static let intervalMin: Duration = .seconds(1)
    /// It rests so many times as long as the reading took, however large the ledger is.
    private static let restsPerReading = 20

    private let store: any LedgerStore
    private let clock: LedgerClock
    private let logger: Logger
    private let interval: Duration
    private let last = Mutex<(LedgerTotals, at: Timestamp)?>(nil)

    /// - Parameter freshness: how old what is shown may well be; a reading is made four times in
    ///   it, within the limits.
    init(
        store: any LedgerStore, clock: LedgerClock, freshness: Duration, logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.logger = logger
        interval = max(Self.intervalMin, min(Self.intervalMax, freshness / 4))
    }

    /// What was read last, and when the reading began; nil before the first. It grows old while the
    /// store is away.
    var latest: (LedgerTotals, at: Timestamp)? { last.withLock { $0 } }

    var child: Child {
        var policy = ChildPolicy()
        policy.backoff.cap = .seconds(2)
        // Longer than a store that hangs is waited for.
        policy.heartbeatTimeout = .seconds(60)
        return Child(name: "ledger-glance", policy: policy) { context in
            while !context.isStopping {
                let start = context.time.now()
                let wasRead = await self.read(context)
                let took = context.time.now() - start
                let pause =
                    wasRead
                    ? max(self.interval, took * Self.restsPerReading) : Self.intervalMin
                let end = context.time.now() + pause
                while !context.isStopping, context.time.now() < end {
                    context.heartbeat()
                    await context.wait(atMost: min(end - context.time.now(), Self.intervalMax))
                    try Task.checkCancellation()
                }
            }
        }
    }

    /// - Returns: whether the store has answered.
    private func read(_ context: ChildContext) async -> Bool {
        let now = clock.now()
        do throws(StoreError) {
            let totals = try await store.totals()
            last.withLock { $0 = (totals, now) }
            context.waiting(for: nil)
            context.progress("read at \(now)")
            return true
        } catch {
            // The store's absence is the monitor's to tell.
            context.waiting(for: .store)
            logger.debug(
                "the ledger can't be read", metadata: ["error": "\(error.debugDescription)"])
            return false
        }
    }
}
