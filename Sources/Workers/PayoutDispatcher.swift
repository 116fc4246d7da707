// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import Logging
internal import Supervision
internal import TellerProtocol
internal import Tracing

/// Takes withdrawals from `PENDING` to `SENT`.
///
/// ```
/// PENDING ─commit► PROCESSING ─ sign ─commit with the bytes► SENT ─ submit ─► confirmer
///    ▲                 │  │
///    └── postponed ────┘  └── can't ever be paid ─► FAILED
/// ```
///
/// Every commit is conditional on the version this process saw, so any number of dispatchers, slow
/// and stale ones among them, pay each withdrawal once: whoever loses the commit to `SENT` forgets
/// what it signed. A death before that commit leaves `PROCESSING`, which is queued again later; a
/// death after it leaves `SENT`, whose bytes the confirmer sends.
struct PayoutDispatcher: Sendable {
    let bookkeeper: Bookkeeper
    let gateway: any PayoutGateway
    let clock: LedgerClock
    let configuration: WorkersConfiguration
    let board: PayoutBoard
    let logger: Logger
    /// nil for none.
    var tracer: (any Tracer)?
    /// The lease it runs under, which every step carries; nil without a cluster.
    var fence: Fence?

    func run(_ context: ChildContext) async throws {
        board.attach(dispatcher: context)
        let wake = bookkeeper.feed.onPending { context.wake() }
        defer { bookkeeper.feed.cancelWake(wake) }
        var nextSweep = Duration.zero
        while !context.isStopping {
            try await context.waitingTurn(elsePause: configuration.pollInterval) {
                if context.time.now() >= nextSweep, try await !requeueForgotten() {
                    nextSweep = context.time.now() + configuration.sweepInterval
                }
                let pass = try await dispatch(context)
                if !pass.hasMore {
                    let obstacle = pass.obstacle.map { AwaitedResource.condition($0) }
                    context.waiting(for: obstacle)
                    context.heartbeat()
                    await context.wait(atMost: configuration.pollInterval)
                    return obstacle
                }
                return nil
            }
        }
    }

    /// Queues again what a process that died had taken. Nothing it signed can have left it.
    ///
    /// - Returns: whether there may be more of it.
    private func requeueForgotten() async throws -> Bool {
        let milliseconds = configuration.processingTimeout.milliseconds
        let forgotten = try await bookkeeper.store.withdrawals(
            in: .processing, unchangedSince: clock.now().adding(milliseconds: -milliseconds),
            limit: configuration.batchPayoutsMax)
        guard !forgotten.isEmpty else { return false }
        let requeued = try await requeue(forgotten)
        log(.warning, "queued forgotten withdrawals again", count: requeued)
        return requeued == configuration.batchPayoutsMax
    }

    @discardableResult
    private func requeue(_ withdrawals: [Ledger.Withdrawal]) async throws -> Int {
        let moves = withdrawals.map { TransitionWithdrawal($0, to: .pending) }
        let (moved, failure) = await move(moves)
        if let failure { throw failure }
        return moved.count
    }

    private struct Pass {
        /// Whether more is likely to be waiting.
        var hasMore = false
        /// Why nothing was paid, for operators; nil when there is no reason to tell.
        var obstacle: String?
    }

    /// One pass over the queue.
    private func dispatch(_ context: ChildContext) async throws -> Pass {
        let unresolvedRoom = configuration.unresolvedPayoutsMax - board.unresolved
        board.note(isFull: unresolvedRoom <= 0) {
            log(
                .error, "too many payouts are unresolved: nothing new is sent",
                count: board.unresolved)
        }
        guard unresolvedRoom > 0 else {
            return Pass(obstacle: "too many payouts are unresolved")
        }
        let queue = try await bookkeeper.store.withdrawals(
            in: .pending, unchangedSince: clock.latest,
            limit: min(configuration.batchPayoutsMax, unresolvedRoom))
        guard !queue.isEmpty else { return Pass() }
        let selection = try await gateway.select(from: queue, fence: fence)
        guard !selection.withdrawals.isEmpty else { return Pass(obstacle: selection.obstacle) }

        let sent = try await Passes.trace("payout.dispatch", tracer) { span in
            let (taken, takeFailure) = await move(
                selection.withdrawals.map { TransitionWithdrawal($0, to: .processing) })
            let sent = try await send(taken)
            span?.updateAttributes { attributes in
                attributes["gateway"] = gateway.name
                attributes["taken"] = taken.count
                attributes["sent"] = sent
            }
            if sent > 0 { context.progress("sent \(sent), unresolved \(board.unresolved)") }
            if let takeFailure { throw takeFailure }
            return sent
        }
        return Pass(hasMore: sent > 0 && queue.count == configuration.batchPayoutsMax)
    }

    /// Signs, commits and submits payouts for `taken`, which are `PROCESSING`.
    ///
    /// - Returns: how many went out.
    private func send(_ taken: [Ledger.Withdrawal]) async throws -> Int {
        guard !taken.isEmpty else { return 0 }
        let prepared: [WithdrawalID: PreparedPayout]
        do {
            prepared = try await gateway.prepare(taken, fence: fence)
        } catch {
            try await requeue(taken)
            throw error
        }
        let (moved, failure) = await move(taken.map { step(of: $0, prepared[$0.id]) })
        let sent = moved.filter { $0.state == .sent }
        let payouts = sent.compactMap { withdrawal -> Payout? in
            guard case .signed(let payout) = prepared[withdrawal.id] else { return nil }
            return payout
        }
        if !sent.isEmpty {
            let wasSubmitted = await submit(payouts)
            board.handOver(
                zip(sent, payouts).map {
                    SentPayout(withdrawal: $0, payout: $1, wasSubmitted: wasSubmitted)
                })
        }
        if let failure { throw failure }
        return sent.count
    }

    /// Where a withdrawal goes from `PROCESSING` with what the gateway made of it.
    private func step(
        of withdrawal: Ledger.Withdrawal, _ prepared: PreparedPayout?
    ) -> TransitionWithdrawal {
        switch prepared {
        case .signed(let payout)
        where payout.withdrawalID == withdrawal.id && payout.gateway == gateway.name:
            return TransitionWithdrawal(withdrawal, to: .sent, payout: payout)
        case .refused(let reason):
            return TransitionWithdrawal(
                withdrawal, to: .failed, detail: PayoutText.clip(reason))
        case .signed:
            logger.error("the gateway signed something else", metadata: metadata(withdrawal.id))
            fallthrough
        case .postponed, nil:
            return TransitionWithdrawal(withdrawal, to: .pending)
        }
    }

    private func submit(_ payouts: [Payout]) async -> Bool {
        do {
            try await gateway.submit(payouts, fence: fence)
            log(.debug, "submitted", count: payouts.count)
            return true
        } catch {
            log(.warning, "submitting failed, will be repeated: \(error)", count: payouts.count)
            return false
        }
    }

    /// - Returns: the withdrawals that moved, in order, and the first failure of the store. One
    ///   that was found elsewhere is left out: somebody else was faster.
    private func move(
        _ transitions: [TransitionWithdrawal]
    ) async -> (moved: [Ledger.Withdrawal], failure: (any Error)?) {
        var moved: [Ledger.Withdrawal] = []
        var failure: (any Error)?
        for result in await bookkeeper.transition(transitions, fence: fence) {
            switch result {
            case .success(.transitioned(let withdrawal)): moved.append(withdrawal)
            case .success(.refused(.fenced)): failure = WorkerFenced(fence: fence)
            case .success(.refused(let refusal)):
                log(.error, "the ledger refused a step: \(refusal)", count: 1)
            case .success: break
            case .failure(let error): failure = failure ?? error
            }
        }
        return (moved, failure)
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, count: Int) {
        logger.log(
            level: level, message, metadata: ["gateway": "\(gateway.name)", "count": "\(count)"])
    }

    private func metadata(_ id: WithdrawalID) -> Logger.Metadata {
        ["gateway": "\(gateway.name)", "withdrawal": "\(id)"]
    }
}

enum PayoutText {
    /// Characters of a gateway's reason that are kept.
    static let charactersMax = 200

    static func clip(_ text: String) -> String { String(text.prefix(charactersMax)) }
}
