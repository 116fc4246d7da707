// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import Ledger
import Synchronization
package import TellerProtocol

extension InMemoryLedgerStore {
    /// Auctions and presales.
    struct DealTables {
        var deals: [DealID: Deal] = [:]
        var events: [DealID: [DealEvent]] = [:]
        var keys: [KeyScope: DealKeyRecord] = [:]

        /// What all of them hold.
        var held: Nanotons {
            deals.values.flatMap(\.holds).reduce(.zero) { $0.adding($1.amount) ?? .max }
        }

        func held(of account: AccountKey) -> Int64 {
            deals.values.flatMap(\.holds).filter { $0.account == account }
                .reduce(0) { $0 + $1.amount.rawValue }
        }
    }
}

extension InMemoryLedgerStore: DealStore {
    package func decide(
        _ commands: [DealCommand], at now: Timestamp?
    ) async throws(StoreError) -> [DealOutcome] {
        try write { state throws(StoreError) in
            var plan = plan(on: state, at: now)
            let outcomes = commands.map { plan.decide($0) }
            Self.apply(plan.writes, to: &state)
            return outcomes
        }
    }

    package func settle(
        _ deals: [DealID], fence: Fence?, at now: Timestamp?
    ) async throws(StoreError) -> [Settlement] {
        try write { state throws(StoreError) in
            state.tables.epochs = cluster.epochs
            guard state.tables.holds(fence) else { return deals.map { _ in .fenced } }
            var plan = plan(on: state, at: now)
            let settlements = deals.map { plan.settle($0) }
            Self.apply(plan.writes, to: &state)
            return settlements
        }
    }

    private func plan(on state: State, at now: Timestamp?) -> DealPlan {
        var snapshot = DealSnapshot()
        snapshot.deals = state.deals.deals
        snapshot.accounts = state.tables.accounts
        snapshot.keys = state.deals.keys
        for (scope, record) in state.deals.keys {
            snapshot.events[scope] = state.deals.events[record.deal]?[Int(record.sequence) - 1]
        }
        return DealPlan(
            on: snapshot, at: now ?? Self.time, outcomeLifeMilliseconds: outcomeLifeMilliseconds)
    }

    private static var time: Timestamp {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    private static func apply(_ writes: DealWrites, to state: inout State) {
        apply(writes.ledger, to: &state)
        for deal in writes.newDeals + writes.changedDeals { state.deals.deals[deal.id] = deal }
        for event in writes.events { state.deals.events[event.deal, default: []].append(event) }
        for record in writes.keys { state.deals.keys[record.scope] = record }
    }

    package func setAside(
        _ deal: DealID, error: String, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try write { state throws(StoreError) in
            state.tables.epochs = cluster.epochs
            guard state.tables.holds(fence), let row = state.deals.deals[deal],
                row.dueAt != nil
            else { return false }
            state.deals.deals[deal]?.setAside = error
            return true
        }
    }

    package func takeUp(_ deal: DealID) async throws(StoreError) -> Bool {
        try write { state throws(StoreError) in
            guard state.deals.deals[deal]?.setAside != nil else { return false }
            state.deals.deals[deal]?.setAside = nil
            return true
        }
    }

    package func dueDeals(
        _ kind: DealKind, limit: Int, at now: Timestamp?
    ) async throws(StoreError) -> DueDeals {
        try read { state in
            let now = now ?? Self.time
            let waiting = state.deals.deals.values
                .filter { $0.kind == kind && $0.setAside == nil }
                .compactMap { deal in deal.dueAt.map { (dueAt: $0, id: deal.id) } }
                .sorted { ($0.dueAt, $0.id) < ($1.dueAt, $1.id) }
            let next = waiting.first { $0.dueAt > now }
            return DueDeals(
                deals: Array(waiting.filter { $0.dueAt <= now }.map(\.id).prefix(limit)),
                nextInMilliseconds: next.map { $0.dueAt.unixMilliseconds - now.unixMilliseconds })
        }
    }

    package func deal(_ id: DealID) async throws(StoreError) -> Deal? {
        try read { $0.deals.deals[id] }
    }

    package func deals(_ page: DealPage) async throws(StoreError) -> [Deal] {
        try read { state in
            let deals = state.deals.deals.values.filter { deal in
                deal.kind == page.kind && deal.seller.tenant == page.tenant
                    && (page.seller == nil || deal.seller.account == page.seller)
                    && (page.state == nil || deal.state == page.state)
                    && (page.before.map { deal.id < $0 } ?? true)
            }
            return Array(deals.sorted { $0.id > $1.id }.prefix(page.limit))
        }
    }

    package func dealEvents(
        of id: DealID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [DealEvent] {
        try read { state in
            let events = state.deals.events[id] ?? []
            return Array(events.filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    package func dealsSetAside(
        limit: Int
    ) async throws(StoreError) -> [DealSetAside] {
        try read { state in
            let deals = state.deals.deals.values.sorted { $0.id < $1.id }.compactMap { deal in
                deal.setAside.map { DealSetAside(id: deal.id, error: $0, deal: deal) }
            }
            return Array(deals.prefix(limit))
        }
    }
}
