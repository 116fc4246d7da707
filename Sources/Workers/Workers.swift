// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
package import Supervision
package import Tracing

/// The service's workers, ready for a supervisor.
package struct Workers: Sendable {
    package let auditor: LedgerAuditor
    package let reconciler: Reconciler
    /// One for each worker; to be given to a `Supervisor`.
    package let children: [Child]

    /// The worker that pays: what stops it stops payouts.
    package static let dispatcherName = "payout-dispatcher"

    /// The worker that settles deals of one kind.
    package static func checkerName(of kind: DealKind) -> String {
        switch kind {
        case .auction: "auctions-checker"
        case .presale: "presale-checker"
        }
    }

    /// - Parameters:
    ///   - gateway: what pays; nil leaves withdrawals `PENDING`.
    ///   - deals: auctions and presales to be settled; nil for none.
    ///   - history: the tasks' history, to be kept within its limits; nil when there is none.
    ///   - trip: stops payouts when the books differ.
    ///   - tracer: makes spans of what is paid and concluded; nil for none.
    package init(
        bookkeeper: Bookkeeper, gateway: (any PayoutGateway)?, deals: (any DealStore)? = nil,
        clock: LedgerClock,
        configuration: WorkersConfiguration = WorkersConfiguration(),
        history: (any TaskStore)? = nil, trip: @escaping Reconciler.Trip = { _ in },
        tracer: (any Tracer)? = nil, logger: Logger
    ) {
        let auditor = LedgerAuditor(
            store: bookkeeper.store, clock: clock, configuration: configuration,
            logger: logger)
        self.auditor = auditor
        let reconciler = Reconciler(
            store: bookkeeper.store, clock: clock, configuration: configuration, trip: trip,
            logger: logger)
        self.reconciler = reconciler
        var children = [
            Child(name: "ledger-auditor", policy: configuration.policy) { context in
                try await auditor.run(context)
            },
            Child(name: "reconciler", policy: configuration.policy) { context in
                try await reconciler.run(context)
            },
        ]
        if let history {
            let reaper = HistoryReaper(
                store: history, limits: configuration.historyLimits,
                interval: configuration.reapInterval)
            children.append(
                Child(
                    name: "history-reaper", policy: configuration.policy,
                    scope: configuration.payoutScope
                ) { context in try await reaper.run(context) })
        }
        if let deals { children += Self.settlers(deals, configuration, logger) }
        if let gateway {
            children += Self.payers(
                bookkeeper, gateway, clock, configuration, tracer: tracer, logger)
        }
        self.children = children
    }

    private static func settlers(
        _ deals: any DealStore, _ configuration: WorkersConfiguration, _ logger: Logger
    ) -> [Child] {
        DealKind.allCases.map { kind in
            let settler = DealSettler(
                store: deals, kind: kind, configuration: configuration, logger: logger)
            return Child(
                name: checkerName(of: kind), policy: configuration.policy,
                scope: configuration.payoutScope
            ) { context in
                var settler = settler
                settler.fence = context.lease.map(Fence.init)
                try await settler.run(context)
            }
        }
    }

    private static func payers(
        _ bookkeeper: Bookkeeper, _ gateway: any PayoutGateway, _ clock: LedgerClock,
        _ configuration: WorkersConfiguration, tracer: (any Tracer)?, _ logger: Logger
    ) -> [Child] {
        let board = PayoutBoard(sentMax: configuration.unresolvedPayoutsMax)
        let dispatcher = PayoutDispatcher(
            bookkeeper: bookkeeper, gateway: gateway, clock: clock,
            configuration: configuration, board: board, logger: logger, tracer: tracer)
        let confirmer = PayoutConfirmer(
            bookkeeper: bookkeeper, gateway: gateway, clock: clock,
            configuration: configuration, board: board, logger: logger, tracer: tracer)
        return [
            Child(
                name: dispatcherName, policy: configuration.policy,
                scope: configuration.payoutScope, needs: configuration.payoutNeeds
            ) { context in
                var dispatcher = dispatcher
                dispatcher.fence = context.lease.map(Fence.init)
                try await dispatcher.run(context)
            },
            Child(
                name: "payout-confirmer", policy: configuration.policy,
                scope: configuration.payoutScope, needs: configuration.payoutNeeds
            ) { context in
                var confirmer = confirmer
                confirmer.fence = context.lease.map(Fence.init)
                try await confirmer.run(context)
            },
        ]
    }
}
