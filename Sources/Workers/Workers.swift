// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
package import Supervision

/// The service's workers, ready for a supervisor.
package struct Workers: Sendable {
    package let auditor: LedgerAuditor
    /// One for each worker; to be given to a `Supervisor`.
    package let children: [Child]

    /// - Parameter gateway: what pays; nil leaves withdrawals `PENDING`.
    package init(
        bookkeeper: Bookkeeper, gateway: (any PayoutGateway)?, clock: LedgerClock,
        configuration: WorkersConfiguration = WorkersConfiguration(), logger: Logger
    ) {
        let auditor = LedgerAuditor(
            store: bookkeeper.store, clock: clock, configuration: configuration,
            logger: logger)
        self.auditor = auditor
        var children = [
            Child(name: "ledger-auditor", policy: configuration.policy) { context in
                try await auditor.run(context)
            }
        ]
        if let gateway {
            let board = PayoutBoard(sentMax: configuration.unresolvedPayoutsMax)
            let dispatcher = PayoutDispatcher(
                bookkeeper: bookkeeper, gateway: gateway, clock: clock,
                configuration: configuration, board: board, logger: logger)
            let confirmer = PayoutConfirmer(
                bookkeeper: bookkeeper, gateway: gateway, clock: clock,
                configuration: configuration, board: board, logger: logger)
            children += [
                Child(
                    name: "payout-dispatcher", policy: configuration.policy,
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
        self.children = children
    }
}
