// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
package import Marketplaces
package import Supervision
package import TON
internal import TellerProtocol
internal import Workers

/// Carries out what is asked of one marketplace, one thing after the other, each call once.
///
/// The intent is in the store before the call, and `SENDING` is committed before a byte leaves: a
/// worker that dies in between leaves an operation of which nobody knows, never a second call. While
/// there is one, nothing else is sent to that marketplace: an unchanged balance proves something
/// only when nothing else moves it.
package struct MarketKeeper: Sendable {
    private let market: any Marketplace
    private let store: any MarketStore
    /// nil without a hot wallet: then nothing can be withdrawn.
    private let arrivals: Arrivals?
    private let clock: LedgerClock
    private let configuration: MarketKeeperConfiguration
    private let logger: Logger
    private var fence: Fence?

    /// Where the money of withdrawals arrives.
    package struct Arrivals: Sendable {
        package let store: any ChainStore
        package let wallet: TONAddress

        package init(store: any ChainStore, wallet: TONAddress) {
            self.store = store
            self.wallet = wallet
        }
    }

    /// What a worker remembers from one turn to the next.
    private struct Memory {
        /// When the evidence of an operation was last looked at, on the steady clock.
        var looks: [MarketOperationID: Duration] = [:]
        /// Looks in a row that found no trace of it.
        var hints: [MarketOperationID: Int] = [:]
        var target: Marketplaces.DepositTarget?
        var nextDepositLook = Duration.zero
    }

    package init(
        market: any Marketplace, store: any MarketStore, arrivals: Arrivals?, clock: LedgerClock,
        configuration: MarketKeeperConfiguration = MarketKeeperConfiguration(), logger: Logger
    ) {
        self.market = market
        self.store = store
        self.arrivals = arrivals
        self.clock = clock
        self.configuration = configuration
        var logger = logger
        logger[metadataKey: "market"] = "\(market.name)"
        self.logger = logger
    }

    /// The worker's name among the tasks.
    package static func childName(of market: String) -> String { "market-\(market)" }

    /// - Parameter needs: The tasks that must run before anything is bought or withdrawn.
    package func child(policy: ChildPolicy, scope: ChildScope, needs: [String] = []) -> Child {
        Child(
            name: Self.childName(of: market.name), policy: policy, scope: scope, needs: needs
        ) { context in
            var keeper = self
            keeper.fence = context.lease.map(Fence.init)
            try await keeper.run(context)
        }
    }

    private func run(_ context: ChildContext) async throws {
        var memory = Memory()
        while !context.isStopping {
            try await context.waitingTurn(elsePause: configuration.pollInterval) {
                let obstacle = try await turn(context, &memory)
                context.waiting(for: obstacle.map { .condition($0) })
                await context.wait(atMost: configuration.pollInterval)
                return obstacle.map { .condition($0) }
            }
        }
    }

    /// Takes every operation a step further, if it can be.
    ///
    /// - Returns: why some of them wait, for operators.
    private func turn(_ context: ChildContext, _ memory: inout Memory) async throws -> String? {
        await askForDeposits(context, &memory)
        let operations = try await store.openMarketOperations(
            of: market.name, limit: configuration.operationsMax)
        var sent = operations.filter { $0.state != .pending && $0.deposit == nil }
        var obstacle: String?
        var ended = 0
        for operation in operations where !context.isStopping {
            context.heartbeat()
            var operation = operation
            if operation.state == .sending {
                // By a process that died, or could not write what it had learnt.
                operation = try await move(operation, to: .unknown, "the process ended in the call")
            }
            if operation.state == .pending {
                guard obstacle == nil else { continue }
                guard try await isDistinct(operation, from: sent) else { continue }
                (operation, obstacle) = try await send(operation)
                let isUnderWay = operation.state != .pending && !operation.state.isEnded
                if isUnderWay { sent.append(operation) }
            }
            if operation.state == .unknown || operation.state == .accepted {
                operation = try await look(at: operation, context, &memory)
            }
            if operation.state == .unknown {
                obstacle = "nobody knows what became of \(operation.id)"
            }
            if operation.state.isEnded { ended += 1 }
        }
        if !operations.isEmpty {
            context.progress("\(operations.count - ended) open, \(ended) ended in this turn")
        }
        return obstacle
    }

    // MARK: - Sending

    /// Whether what arrives for a withdrawal could be for no other that is under way. If it could,
    /// it says so and waits: the money must not be given to the wrong account.
    private func isDistinct(
        _ operation: MarketOperation, from sent: [MarketOperation]
    ) async throws -> Bool {
        let other = sent.first { operation.mayBeMistaken(for: $0, configuration) }
        guard let other else { return true }
        let detail = "waits until the money of \(other.id) has arrived"
        if operation.detail != detail {
            _ = try await move(operation, to: .pending, detail)
        }
        return false
    }

    /// - Returns: the operation as it is then, and why nothing can be sent at the moment.
    private func send(
        _ operation: MarketOperation
    ) async throws -> (MarketOperation, obstacle: String?) {
        var next = operation
        do throws(MarketplaceError) {
            next.balanceBefore = try await market.balance().available
        } catch {
            return try await postpone(operation, error)
        }
        next.sentAt = clock.now()
        let sending = try await move(next, to: .sending, nil)
        let told: (state: MarketOperationState, remoteID: String?, detail: String?)
        do throws(MarketplaceError) {
            told = try await call(sending)
        } catch {
            return try await postpone(sending, error)
        }
        var concluded = sending
        concluded.remoteID = told.remoteID
        return (try await conclude(concluded, told.state, told.detail), nil)
    }

    /// The one call of an operation's life.
    private func call(
        _ operation: MarketOperation
    ) async throws(MarketplaceError) -> (MarketOperationState, remoteID: String?, detail: String?) {
        switch operation.action {
        case .buy(let item, let price):
            switch try await market.buy(MarketItemID(item), for: price) {
            case .bought: return (.done, nil, nil)
            case .refused(let reason): return (.refused, nil, reason)
            case .unknown(let reason): return (.unknown, nil, reason)
            }
        case .withdraw(let amount, _):
            guard let arrivals else { return (.refused, nil, "there is no hot wallet") }
            let receipt = try await market.withdraw(amount, to: arrivals.wallet)
            let state: MarketOperationState =
                switch receipt.state {
                case .accepted: .accepted
                case .rejected: .refused
                case .unknown: .unknown
                }
            return (state, receipt.remoteID?.text, receipt.message)
        }
    }

    /// Surely nothing was carried out: it is tried again, as long as that makes sense.
    private func postpone(
        _ operation: MarketOperation, _ error: MarketplaceError
    ) async throws -> (MarketOperation, obstacle: String?) {
        let age = clock.now().unixMilliseconds - operation.createdAt.unixMilliseconds
        let mayPass =
            switch error {
            case .unavailable, .crowded, .cancelled: true
            case .unauthorized, .refused, .endless, .unsupported, .invalid: false
            }
        guard mayPass, age < configuration.giveUpAfter.wholeMilliseconds else {
            return (try await conclude(operation, .refused, error.description), nil)
        }
        guard operation.state == .sending else { return (operation, error.description) }
        var again = operation
        again.sentAt = nil
        again.balanceBefore = nil
        return (try await conclude(again, .pending, error.description), error.description)
    }

    /// Writes what is known now. It is known to this process alone, so it is written again as long
    /// as the store is away.
    private func conclude(
        _ operation: MarketOperation, _ state: MarketOperationState, _ detail: String?
    ) async throws -> MarketOperation {
        while true {
            do {
                return try await move(operation, to: state, detail)
            } catch let error as StoreError where error.code == .unavailable {
                try await Task.sleep(for: configuration.pollInterval)
            }
        }
    }

    // MARK: - Evidence

    private func look(
        at operation: MarketOperation, _ context: ChildContext, _ memory: inout Memory
    ) async throws -> MarketOperation {
        let now = context.time.now()
        if let last = memory.looks[operation.id], now - last < configuration.lookInterval {
            return operation
        }
        memory.looks[operation.id] = now
        var operation = operation
        do {
            if case .withdraw(_, let account) = operation.action, let arrivals {
                operation = try await takeArrival(of: operation, for: account, arrivals)
                if operation.state.isEnded { return operation }
            }
            operation = try await weigh(operation, &memory)
        } catch let error as MarketplaceError {
            logger.notice(
                "no evidence could be had",
                metadata: ["operation": "\(operation.id)", "error": "\(error)"])
        }
        if operation.state.isEnded {
            memory.looks[operation.id] = nil
            memory.hints[operation.id] = nil
        }
        return operation
    }

    private func weigh(
        _ operation: MarketOperation, _ memory: inout Memory
    ) async throws -> MarketOperation {
        let status = try await status(of: operation)
        if operation.state == .accepted {
            guard status == .failed else { return operation }
            return try await move(operation, to: .notExecuted, "the marketplace says it failed")
        }
        var evidence = OperationEvidence(
            status: status, balance: try await market.balance().available)
        if let item = operation.action.item { evidence.isOwned = try await owns(item) }
        let sentAt = operation.sentAt?.unixMilliseconds ?? 0
        let age = clock.now().unixMilliseconds - sentAt
        let hints = memory.hints[operation.id] ?? 0
        switch evidence.verdict(
            on: operation, isSettled: age >= configuration.settleTime.wholeMilliseconds,
            hints: hints, configuration)
        {
        case .done(let detail): return try await move(operation, to: .done, detail)
        case .accepted(let detail): return try await move(operation, to: .accepted, detail)
        case .notExecuted(let detail): return try await move(operation, to: .notExecuted, detail)
        case .unknown(let detail, let isHint):
            memory.hints[operation.id] = isHint ? hints + 1 : 0
            guard operation.detail != detail else { return operation }
            return try await move(operation, to: .unknown, detail)
        }
    }

    private func status(of operation: MarketOperation) async throws -> WithdrawalStatus? {
        guard let id = operation.remoteID, market.features.contains(.withdrawalStatus),
            case .withdraw = operation.action
        else { return nil }
        return try await market.withdrawalStatus(of: MarketWithdrawalID(id))
    }

    private func owns(_ item: String) async throws -> Bool {
        for try await own in market.ownItems() where own.itemID.text == item { return true }
        return false
    }

    // MARK: - Money that arrives

    /// Credits the deposit that brought a withdrawal's money. The deposit is noted first: a worker
    /// that dies in between goes on with the same one.
    private func takeArrival(
        of operation: MarketOperation, for account: AccountKey, _ arrivals: Arrivals
    ) async throws -> MarketOperation {
        var operation = operation
        let wallet = arrivals.wallet.rawText
        if operation.deposit == nil {
            let unmatched = try await arrivals.store.deposits(
                of: wallet, state: .unmatched, before: nil, limit: configuration.depositsMax)
            let brought = unmatched.last { $0.mayBring(operation, configuration) }
            guard let brought else { return operation }
            operation.deposit = brought.lt
            operation.transactionHash = brought.transactionHash
            operation = try await move(operation, to: .accepted, "the money has arrived")
        }
        guard let lt = operation.deposit else { return operation }
        let found = try await arrivals.store.deposits(
            of: wallet, state: nil, before: lt + 1, limit: 1)
        guard let deposit = found.first, deposit.lt == lt else { return operation }
        if deposit.state == .assigned, deposit.account == account {
            return try await move(operation, to: .done, "the money has arrived")
        }
        let credit = CreditAccount(
            account: account, amount: deposit.amount, reference: "market/\(operation.id)",
            key: nil)
        let outcome = try await arrivals.store.assignDeposit(
            wallet: wallet, lt: lt, by: credit, at: clock.now())
        if case .credited = outcome {
            return try await move(operation, to: .done, "the money has arrived")
        }
        // An operator was faster and gave it to somebody else.
        operation.deposit = nil
        operation.transactionHash = nil
        return try await move(
            operation, to: .accepted, "the deposit of \(lt) was given to another account")
    }

    /// Some marketplaces credit what they were paid only when they are asked.
    private func askForDeposits(_ context: ChildContext, _ memory: inout Memory) async {
        guard market.features.contains(.depositProgress),
            context.time.now() >= memory.nextDepositLook
        else { return }
        memory.nextDepositLook = context.time.now() + configuration.depositInterval
        do throws(MarketplaceError) {
            if memory.target == nil { memory.target = try await market.depositTarget() }
            guard let target = memory.target else { return }
            let progress = try await market.depositProgress(of: target)
            if case .credited(let amount) = progress {
                logger.info("a deposit was credited", metadata: ["amount": "\(amount)"])
            }
        } catch {
            logger.notice("deposits could not be asked for", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Steps

    private func move(
        _ operation: MarketOperation, to state: MarketOperationState, _ detail: String?
    ) async throws -> MarketOperation {
        var next = operation
        next.state = state
        next.detail = detail
        next.version += 1
        next.updatedAt = clock.now()
        guard try await store.update(next, fence: fence) else {
            throw OperationMoved(id: operation.id)
        }
        logger.info(
            "operation moved",
            metadata: [
                "operation": "\(operation.id)", "action": "\(operation.action.name)",
                "state": "\(state.rawValue)", "detail": "\(detail ?? "")",
            ])
        return next
    }
}

/// Another worker has gone on with the operation: this one's lease is over.
struct OperationMoved: Error, CustomStringConvertible {
    let id: MarketOperationID

    var description: String { "another instance has gone on with \(id)" }
}
