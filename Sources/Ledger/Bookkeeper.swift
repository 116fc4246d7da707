// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Keeps the ledger for the service: commands through group commit, reads from the store.
///
/// (A type called as its module would make `Ledger.Withdrawal` unreachable.)
package final class Bookkeeper: Sendable {
    package let store: any LedgerStore
    package let policy: WithdrawalPolicy
    package let feed: WithdrawalFeed
    private let ids: WithdrawalIDGenerator
    private let committer: GroupCommitter

    package init(
        store: any LedgerStore, policy: WithdrawalPolicy, clock: LedgerClock,
        limits: GroupCommitLimits = GroupCommitLimits()
    ) {
        self.store = store
        self.policy = policy
        let feed = WithdrawalFeed()
        self.feed = feed
        ids = WithdrawalIDGenerator(clock: clock)
        committer = GroupCommitter(limits: limits) { commands throws(StoreError) in
            let outcomes = try store.commit(commands, at: clock.now())
            var hasNew = false
            for outcome in outcomes {
                switch outcome {
                case .transitioned(let withdrawal): feed.publish(withdrawal.id)
                case .created: hasNew = true
                default: break
                }
            }
            if hasNew { feed.publishPending() }
            return outcomes
        }
    }

    /// Debits `account` by `amount` and the fee, and queues the payout.
    ///
    /// - Returns: `.created`, `.createReplayed` or `.refused`.
    package func createWithdrawal(
        account: AccountKey, amount: Nanotons, destination: Destination, comment: String?,
        key: IdempotencyKey?
    ) async throws(CommitError) -> LedgerOutcome {
        try await committer.submit(
            .create(
                CreateWithdrawal(
                    id: ids.next(), account: account, amount: amount, destination: destination,
                    comment: comment, key: key, admission: policy.admit(amount))))
    }

    /// Adds `amount` to `account`, opening it when needed.
    ///
    /// - Returns: `.credited`, `.creditReplayed` or `.refused`.
    package func credit(_ credit: CreditAccount) async throws(CommitError) -> LedgerOutcome {
        try await committer.submit(.credit(credit))
    }

    /// Moves a withdrawal one step.
    ///
    /// - Returns: `.transitioned`, `.conflict` or `.refused`.
    package func transition(
        _ transition: TransitionWithdrawal
    ) async throws(CommitError) -> LedgerOutcome {
        try await committer.submit(.transition(transition))
    }

    /// Commits what is queued, refuses anything new, and closes the store.
    package func close() async {
        await committer.close()
        await store.close()
    }
}
