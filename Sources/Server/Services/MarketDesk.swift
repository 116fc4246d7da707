// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Marketplaces
import TellerProtocol

/// The marketplaces by name, and the book of what they are asked to do.
struct MarketDesk: Sendable {
    struct Entry: Sendable {
        let market: any Marketplace
        let kind: MarketKind
        /// Whether there is a hot wallet to withdraw to.
        let canWithdraw: Bool
    }

    /// In the order of their names.
    let entries: [Entry]
    let store: any MarketStore
    private let clock: LedgerClock
    private let ids: WithdrawalIDGenerator

    init(_ entries: [Entry], store: any MarketStore, clock: LedgerClock) {
        self.entries = entries.sorted { $0.market.name < $1.market.name }
        self.store = store
        self.clock = clock
        ids = WithdrawalIDGenerator(clock: clock)
    }

    /// nil when there is none of that name.
    func entry(_ name: String) -> Entry? { entries.first { $0.market.name == name } }

    /// Keeps an intent, once per key. Nothing is sent: the marketplace's worker looks for new ones.
    func keep(
        _ action: MarketOperation.Action, at market: String, of tenant: TenantID,
        key: IdempotencyKey?
    ) async throws(StoreError) -> MarketAddition {
        try await store.add(
            MarketOperation(
                id: MarketOperationID(ids.next().uuid), tenant: tenant, market: market,
                action: action, key: key, createdAt: clock.now()))
    }

    /// The operation, if it is the tenant's; nil otherwise.
    func operation(
        _ id: MarketOperationID, of tenant: TenantID
    ) async throws(StoreError) -> MarketOperation? {
        let found = try await store.marketOperation(id)
        return found?.tenant == tenant ? found : nil
    }
}
