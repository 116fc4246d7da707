// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import Logging
internal import Supervision
internal import TellerProtocol
internal import Tracing

/// Takes withdrawals from `SENT` to their end, by evidence alone.
///
/// While nothing is known of a payout, its bytes are sent again from time to time: networks drop
/// messages, and the same bytes are harmless twice. An unknown outcome never becomes a refund or
/// another signature.
struct PayoutConfirmer: Sendable {
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

    private struct Tracked {
        let withdrawal: Ledger.Withdrawal
        let payout: Payout
        /// When this process first saw it.
        let since: Duration
        var nextLook: Duration
        var nextSubmit: Duration
        var isReported = false
    }

    /// The payouts this attempt watches, and when it has to act next.
    private struct Watch {
        var tracked: [WithdrawalID: Tracked] = [:]
        /// No tracked payout is due before.
        var nextDue: Duration = .zero
        var nextSweep: Duration = .zero
        /// What the last sweep found beside the tracked ones; nil before the first.
        var untracked: Set<WithdrawalID>?
        /// Withdrawals another gateway has sent, each of them reported.
        var foreign: Set<WithdrawalID> = []

        mutating func add(_ sent: SentPayout, at now: Duration, resubmitAfter: Duration) {
            guard tracked[sent.withdrawal.id] == nil else { return }
            tracked[sent.withdrawal.id] = Tracked(
                withdrawal: sent.withdrawal, payout: sent.payout, since: now, nextLook: now,
                nextSubmit: sent.wasSubmitted ? now + resubmitAfter : now)
            nextDue = min(nextDue, now)
        }

        /// There is evidence: the next look is now.
        mutating func hurry(_ id: WithdrawalID, at now: Duration) {
            guard let nextLook = tracked[id]?.nextLook, nextLook > now else { return }
            tracked[id]?.nextLook = now
            nextDue = min(nextDue, now)
        }

        /// Up to `limit` payouts that are due, those longest due first.
        mutating func takeDue(at now: Duration, limit: Int) -> [Tracked] {
            guard nextDue <= now else { return [] }
            let due = tracked.values.filter { $0.nextLook <= now }
                .sorted { $0.nextLook < $1.nextLook }
            if due.count <= limit {
                nextDue =
                    tracked.values.lazy.filter { $0.nextLook > now }.map(\.nextLook).min()
                    ?? now + .seconds(3600)
            }
            return Array(due.prefix(limit))
        }

        mutating func put(_ payout: Tracked) {
            tracked[payout.withdrawal.id] = payout
            nextDue = min(nextDue, payout.nextLook)
        }
    }

    func run(_ context: ChildContext) async throws {
        board.attach(confirmer: context)
        let wake = bookkeeper.feed.onEvidence { [board] in board.note(evidenceOf: $0) }
        defer { bookkeeper.feed.cancelWake(wake) }
        var watch = Watch()
        while !context.isStopping {
            try await context.turn(elsePause: configuration.pollInterval) {
                do {
                    try await turn(&watch, context)
                } catch {
                    // What was due has been taken and not dealt with.
                    watch.nextDue = .zero
                    throw error
                }
            }
        }
    }

    private func turn(_ watch: inout Watch, _ context: ChildContext) async throws {
        let now = context.time.now()
        for sent in board.takeSent() {
            watch.add(sent, at: now, resubmitAfter: configuration.resubmitInterval)
        }
        for id in board.takeEvident() { watch.hurry(id, at: now) }
        if now >= watch.nextSweep {
            try await adopt(into: &watch, at: now)
            watch.nextSweep = now + configuration.sweepInterval
        }
        let due = watch.takeDue(at: now, limit: configuration.batchPayoutsMax)
        if !due.isEmpty {
            try await resolve(due, in: &watch, at: now)
            context.progress("looked at \(due.count), unresolved \(watch.tracked.count)")
        }
        board.note(unresolved: watch.tracked.count)
        let next = min(watch.nextDue, watch.nextSweep) - context.time.now()
        guard next > .zero else { return }
        context.heartbeat()
        await context.wait(atMost: min(next, configuration.pollInterval))
    }

    /// Watches payouts in the store that are not watched yet: at first every one, later those that
    /// were there a sweep ago already, whose process must have died. Payouts that others have
    /// resolved meanwhile are no longer watched.
    private func adopt(into watch: inout Watch, at now: Duration) async throws {
        let sent = try await bookkeeper.store.withdrawals(
            in: .sent, unchangedSince: clock.latest, limit: configuration.unresolvedPayoutsMax)
        if sent.count < configuration.unresolvedPayoutsMax {
            let unresolved = Set(sent.map(\.id))
            watch.tracked = watch.tracked.filter { unresolved.contains($0.key) }
        }
        let untracked = sent.filter {
            watch.tracked[$0.id] == nil && !watch.foreign.contains($0.id)
        }
        let found = untracked.filter { watch.untracked?.contains($0.id) ?? true }
        watch.untracked = Set(untracked.map(\.id))
        for start in stride(from: 0, to: found.count, by: configuration.batchPayoutsMax) {
            let page = found[start..<min(start + configuration.batchPayoutsMax, found.count)]
            let payouts = try await bookkeeper.store.payouts(of: page.map(\.id))
            for withdrawal in page { adopt(withdrawal, payouts[withdrawal.id], &watch, at: now) }
        }
    }

    private func adopt(
        _ withdrawal: Ledger.Withdrawal, _ payout: Payout?, _ watch: inout Watch, at now: Duration
    ) {
        guard let payout, payout.gateway == gateway.name else {
            watch.foreign.insert(withdrawal.id)
            logger.error(
                "sent by another gateway, left alone",
                metadata: metadata(withdrawal.id).merging([
                    "sent_by": "\(payout?.gateway ?? "nobody")"
                ]) { $1 })
            return
        }
        watch.add(
            SentPayout(withdrawal: withdrawal, payout: payout, wasSubmitted: false), at: now,
            resubmitAfter: configuration.resubmitInterval)
    }

    private func resolve(_ due: [Tracked], in watch: inout Watch, at now: Duration) async throws {
        let evidence = try await gateway.evidence(for: due.map(\.payout))
        var proven: [(Tracked, TransitionWithdrawal)] = []
        var silent: [Tracked] = []
        for payout in due {
            if let step = step(of: payout.withdrawal, evidence[payout.withdrawal.id]) {
                proven.append((payout, step))
            } else {
                silent.append(payout)
            }
        }
        await submitAgain(silent.filter { $0.nextSubmit <= now })
        for payout in silent { watch.put(postponed(payout, at: now)) }
        guard !proven.isEmpty else { return }
        try await Passes.trace("payout.conclude", tracer) { span in
            try await conclude(proven, in: &watch, at: now, span)
        }
    }

    private func conclude(
        _ proven: [(Tracked, TransitionWithdrawal)], in watch: inout Watch, at now: Duration,
        _ span: (any Span)?
    ) async throws {
        var failure: (any Error)?
        var resolved: [WithdrawalState: Int] = [:]
        let results = await bookkeeper.transition(proven.map(\.1), fence: fence)
        for ((payout, step), result) in zip(proven, results) {
            let id = payout.withdrawal.id
            switch result {
            case .success(.transitioned(let withdrawal)):
                watch.tracked[id] = nil
                resolved[withdrawal.state, default: 0] += 1
                logger.debug(
                    "payout \(withdrawal.state.rawValue.lowercased())", metadata: metadata(id))
            case .success(.refused(.fenced)): failure = WorkerFenced(fence: fence)
            case .success(.refused(let refusal)):
                watch.put(postponed(payout, at: now))
                logger.error(
                    "the ledger refused \(step.to.rawValue): \(refusal)", metadata: metadata(id))
            case .success: watch.tracked[id] = nil
            case .failure(let error): failure = failure ?? error
            }
        }
        span?.updateAttributes { attributes in
            attributes["gateway"] = gateway.name
            attributes["proven"] = proven.count
            for (state, count) in resolved { attributes[state.rawValue.lowercased()] = count }
        }
        // One line for a batch, not for each payout: under load there are thousands a second.
        for (state, count) in resolved {
            logger.info(
                "payouts \(state.rawValue.lowercased())",
                metadata: ["gateway": "\(gateway.name)", "count": "\(count)"])
        }
        if let failure { throw failure }
    }

    /// The step that the evidence proves; nil when it proves nothing.
    private func step(
        of withdrawal: Ledger.Withdrawal, _ evidence: PayoutEvidence?
    ) -> TransitionWithdrawal? {
        switch evidence {
        case .confirmed(let hash) where !hash.isEmpty:
            return TransitionWithdrawal(
                withdrawal, to: .confirmed, transactionHash: PayoutText.clip(hash))
        case .refused(let reason):
            return TransitionWithdrawal(
                withdrawal, to: .failed, detail: PayoutText.clip(reason))
        case .notExecuted(let reason):
            return TransitionWithdrawal(
                withdrawal, to: .pending, detail: PayoutText.clip(reason))
        case .bounced(let reason):
            return TransitionWithdrawal(
                withdrawal, to: .returned, detail: PayoutText.clip(reason))
        case .confirmed, .unknown, nil: return nil
        }
    }

    private func submitAgain(_ payouts: [Tracked]) async {
        guard !payouts.isEmpty else { return }
        do {
            try await gateway.submit(payouts.map(\.payout), fence: fence)
        } catch {
            logger.warning(
                "submitting again failed: \(error)",
                metadata: ["gateway": "\(gateway.name)", "count": "\(payouts.count)"])
        }
    }

    /// The payout with its next look the later, the longer nothing has been known of it.
    private func postponed(_ payout: Tracked, at now: Duration) -> Tracked {
        var payout = payout
        let age = now - payout.since
        payout.nextLook =
            now
            + min(
                max(age / 4, configuration.evidenceIntervalMin), configuration.evidenceIntervalMax)
        if payout.nextSubmit <= now { payout.nextSubmit = now + configuration.resubmitInterval }
        if age >= configuration.unresolvedAlarmAge, !payout.isReported {
            payout.isReported = true
            logger.error("payout unresolved for \(age)", metadata: metadata(payout.withdrawal.id))
        }
        return payout
    }

    private func metadata(_ id: WithdrawalID) -> Logger.Metadata {
        ["gateway": "\(gateway.name)", "withdrawal": "\(id)"]
    }
}
