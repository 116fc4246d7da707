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
    /// One for each lane of the store.
    private let committers: [GroupCommitter]

    /// - Parameter observer: told of commits, for metrics; nil for nobody.
    package init(
        store: any LedgerStore, policy: WithdrawalPolicy, clock: LedgerClock,
        observer: (any CommitObserver)? = nil
    ) {
        self.store = store
        self.policy = policy
        let feed = WithdrawalFeed()
        self.feed = feed
        ids = WithdrawalIDGenerator(clock: clock)
        let limits = GroupCommitLimits(batchCommandsMax: store.batchCommandsMax)
        committers = (0..<store.lanes).map { lane in
            GroupCommitter(limits: limits, observer: observer) { commands throws(StoreError) in
                let outcomes = try store.commit(commands, at: clock.now(), lane: lane)
                var created = 0
                for index in outcomes.indices {
                    switch outcomes[index] {
                    case .created: created += 1
                    case .transitioned(let withdrawal):
                        feed.publish(withdrawal.id)
                        observer?.decided(commands[index], outcomes[index])
                    case .refused(.fenced): observer?.decided(commands[index], outcomes[index])
                    default: break
                    }
                }
                if created > 0 {
                    feed.publishPending()
                    observer?.created(withdrawals: created)
                }
                return outcomes
            }
        }
    }

    /// The command that debits `account` by `amount` and the fee, and queues the payout.
    package func creation(
        account: AccountKey, amount: Nanotons, destination: Destination, comment: String?,
        key: IdempotencyKey?
    ) -> LedgerCommand {
        .create(
            CreateWithdrawal(
                id: ids.next(), account: account, amount: amount, destination: destination,
                comment: comment, key: key, admission: policy.admit(amount)))
    }

    /// Commits `command` with whatever else is waiting.
    ///
    /// Cancelling the task returns at once; a command still queued is then taken back.
    package func commit(_ command: LedgerCommand) async throws(CommitError) -> LedgerOutcome {
        try await committers[command.account.lane(of: committers.count)].submit(command)
    }

    /// Commands that wait for a batch.
    package var queuedCount: Int { committers.reduce(0) { $0 + $1.queuedCount } }

    /// Commits what is queued, refuses anything new, and closes the store.
    package func close() async {
        for committer in committers { await committer.close() }
        await store.close()
    }
}
