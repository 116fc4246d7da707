// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Where auctions and presales are kept, beside the ledger whose money they hold.
///
/// Every change is one durable transaction, decided by `DealPlan` on locked rows. After
/// `StoreError(.outcomeUnknown)` it may have been written or not; after any other error nothing
/// was. Times are the database's, read once the deals are locked, unless a test says them.
package protocol DealStore: Sendable {
    /// Decides and writes `commands`, each on its own.
    ///
    /// - Parameter now: nil for the database's time.
    func decide(
        _ commands: [DealCommand], at now: Timestamp?
    ) async throws(StoreError) -> [DealOutcome]

    /// Ends those of `deals` that are due, all in one transaction.
    ///
    /// - Returns: one settlement for each, in order. All are `fenced` when the fence is stale.
    func settle(
        _ deals: [DealID], fence: Fence?, at now: Timestamp?
    ) async throws(StoreError) -> [Settlement]

    /// Leaves a deal that can't be settled to an operator; `error` is safe to show. Its row need not
    /// make sense.
    ///
    /// - Returns: false when it has ended or is not there, or the fence is stale.
    func setAside(
        _ deal: DealID, error: String, fence: Fence?
    ) async throws(StoreError) -> Bool

    /// Lets workers settle a deal again that was set aside; false when it wasn't.
    func takeUp(_ deal: DealID) async throws(StoreError) -> Bool

    /// What is due, and when the next one will be.
    ///
    /// - Parameters:
    ///   - limit: how many are returned, those that are due for the longest first.
    ///   - now: nil for the database's time.
    func dueDeals(
        _ kind: DealKind, limit: Int, at now: Timestamp?
    ) async throws(StoreError) -> DueDeals

    func deal(_ id: DealID) async throws(StoreError) -> Deal?

    /// Newest first, by id.
    func deals(_ page: DealPage) async throws(StoreError) -> [Deal]

    /// The events of a deal after `sequence`, oldest first.
    func dealEvents(
        of id: DealID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [DealEvent]

    /// The deals that are set aside, oldest id first.
    func dealsSetAside(limit: Int) async throws(StoreError) -> [DealSetAside]
}

/// A deal that could not be settled.
package struct DealSetAside: Sendable, Equatable {
    package let id: DealID
    package let error: String
    /// nil when its row makes no sense.
    package let deal: Deal?

    package init(id: DealID, error: String, deal: Deal?) {
        self.id = id
        self.error = error
        self.deal = deal
    }
}

package struct DueDeals: Sendable, Equatable {
    package var deals: [DealID]
    /// How long until the next of those that are not due yet; nil when there is none.
    package var nextInMilliseconds: Int64?

    package init(deals: [DealID], nextInMilliseconds: Int64?) {
        self.deals = deals
        self.nextInMilliseconds = nextInMilliseconds
    }
}

/// Which deals to list.
package struct DealPage: Sendable {
    package let kind: DealKind
    package let tenant: TenantID
    /// nil for all sellers.
    package let seller: AccountID?
    /// nil for all states.
    package let state: DealState?
    /// Only those whose ids are below; nil for all.
    package let before: DealID?
    package let limit: Int

    package init(
        kind: DealKind, tenant: TenantID, seller: AccountID? = nil, state: DealState? = nil,
        before: DealID? = nil, limit: Int
    ) {
        self.kind = kind
        self.tenant = tenant
        self.seller = seller
        self.state = state
        self.before = before
        self.limit = limit
    }
}
