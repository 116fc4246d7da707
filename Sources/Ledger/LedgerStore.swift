// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Where the ledger is kept. Two stores implement it and pass one conformance suite.
package protocol LedgerStore: Sendable {
    /// How many batches it commits side by side.
    var lanes: Int { get }
    /// Commands in one batch at the most.
    var batchCommandsMax: Int { get }

    /// Decides and writes `commands` in one durable transaction (fsync), with `BatchPlan`.
    ///
    /// Locks are taken in the order `BatchNeeds` lists. It blocks, so it is called only on a
    /// thread that may block; calls from several threads are allowed.
    ///
    /// - Parameter lane: which of `lanes` does it. It is fastest when an account's commands keep
    ///   to one lane, and right when they don't.
    /// - Returns: one outcome for each command, in order.
    /// - Throws: `StoreError`. After `.outcomeUnknown` the batch may or may not have been written;
    ///   after any other nothing was.
    func commit(
        _ commands: [LedgerCommand], at now: Timestamp, lane: Int
    ) throws(StoreError) -> [LedgerOutcome]

    // Reads see every acknowledged write. They suspend and never block the caller's thread.

    func account(_ key: AccountKey) async throws(StoreError) -> Account?

    /// The journal of `key`, newest first, of sequences below `before` (nil: from the newest on).
    func entries(
        of key: AccountKey, before: Int64?, limit: Int
    ) async throws(StoreError) -> [Entry]

    func withdrawal(_ id: WithdrawalID) async throws(StoreError) -> Withdrawal?

    /// The withdrawals of `key`, newest first, of those before `before`, in `state` if given.
    ///
    /// Newest by id, or by their place in the account's journal: these differ only for calls made
    /// on one account in the same moments, and each store keeps to one of them.
    func withdrawals(
        of key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int
    ) async throws(StoreError) -> [Withdrawal]

    /// The events of a withdrawal after `sequence`, oldest first.
    func events(
        of id: WithdrawalID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [WithdrawalEvent]

    /// The withdrawals in `state` last changed at or before `until`, longest unchanged first:
    /// a worker's queue.
    func withdrawals(
        in state: WithdrawalState, unchangedSince until: Timestamp, limit: Int
    ) async throws(StoreError) -> [Withdrawal]

    /// The newest payout of each of `ids` that has one.
    func payouts(of ids: [WithdrawalID]) async throws(StoreError) -> [WithdrawalID: Payout]

    /// Checks promise 3 on up to `limit` accounts after `after` in key order: that the sums equal
    /// the journal's, the newest entry's balances, and what unsettled withdrawals and deals reserve.
    func audit(
        after: AccountKey?, limit: Int
    ) async throws(StoreError) -> LedgerAudit

    /// What all accounts have, and how many withdrawals are not settled. It reads every account's
    /// balance, so it is for gauges and alarms, not for callers.
    func totals() async throws(StoreError) -> LedgerTotals

    /// Succeeds when the store can be read and written.
    func ping() async throws(StoreError)

    /// Ends the store's connections once nothing uses them; idempotent.
    func close() async
}

extension LedgerStore {
    package var lanes: Int { 1 }
    /// Batches of about a hundred are the fastest on PostgreSQL; far larger ones only add latency.
    package var batchCommandsMax: Int { 200 }

    package func commit(
        _ commands: [LedgerCommand], at now: Timestamp
    ) throws(StoreError) -> [LedgerOutcome] {
        try commit(commands, at: now, lane: 0)
    }
}

/// The result of checking some accounts against their journals.
package struct LedgerAudit: Sendable, Equatable {
    /// The accounts whose sums are wrong.
    package var violations: [AccountKey]
    /// How many were checked.
    package var checked: Int
    /// Where to go on; nil at the end.
    package var last: AccountKey?

    package init(violations: [AccountKey], checked: Int, last: AccountKey?) {
        self.violations = violations
        self.checked = checked
        self.last = last
    }
}

/// The whole ledger at a glance.
package struct LedgerTotals: Sendable, Equatable {
    /// The withdrawals that stand in one state.
    package struct Standing: Sendable, Equatable {
        package var count: Int
        /// When the one that is longest in it came to it.
        package var oldestChange: Timestamp
        /// Their amounts with fees; what their accounts hold for them.
        package var reserved: Nanotons

        package init(count: Int, oldestChange: Timestamp, reserved: Nanotons) {
            self.count = count
            self.oldestChange = oldestChange
            self.reserved = reserved
        }
    }

    /// Sums over all accounts; a sum beyond the largest amount counts as that.
    package var available = Nanotons.zero
    package var held = Nanotons.zero
    /// What of `held` is held for auctions and presales.
    package var heldByDeals = Nanotons.zero
    /// Only the states that are not settled and have withdrawals.
    package var unsettled: [WithdrawalState: Standing] = [:]
    /// Deals that could not be settled and wait for a person.
    package var dealsSetAside = 0
    /// Operations at marketplaces that are `UNKNOWN`.
    package var operationsUnknown = 0
    /// When the first of them was made; nil without one.
    package var oldestUnknown: Timestamp?

    package init() {}
}

/// A failure of the store. `description` is safe to show; `detail` is for logs only.
package struct StoreError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The store can't be reached; nothing was written.
        case unavailable
        /// The connection was lost while a commit was under way: written or not, nobody knows yet.
        case outcomeUnknown
        /// The store refused a row; the batch was rolled back.
        case rejected
        /// The schema is not the one this program knows.
        case schemaMismatch
        /// The data can't be what this program wrote.
        case corrupt
    }

    package let code: Code
    /// What went wrong in the store's words; may name hosts and tables.
    package let detail: String
    package let file: StaticString
    package let line: UInt

    package init(
        _ code: Code, _ detail: String, file: StaticString = #fileID, line: UInt = #line
    ) {
        self.code = code
        self.detail = detail
        self.file = file
        self.line = line
    }

    package var description: String {
        switch code {
        case .unavailable: "the store is unavailable"
        case .outcomeUnknown: "the store went away during a commit"
        case .rejected: "the store refused the change"
        case .schemaMismatch: "the store has another schema version"
        case .corrupt: "the store holds data that can't be right"
        }
    }

    package var debugDescription: String { "\(description): \(detail) (\(file):\(line))" }
}
