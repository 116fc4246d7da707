// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
package import Ledger
package import TellerProtocol

extension SQLiteStore: ChainStore {
    package func memo(
        of account: AccountKey, orElse proposed: DepositMemo
    ) async throws(StoreError) -> DepositMemo {
        guard proposed.isWellFormed else {
            throw StoreError(.rejected, "a memo that is not visible ASCII")
        }
        let memo = try await write { try MemoTable.find(account, orElse: proposed, $0) }
        guard let memo else { throw StoreError(.rejected, "the memo names another account") }
        return memo
    }

    package func accounts(
        named memos: [DepositMemo]
    ) async throws(StoreError) -> [DepositMemo: AccountKey] {
        try await read { database in
            var accounts: [DepositMemo: AccountKey] = [:]
            for memo in memos where memo.isWellFormed {
                accounts[memo] = try MemoTable.account(named: memo, database)
            }
            return accounts
        }
    }

    // MARK: - Messages

    package func add(
        _ message: PayoutMessage, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try await transact(beside: BatchNeeds([], fence: fence)) { batch, database in
            guard batch.holds(fence) else { return .refuse(false) }
            if let kept = try MessageTable.find(message.hash, database) {
                return .refuse(kept.state == .signed)
            }
            let live = try MessageTable.live(
                of: message.wallet, sequence: message.sequence, database)
            guard live == nil else { return .refuse(false) }
            try MessageTable.insert(message, database)
            return .write(BatchWrites(), true)
        }
    }

    package func moveMessage(
        _ hash: MessageHash, from: PayoutMessageState, to: PayoutMessageState, at now: Timestamp,
        fence: Fence?
    ) async throws(StoreError) -> Bool {
        guard from.mayMove(to: to) else { return false }
        return try await transact(beside: BatchNeeds([], fence: fence)) { batch, database in
            guard batch.holds(fence),
                try MessageTable.move(hash, from: from, to: to, at: now, database)
            else { return .refuse(false) }
            return .write(BatchWrites(), true)
        }
    }

    package func messages(
        _ hashes: [MessageHash]
    ) async throws(StoreError) -> [MessageHash: PayoutMessage] {
        try await read { database in
            var messages: [MessageHash: PayoutMessage] = [:]
            for hash in hashes { messages[hash] = try MessageTable.find(hash, database) }
            return messages
        }
    }

    package func messages(
        of wallet: String, in states: Set<PayoutMessageState>, limit: Int
    ) async throws(StoreError) -> [PayoutMessage] {
        try await read { try MessageTable.page(of: wallet, in: states, limit: limit, $0) }
    }

    package func messages(
        paying withdrawal: WithdrawalID
    ) async throws(StoreError) -> [PayoutMessage] {
        try await read { try MessageTable.paying(withdrawal, $0) }
    }

    package func lastSequence(of wallet: String) async throws(StoreError) -> Int64? {
        try await read { try MessageTable.lastSequence(of: wallet, $0) }
    }

    package func messagesAwaitingBatch(
        of wallet: String, limit: Int
    ) async throws(StoreError) -> [PayoutMessage] {
        try await read { try MessageTable.awaitingBatch(of: wallet, limit: limit, $0) }
    }

    package func payments(
        to destination: String, from wallet: String, limit: Int
    ) async throws(StoreError) -> [MadePayment] {
        try await read {
            try MessageTable.payments(to: destination, from: wallet, limit: limit, $0)
        }
    }

    package func audit(ofWallet wallet: String) async throws(StoreError) -> WalletAudit {
        try await read { try MessageTable.audit(of: wallet, $0) }
    }

    // MARK: - The wallet

    package func position(of wallet: String) async throws(StoreError) -> WalletPosition? {
        try await read { try PositionTable.find(wallet, $0) }
    }

    package func advance(
        _ advance: WalletAdvance, at now: Timestamp
    ) async throws(StoreError) -> WalletAdvanceResult {
        try await transact(beside: BatchNeeds(advance.commands, fence: advance.fence)) {
            [outcomeLifeMilliseconds] batch, database in
            let plan = advance.plan(
                on: try Self.kept(of: advance, database), batch, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            guard case .write = plan else { return plan }
            try PositionTable.put(advance, database)
            for deposit in advance.deposits { try DepositTable.insert(deposit, database) }
            for message in advance.messages { try MessageTable.update(message, database) }
            for payment in advance.strayPayments {
                try StrayPaymentTable.insert(payment, database)
            }
            return plan
        }
    }

    private static func kept(
        of advance: WalletAdvance, _ database: Database
    ) throws -> AdvanceSnapshot {
        var kept = AdvanceSnapshot()
        kept.version = try PositionTable.find(advance.wallet, database)?.version ?? 0
        for message in advance.messages {
            guard let row = try MessageTable.find(message.hash, database) else { continue }
            kept.messages[row.hash] = AdvanceSnapshot.Message(
                state: row.state, itemCount: row.items.count)
        }
        kept.knowsPayments =
            try advance.deposits.contains {
                try DepositTable.find($0.wallet, $0.lt, database) != nil
            }
            || advance.strayPayments.contains {
                try StrayPaymentTable.isKnown($0.wallet, $0.lt, database)
            }
        return kept
    }

    package func deposits(
        of wallet: String, state: DepositState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [Deposit] {
        let page = WalletPage(wallet: wallet, state: state, before: before, limit: limit)
        return try await read { try DepositTable.page(page, $0) }
    }

    package func assignDeposit(
        wallet: String, lt: LogicalTime, by command: CreditAccount, at now: Timestamp
    ) async throws(StoreError) -> LedgerOutcome? {
        try await transact(beside: BatchNeeds([.credit(command)])) {
            [outcomeLifeMilliseconds] batch, database in
            let plan = command.planAssignment(
                of: try DepositTable.find(wallet, lt, database), on: batch, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            guard case .write = plan else { return plan }
            try DepositTable.assign(wallet, lt, to: command.account, database)
            return plan
        }
    }

    package func strayPayments(
        of wallet: String, state: StrayPaymentState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [StrayPayment] {
        let page = WalletPage(wallet: wallet, state: state, before: before, limit: limit)
        return try await read { try StrayPaymentTable.page(page, $0) }
    }

    package func settleStrayPayment(
        wallet: String, lt: LogicalTime, as state: StrayPaymentState, note: String,
        withdrawal: WithdrawalID?, at now: Timestamp
    ) async throws(StoreError) -> Bool {
        precondition(state != .open)
        return try await transact(beside: BatchNeeds([])) { _, database in
            try database.execute(
                sql: """
                    UPDATE stray_payments SET state = ?, note = ?, withdrawal_id = ?,
                        settled_at = ?
                    WHERE wallet = ? AND lt = ? AND state = 'open'
                    """,
                arguments: [
                    state.rawValue, note, withdrawal?.blob, now.unixMilliseconds, wallet, lt,
                ])
            return database.changesCount == 1 ? .write(BatchWrites(), true) : .refuse(false)
        }
    }
}
