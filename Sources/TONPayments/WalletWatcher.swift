// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
package import Supervision
internal import Synchronization
internal import TON
package import TellerProtocol
package import Workers

/// The hot wallet as the watcher last found it.
package struct WalletReport: Sendable, Equatable {
    package let balance: Nanotons
    /// What it should have at least; zero for nothing.
    package let balanceMin: Nanotons
    /// The chain's time of that look, in Unix seconds.
    package let time: Int64
    /// What is wrong with the books; nil when nothing is.
    package let problem: String?

    package init(balance: Nanotons, balanceMin: Nanotons, time: Int64, problem: String?) {
        self.balance = balance
        self.balanceMin = balanceMin
        self.time = time
        self.problem = problem
    }
}

/// Reads the hot wallet's transactions into the store: the only one that concludes anything from
/// the chain. It runs under a lease, one in a cluster.
package final class WalletWatcher: Sendable {
    /// Its name among the tasks.
    package static let name = "wallet-watcher"

    /// Payments to one address that a payment from there may be the return of.
    private static let returnablesMax = 100
    private static let unresolvedMax = 1_000
    /// From one comparison of the books to the next.
    private static let auditInterval: Duration = .seconds(60)

    private let wallet: HotWallet
    private let chain: any WalletChain
    private let store: any ChainStore
    private let ledger: any LedgerStore
    private let feed: WithdrawalFeed
    private let clock: LedgerClock
    private let configuration: PaymentsConfiguration
    private let logger: Logger
    /// Stops payouts everywhere; the text says why.
    private let trip: Reconciler.Trip
    private let lastReport = Mutex<WalletReport?>(nil)

    package init(
        wallet: HotWallet, chain: any WalletChain, store: any ChainStore, bookkeeper: Bookkeeper,
        clock: LedgerClock, configuration: PaymentsConfiguration,
        trip: @escaping Reconciler.Trip, logger: Logger
    ) {
        self.wallet = wallet
        self.chain = chain
        self.store = store
        ledger = bookkeeper.store
        feed = bookkeeper.feed
        self.clock = clock
        self.configuration = configuration
        self.trip = trip
        var logger = logger
        logger[metadataKey: "wallet"] = "\(wallet.name)"
        self.logger = logger
    }

    /// nil on an instance that does not watch, or has not looked yet.
    package var report: WalletReport? { lastReport.withLock { $0 } }

    package func run(_ context: ChildContext) async throws {
        defer { lastReport.withLock { $0 = nil } }
        let fence = context.lease.map(Fence.init)
        var books = Books()
        while !context.isStopping {
            try await context.waitingTurn(elsePause: configuration.pollInterval) {
                do {
                    let state = try await chain.state()
                    let position = try await read(up: state, fence, context)
                    context.progress(
                        "read up to \(position.readUntil), lt \(position.lt), \(position.balance)")
                    try await compare(position, state, &books, at: context.time.now())
                    return nil
                } catch let error as WalletChainError {
                    return .condition("chain: \(error)")
                }
            }
            await context.wait(atMost: configuration.pollInterval)
            try Task.checkCancellation()
        }
    }

    // MARK: - The books

    private struct Books {
        var nextAudit: Duration = .zero
        /// What the last audit found.
        var audited: String?
        /// What payouts have been stopped for: an operator who lets them go on knows of it.
        var tripped: String?
    }

    /// Compares the wallet, its transactions and the payments; a difference stops payouts.
    private func compare(
        _ position: WalletPosition, _ state: WalletState, _ books: inout Books, at now: Duration
    ) async throws {
        if now >= books.nextAudit { try await audit(&books, at: now) }
        let problem = Self.problem(of: position, at: state) ?? books.audited
        if let problem, problem != books.tripped {
            logger.critical("the wallet's books differ", metadata: ["problem": "\(problem)"])
            try await trip(problem)
        }
        books.tripped = problem
        lastReport.withLock {
            $0 = WalletReport(
                balance: state.balance, balanceMin: configuration.balanceMin, time: state.time,
                problem: problem)
        }
    }

    /// What the transactions add up to must be what the wallet has.
    private static func problem(of position: WalletPosition, at state: WalletState) -> String? {
        guard position.lt == state.newest?.lt ?? 0, position.balance != state.balance else {
            return nil
        }
        return "the wallet's transactions add up to \(position.balance.wireText) nanotons, "
            + "and it has \(state.balance.wireText)"
    }

    /// What left the wallet must be what was paid and what is known to have gone astray, and each
    /// payment must belong to one withdrawal. It is for the next turn when somebody wrote meanwhile.
    private func audit(_ books: inout Books, at now: Duration) async throws {
        guard let before = try await store.position(of: wallet.name) else { return }
        let audit = try await store.audit(ofWallet: wallet.name)
        guard try await store.position(of: wallet.name)?.version == before.version else { return }
        var problems: [String] = []
        if audit.paid.adding(audit.stray) != before.sent {
            problems.append(
                "\(before.sent.wireText) nanotons have left the wallet, and "
                    + "\(audit.paid.wireText) of payments and \(audit.stray.wireText) of others "
                    + "are known")
        }
        if let first = audit.misplaced.first {
            problems.append(
                "\(audit.misplaced.count) withdrawals were paid twice, or paid and queued again: "
                    + "\(first) is one")
        }
        books.audited = problems.isEmpty ? nil : problems.joined(separator: "; ")
        books.nextAudit = now + Self.auditInterval
    }

    // MARK: - Reading

    /// Reads everything from the stored position to the newest transaction of `state`.
    private func read(
        up state: WalletState, _ fence: Fence?, _ context: ChildContext
    ) async throws -> WalletPosition {
        while true {
            let position = try await store.position(of: wallet.name)
            guard let newest = state.newest, newest.lt > position?.lt ?? 0 else {
                return try await finish(position, at: state, fence)
            }
            let rows = try await chain.transactions(after: position?.newest, upTo: newest)
            guard !rows.isEmpty else { throw WalletWatcherError.missing(after: position?.lt ?? 0) }
            var last = position
            var left = rows[...]
            while !left.isEmpty, !context.isStopping {
                let stretch = try self.stretch(of: left)
                last = try await read(stretch, from: last, up: state, fence)
                left = left.dropFirst(stretch.count)
                context.heartbeat()
            }
            if let last, last.lt == newest.lt || context.isStopping { return last }
        }
    }

    /// The next transactions that go into one commit. What came back begins a new one: the payment
    /// that it was must be in the store by then.
    private func stretch(of rows: ArraySlice<[UInt8]>) throws -> [WalletTransaction] {
        var stretch: [WalletTransaction] = []
        for row in rows.prefix(configuration.stretchTransactionsMax) {
            let transaction = try WalletTransaction(
                Transaction(BOC.parse(row, limits: .chain)), of: wallet.wallet)
            if case .bounce = transaction.kind, !stretch.isEmpty { break }
            stretch.append(transaction)
        }
        return stretch
    }

    private func read(
        _ stretch: [WalletTransaction], from position: WalletPosition?, up state: WalletState,
        _ fence: Fence?
    ) async throws -> WalletPosition {
        var reading = WalletReading(
            of: wallet.wallet, from: position, with: try await answers(to: stretch), fence: fence,
            at: clock.now())
        for transaction in stretch { try reading.read(transaction) }
        if reading.advance.position.newest == state.newest { try await end(&reading, at: state) }
        return try await write(reading.result)
    }

    /// Nothing new was found: the time up to which that is known moves on.
    private func finish(
        _ position: WalletPosition?, at state: WalletState, _ fence: Fence?
    ) async throws -> WalletPosition {
        if let position, position.readUntil >= state.time { return position }
        // A state without the newest transaction that was read is an older one.
        if let position, state.newest?.lt ?? 0 < position.lt { return position }
        var reading = WalletReading(
            of: wallet.wallet, from: position, with: WalletAnswers(), fence: fence,
            at: clock.now())
        try await end(&reading, at: state)
        return try await write(reading.result)
    }

    private func end(_ reading: inout WalletReading, at state: WalletState) async throws {
        let released = try await store.messages(
            of: wallet.name, in: [.released], limit: Self.unresolvedMax)
        let open = try await store.strayPayments(
            of: wallet.name, state: .open, before: nil, limit: 1)
        reading.end(
            at: state.time, sequence: state.seqno, released: released, isExplained: open.isEmpty)
    }

    private func write(_ advance: WalletAdvance) async throws -> WalletPosition {
        let result = try await store.advance(advance, at: clock.now())
        switch result {
        case .advanced(let outcomes):
            tell(advance, outcomes)
            var position = advance.position
            position.version = advance.expectedVersion + 1
            return position
        case .fenced: throw WalletWatcherError.fenced
        case .moved: throw WalletWatcherError.moved
        case .refused(let outcomes): throw WalletWatcherError.refused("\(outcomes)")
        }
    }

    /// Logs what has been written, and tells those who watch.
    private func tell(_ advance: WalletAdvance, _ outcomes: [LedgerOutcome]) {
        for outcome in outcomes {
            if case .transitioned(let withdrawal) = outcome { feed.publish(withdrawal.id) }
        }
        let ended = advance.messages.flatMap(\.items).map(\.withdrawal)
        if !ended.isEmpty { feed.publishEvidence(of: ended) }
        for message in advance.messages {
            let paid = message.items.count { $0.isPaid == true }
            logger.info(
                "message \(message.state.rawValue)",
                metadata: [
                    "message": "\(message.hash)", "paid": "\(paid)",
                    "payments": "\(message.items.count)",
                ])
        }
        if !advance.deposits.isEmpty {
            let credited = advance.deposits.count { $0.state == .credited }
            logger.info(
                "deposits",
                metadata: [
                    "credited": "\(credited)",
                    "unmatched": "\(advance.deposits.count - credited)",
                ])
        }
        for stray in advance.strayPayments {
            logger.critical(
                "a payment that nobody asked for left the wallet",
                metadata: [
                    "transaction": "\(stray.transactionHash)", "lt": "\(stray.lt)",
                    "destination": "\(stray.destination)", "amount": "\(stray.amount)",
                ])
        }
    }

    // MARK: - Looking things up

    private func answers(to stretch: [WalletTransaction]) async throws -> WalletAnswers {
        let questions = WalletQuestions(stretch)
        var answers = WalletAnswers()
        if !questions.messages.isEmpty {
            answers.messages = try await store.messages(Array(questions.messages))
        }
        if !questions.memos.isEmpty {
            answers.accounts = try await store.accounts(named: Array(questions.memos))
        }
        if wallet.isHighload {
            answers.awaitingBatch = try await store.messagesAwaitingBatch(
                of: wallet.name, limit: Self.unresolvedMax)
        }
        for source in questions.returners {
            answers.returnables[source] = try await returnables(from: source)
        }
        return answers
    }

    /// Payments to `source` that may have come back from there, oldest first.
    private func returnables(from source: String) async throws -> [WalletAnswers.Returnable] {
        let payments = try await store.payments(
            to: source, from: wallet.name, limit: Self.returnablesMax)
        var returnables: [WalletAnswers.Returnable] = []
        for payment in payments.reversed() {
            guard let withdrawal = try await ledger.withdrawal(payment.withdrawal),
                withdrawal.state == .confirmed || withdrawal.state == .sent
            else { continue }
            let body = try withdrawal.comment.map { try TextComment.body($0) } ?? .empty
            returnables.append(
                WalletAnswers.Returnable(
                    withdrawal: withdrawal, transactionHash: payment.transactionHash,
                    body: try WalletTransaction.beginning(of: body)))
        }
        return returnables
    }
}

/// Why a look at the wallet came to nothing; the next one begins anew.
enum WalletWatcherError: Error, CustomStringConvertible {
    /// The chain names a newer transaction and doesn't show it.
    case missing(after: LogicalTime)
    case fenced
    /// The store is not as it was read a moment ago.
    case moved
    case refused(String)

    var description: String {
        switch self {
        case .missing(let lt): "the chain does not show the transactions after \(lt)"
        case .fenced: "another instance has taken the lease"
        case .moved: "somebody else has written the wallet's position"
        case .refused(let outcomes): "the ledger refused what the chain says: \(outcomes)"
        }
    }
}
