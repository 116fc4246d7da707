// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
package import Supervision

/// Limits and rhythms of the workers.
package struct WorkersConfiguration: Sendable, Equatable {
    /// Withdrawals in one pass of the dispatcher or the confirmer.
    package var batchPayoutsMax = 200
    /// Payouts without a known outcome at the most; with so many open, nothing new is sent.
    package var unresolvedPayoutsMax = 10_000
    /// How often the queue is looked at without a signal.
    package var pollInterval: Duration = .seconds(1)
    /// A withdrawal `PROCESSING` for longer was left by a process that died; it is queued again.
    package var processingTimeout: Duration = .seconds(30)
    /// How often the store is searched for withdrawals other processes have left.
    package var sweepInterval: Duration = .seconds(5)
    /// The pauses between looks for evidence grow with the payout's age from the first to the
    /// second.
    package var evidenceIntervalMin: Duration = .milliseconds(20)
    package var evidenceIntervalMax: Duration = .seconds(5)
    /// How often the same bytes are sent again while nothing is known of them.
    package var resubmitInterval: Duration = .seconds(5)
    /// A payout unresolved for longer is reported, once.
    package var unresolvedAlarmAge: Duration = .seconds(600)

    /// From the end of one audit of all accounts to the start of the next.
    package var auditInterval: Duration = .seconds(60)
    package var auditPageAccountsMax = 500
    /// The share of the time in which the audit keeps the store busy; it rests in between.
    package var auditDutyPercent = 1

    /// From the end of one comparison of the books to the start of the next.
    package var reconciliationInterval: Duration = .seconds(30)

    /// Due auctions or presales that are asked for at once.
    package var dueDealsMax = 2_000
    /// Auctions or presales settled in one transaction, at the most: callers who need an account of
    /// theirs wait for it.
    package var batchDealsMax = 100
    /// The share of the time in which settlements keep the store busy; they rest in between.
    package var dealDutyPercent = 50

    /// From one removal of old task history to the next, and what is kept.
    package var reapInterval: Duration = .seconds(60)
    package var historyLimits = TaskHistoryLimits()

    /// Whether one instance of a cluster pays, or every one. The ledger itself lets any number of
    /// them pay each withdrawal once; one alone spares the others' work in vain.
    package var payoutScope = ChildScope.everyInstance
    /// The tasks that must run before anything is paid.
    package var payoutNeeds: [String] = []

    /// How the workers are restarted. The pause stays short: a worker that the store's absence
    /// has stopped must be back soon after the store is.
    package var policy: ChildPolicy = {
        var policy = ChildPolicy()
        policy.backoff.cap = .seconds(2)
        policy.stableTime = .seconds(30)
        policy.heartbeatTimeout = .seconds(60)
        policy.shutdownGrace = .seconds(3)
        policy.cancellationGrace = .seconds(1)
        return policy
    }()

    package init() {}
}
