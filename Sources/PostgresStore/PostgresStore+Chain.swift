// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import TellerProtocol

extension PostgresStore: ChainStore {
    package func memo(
        of account: AccountKey, orElse proposed: DepositMemo
    ) async throws(StoreError) -> DepositMemo {
        guard proposed.isWellFormed else {
            throw StoreError(.rejected, "a memo that is not visible ASCII")
        }
        var named = Parameters()
        named.text(account.tenant.text)
        named.text(account.account.text)
        var kept = Parameters()
        kept.text(proposed.text)
        kept.text(account.tenant.text)
        kept.text(account.account.text)
        let memo = try await chain.run([
            Query(ChainStatements.keepMemo, kept), Query(ChainStatements.memo, named),
        ]) { results throws(StoreError) in
            results[1].count > 0 ? DepositMemo(try results[1].text(0, 0)) : nil
        }
        guard let memo else { throw StoreError(.rejected, "the memo names another account") }
        return memo
    }

    package func accounts(
        named memos: [DepositMemo]
    ) async throws(StoreError) -> [DepositMemo: AccountKey] {
        var parameters = Parameters()
        parameters.texts(memos.filter(\.isWellFormed)) { $0.text }
        return try await readers.run(ChainStatements.namedAccounts, parameters) {
            rows throws(StoreError) in
            var accounts: [DepositMemo: AccountKey] = [:]
            for row in 0..<rows.count {
                accounts[DepositMemo(try rows.text(row, 0))] = try rows.accountKey(row, 1)
            }
            return accounts
        }
    }

    // MARK: - Messages

    package func add(
        _ message: PayoutMessage, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try await transact(
            BatchNeeds([], fence: fence), at: message.createdAt, [.rivals(of: message)]
        ) { loaded throws(StoreError) in
            let rivals = loaded.beside[0]
            guard loaded.snapshot.holds(fence) else { return (.refuse(false), []) }
            if rivals.count > 0 {
                let isItself = try rivals.text(0, 0) == message.hash
                let state: PayoutMessageState = try rivals.choice(0, 1)
                return (.refuse(isItself && state == .signed), [])
            }
            return (.write(BatchWrites(), true), [.insert(message)])
        }
    }

    package func moveMessage(
        _ hash: MessageHash, from: PayoutMessageState, to: PayoutMessageState, at now: Timestamp,
        fence: Fence?
    ) async throws(StoreError) -> Bool {
        guard from.mayMove(to: to) else { return false }
        return try await transact(
            BatchNeeds([], fence: fence), at: now, [.lock(messages: [hash])]
        ) { loaded throws(StoreError) in
            let rows = loaded.beside[0]
            guard loaded.snapshot.holds(fence), rows.count > 0,
                try rows.choice(0, 1, as: PayoutMessageState.self) == from
            else { return (.refuse(false), []) }
            return (.write(BatchWrites(), true), [.move(hash, to: to, at: now)])
        }
    }

    package func messages(
        _ hashes: [MessageHash]
    ) async throws(StoreError) -> [MessageHash: PayoutMessage] {
        var parameters = Parameters()
        parameters.texts(hashes) { $0 }
        return try await readers.run(ChainStatements.messages, parameters) {
            rows throws(StoreError) in
            Dictionary(try rows.messages().map { ($0.hash, $0) }) { first, _ in first }
        }
    }

    package func messages(
        of wallet: String, in states: Set<PayoutMessageState>, limit: Int
    ) async throws(StoreError) -> [PayoutMessage] {
        var parameters = Parameters()
        parameters.text(wallet)
        parameters.texts(Array(states)) { $0.rawValue }
        parameters.int64(Int64(limit))
        return try await readers.run(ChainStatements.messagesOfWallet, parameters) {
            rows throws(StoreError) in try rows.messages()
        }
    }

    package func messages(
        paying withdrawal: WithdrawalID
    ) async throws(StoreError) -> [PayoutMessage] {
        var parameters = Parameters()
        parameters.uuid(withdrawal)
        parameters.int64(Int64(PayoutMessage.perWithdrawalMax))
        return try await readers.run(ChainStatements.messagesPaying, parameters) {
            rows throws(StoreError) in try rows.messages()
        }
    }

    package func lastSequence(of wallet: String) async throws(StoreError) -> Int64? {
        var parameters = Parameters()
        parameters.text(wallet)
        return try await readers.run(ChainStatements.lastSequence, parameters) {
            rows throws(StoreError) in rows.count > 0 ? try rows.int64(0, 0) : nil
        }
    }

    package func messagesAwaitingBatch(
        of wallet: String, limit: Int
    ) async throws(StoreError) -> [PayoutMessage] {
        var parameters = Parameters()
        parameters.text(wallet)
        parameters.int64(Int64(limit))
        return try await readers.run(ChainStatements.messagesAwaitingBatch, parameters) {
            rows throws(StoreError) in try rows.messages()
        }
    }

    package func payments(
        to destination: String, from wallet: String, limit: Int
    ) async throws(StoreError) -> [MadePayment] {
        var parameters = Parameters()
        parameters.text(destination)
        parameters.text(wallet)
        parameters.int64(Int64(limit))
        return try await readers.run(ChainStatements.payments, parameters) {
            rows throws(StoreError) in
            var payments: [MadePayment] = []
            for row in 0..<rows.count {
                payments.append(
                    MadePayment(
                        withdrawal: try rows.withdrawalID(row, 0),
                        transactionHash: try rows.optionalText(row, 1)))
            }
            return payments
        }
    }

    package func audit(ofWallet wallet: String) async throws(StoreError) -> WalletAudit {
        var parameters = Parameters()
        parameters.text(wallet)
        parameters.int64(Int64(WalletAudit.misplacedMax))
        return try await readers.run(ChainStatements.auditWallet, parameters) {
            rows throws(StoreError) in
            var audit = WalletAudit(paid: .zero, stray: .zero, misplaced: [])
            for row in 0..<rows.count {
                if rows.isNull(row, 0) {
                    audit.paid = try rows.nanotons(row, 1)
                    audit.stray = try rows.nanotons(row, 2)
                } else {
                    audit.misplaced.append(try rows.withdrawalID(row, 0))
                }
            }
            return audit
        }
    }

    // MARK: - The wallet

    package func position(of wallet: String) async throws(StoreError) -> WalletPosition? {
        var parameters = Parameters()
        parameters.text(wallet)
        return try await readers.run(ChainStatements.position, parameters) {
            rows throws(StoreError) in try rows.position()
        }
    }

    package func advance(
        _ advance: WalletAdvance, at now: Timestamp
    ) async throws(StoreError) -> WalletAdvanceResult {
        try await transact(
            BatchNeeds(advance.commands, fence: advance.fence), at: now, advance.locks
        ) { [outcomeLifeMilliseconds] loaded throws(StoreError) in
            let plan = advance.plan(
                on: try WalletAdvance.kept(loaded.beside), loaded.snapshot, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            return (plan, advance.writes)
        }
    }

    package func deposits(
        of wallet: String, state: DepositState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [Deposit] {
        try await readers.run(
            state == nil ? ChainStatements.deposits : ChainStatements.depositsInState,
            page(of: wallet, state: state?.rawValue, before: before, limit: limit)
        ) { rows throws(StoreError) in try rows.deposits() }
    }

    package func assignDeposit(
        wallet: String, lt: LogicalTime, by command: CreditAccount, at now: Timestamp
    ) async throws(StoreError) -> LedgerOutcome? {
        try await transact(
            BatchNeeds([.credit(command)]), at: now,
            [.row(ChainStatements.lockDeposit, wallet, lt)]
        ) { [outcomeLifeMilliseconds] loaded throws(StoreError) in
            let plan = command.planAssignment(
                of: try loaded.beside[0].deposits().first, on: loaded.snapshot, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            return (plan, [.assign(wallet, lt, to: command.account)])
        }
    }

    package func strayPayments(
        of wallet: String, state: StrayPaymentState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [StrayPayment] {
        try await readers.run(
            state == nil ? ChainStatements.strayPayments : ChainStatements.strayPaymentsInState,
            page(of: wallet, state: state?.rawValue, before: before, limit: limit)
        ) { rows throws(StoreError) in try rows.strayPayments() }
    }

    package func settleStrayPayment(
        wallet: String, lt: LogicalTime, as state: StrayPaymentState, note: String,
        withdrawal: WithdrawalID?, at now: Timestamp
    ) async throws(StoreError) -> Bool {
        precondition(state != .open)
        var settled = Parameters()
        settled.text(wallet)
        settled.int64(lt)
        settled.text(state.rawValue)
        settled.text(note)
        if let withdrawal { settled.uuid(withdrawal) } else { settled.null() }
        settled.int64(now.unixMilliseconds)
        let settle = Query(ChainStatements.settleStrayPayment, settled)
        return try await transact(
            BatchNeeds([]), at: now, [.row(ChainStatements.lockStrayPayment, wallet, lt)]
        ) { loaded throws(StoreError) in
            let rows = loaded.beside[0]
            guard rows.count > 0, try rows.choice(0, 0, as: StrayPaymentState.self) == .open
            else { return (.refuse(false), []) }
            return (.write(BatchWrites(), true), [settle])
        }
    }

    private func page(
        of wallet: String, state: String?, before: LogicalTime?, limit: Int
    ) -> Parameters {
        var parameters = Parameters()
        parameters.text(wallet)
        parameters.int64(before ?? .max)
        parameters.int64(Int64(limit))
        if let state { parameters.text(state) }
        return parameters
    }

    // MARK: - Transactions

    /// Locks, decides and writes in one transaction of two round trips, again when it lost against
    /// another one.
    ///
    /// - Parameters:
    ///   - reading: what is locked and read beside the needs; `LoadedBatch.beside` has its rows.
    ///   - decide: the plan, and what is written beside the ledger if it is to write.
    private func transact<Answer: Sendable>(
        _ needs: BatchNeeds, at now: Timestamp, _ reading: [Query],
        _ decide:
            @escaping @Sendable (LoadedBatch) throws(StoreError) -> (ChainPlan<Answer>, [Query])
    ) async throws(StoreError) -> Answer {
        var retries = 0
        while true {
            do throws(StoreError) {
                return try await chain.use { connection throws(StoreError) in
                    do throws(StoreError) {
                        return try connection.transact(needs, at: now, reading, decide)
                    } catch {
                        // On a lost connection this fails too, and the server rolls back by itself.
                        try? connection.rollBack()
                        throw error
                    }
                }
            } catch {
                guard error.isTransient, retries < Self.transientRetriesMax else { throw error }
                retries += 1
            }
        }
    }
}

extension Connection {
    fileprivate mutating func transact<Answer>(
        _ needs: BatchNeeds, at now: Timestamp, _ reading: [Query],
        _ decide: (LoadedBatch) throws(StoreError) -> (ChainPlan<Answer>, [Query])
    ) throws(StoreError) -> Answer {
        let loaded = try lock(needs, at: now, beside: reading)
        let (plan, writing) = try decide(loaded)
        switch plan {
        case .refuse(let answer):
            try rollBack()
            return answer
        case .write(let writes, let answer):
            do throws(StoreError) {
                try store(writes, on: loaded, unconfirmed: nil, beside: writing)
            } catch {
                throw isAlive ? error : error.duringCommit
            }
            return answer
        }
    }
}
