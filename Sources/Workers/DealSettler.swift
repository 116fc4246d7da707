// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import Logging
internal import Supervision
internal import TellerProtocol

/// Ends the auctions or presales that are due, the longest due first.
///
/// A batch is one transaction, and to settle a deal twice does nothing: a worker that dies anywhere
/// leaves nothing half done. What becomes of a deal depends on the time alone, so nobody gains or
/// loses by a worker that is late.
struct DealSettler: Sendable {
    let store: any DealStore
    let kind: DealKind
    let configuration: WorkersConfiguration
    let logger: Logger
    /// The lease it runs under; nil without a cluster.
    var fence: Fence?

    /// What a turn did.
    private struct Count {
        var settled = 0
        var setAside = 0
    }

    func run(_ context: ChildContext) async throws {
        var total = Count()
        while !context.isStopping {
            try await context.turn(elsePause: configuration.pollInterval) {
                let due = try await store.dueDeals(
                    kind, limit: configuration.dueDealsMax, at: nil)
                guard due.deals.isEmpty else {
                    try await settleAll(due.deals, &total, context)
                    return
                }
                context.heartbeat()
                // Those that another instance opens meanwhile are found by the poll.
                let next = due.nextInMilliseconds.map { Duration.milliseconds($0) }
                await context.wait(
                    atMost: min(next ?? configuration.pollInterval, configuration.pollInterval))
            }
        }
    }

    /// Settles `deals` in batches, with pauses: callers want the store, too, and they wait for the
    /// accounts that a batch has locked.
    private func settleAll(
        _ deals: [DealID], _ total: inout Count, _ context: ChildContext
    ) async throws {
        var rest = deals[...]
        while !rest.isEmpty, !context.isStopping {
            let start = context.time.now()
            try await settle(rest.prefix(configuration.batchDealsMax), &total)
            rest = rest.dropFirst(configuration.batchDealsMax)
            context.progress(
                "settled \(total.settled) and set \(total.setAside) aside since the start")
            let busy = context.time.now() - start
            let duty = configuration.dealDutyPercent
            try await context.rest(for: busy * (100 - duty) / duty)
        }
    }

    /// Settles `deals` in one transaction; if the store refuses that, halves of them, until the
    /// ones that can't be settled are alone.
    private func settle(_ deals: ArraySlice<DealID>, _ total: inout Count) async throws {
        let settlements: [Settlement]
        do throws(StoreError) {
            settlements = try await store.settle(Array(deals), fence: fence, at: nil)
        } catch {
            guard error.code == .rejected || error.code == .corrupt else { throw error }
            guard deals.count > 1 else {
                for deal in deals { try await setAside(deal, error.description, &total) }
                logger.error("can't settle", metadata: ["error": "\(error.debugDescription)"])
                return
            }
            let middle = deals.startIndex + deals.count / 2
            try await settle(deals[..<middle], &total)
            try await settle(deals[middle...], &total)
            return
        }
        for (deal, settlement) in zip(deals, settlements) {
            switch settlement {
            case .settled: total.settled += 1
            case .unchanged: break
            case .impossible(let error): try await setAside(deal, error, &total)
            case .fenced: throw WorkerFenced(fence: fence)
            }
        }
    }

    private func setAside(_ deal: DealID, _ error: String, _ total: inout Count) async throws {
        guard try await store.setAside(deal, error: error, fence: fence) else { return }
        total.setAside += 1
        logger.error(
            "set aside, to be looked at by an operator",
            metadata: ["\(kind.rawValue)": "\(deal)", "error": "\(error)"])
    }
}
