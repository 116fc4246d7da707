// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
import Synchronization
package import TellerProtocol

extension InMemoryLedgerStore {
    /// What is kept of the chain.
    struct ChainTables {
        struct Place: Hashable {
            let wallet: String
            let lt: LogicalTime
        }

        var memos: [AccountKey: DepositMemo] = [:]
        var accounts: [DepositMemo: AccountKey] = [:]
        /// In the order in which they were kept.
        var messages: [PayoutMessage] = []
        var positions: [String: WalletPosition] = [:]
        var deposits: [Place: Deposit] = [:]
        var strayPayments: [Place: StrayPayment] = [:]

        func index(_ hash: MessageHash) -> Int? { messages.firstIndex { $0.hash == hash } }
    }

    private func change<Value: Sendable>(
        _ change: (inout State) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try write { state throws(StoreError) in
            state.tables.epochs = cluster.epochs
            return try change(&state)
        }
    }
}

extension InMemoryLedgerStore: ChainStore {
    package func memo(
        of account: AccountKey, orElse proposed: DepositMemo
    ) async throws(StoreError) -> DepositMemo {
        try change { state throws(StoreError) in
            if let memo = state.chain.memos[account] { return memo }
            guard proposed.isWellFormed, state.chain.accounts[proposed] == nil else {
                throw StoreError(.rejected, proposed.text)
            }
            state.chain.memos[account] = proposed
            state.chain.accounts[proposed] = account
            return proposed
        }
    }

    package func accounts(
        named memos: [DepositMemo]
    ) async throws(StoreError) -> [DepositMemo: AccountKey] {
        try read { state in state.chain.accounts.filter { memos.contains($0.key) } }
    }

    // MARK: - Messages

    package func add(
        _ message: PayoutMessage, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try change { state throws(StoreError) in
            guard state.tables.holds(fence) else { return false }
            if let index = state.chain.index(message.hash) {
                return state.chain.messages[index].state == .signed
            }
            let hasRival = state.chain.messages.contains {
                $0.wallet == message.wallet && $0.sequence == message.sequence && $0.state.isLive
            }
            if !hasRival { state.chain.messages.append(message) }
            return !hasRival
        }
    }

    package func moveMessage(
        _ hash: MessageHash, from: PayoutMessageState, to: PayoutMessageState, at now: Timestamp,
        fence: Fence?
    ) async throws(StoreError) -> Bool {
        try change { state throws(StoreError) in
            guard from.mayMove(to: to), state.tables.holds(fence),
                let index = state.chain.index(hash), state.chain.messages[index].state == from
            else { return false }
            state.chain.messages[index].state = to
            state.chain.messages[index].updatedAt = now
            return true
        }
    }

    package func messages(
        _ hashes: [MessageHash]
    ) async throws(StoreError) -> [MessageHash: PayoutMessage] {
        try read { state in
            let found = state.chain.messages.filter { hashes.contains($0.hash) }
            return Dictionary(found.map { ($0.hash, $0) }) { first, _ in first }
        }
    }

    package func messages(
        of wallet: String, in states: Set<PayoutMessageState>, limit: Int
    ) async throws(StoreError) -> [PayoutMessage] {
        try read { state in
            let found = state.chain.messages.enumerated().filter {
                $0.element.wallet == wallet && states.contains($0.element.state)
            }
            return found.sorted {
                ($0.element.sequence, $0.offset) < ($1.element.sequence, $1.offset)
            }.prefix(limit).map(\.element)
        }
    }

    package func messages(
        paying withdrawal: WithdrawalID
    ) async throws(StoreError) -> [PayoutMessage] {
        try read { state in
            let found = state.chain.messages.reversed().filter { message in
                message.items.contains { $0.withdrawal == withdrawal }
            }
            return Array(found.prefix(PayoutMessage.perWithdrawalMax))
        }
    }

    package func lastSequence(of wallet: String) async throws(StoreError) -> Int64? {
        try read { state in
            state.chain.messages.filter { $0.wallet == wallet && $0.state.isLive }
                .map(\.sequence).max()
        }
    }

    package func messagesAwaitingBatch(
        of wallet: String, limit: Int
    ) async throws(StoreError) -> [PayoutMessage] {
        try read { state in
            Array(
                state.chain.messages.filter { message in
                    message.wallet == wallet && message.state == .executed
                        && message.items.contains { $0.isPaid == nil }
                }.prefix(limit))
        }
    }

    package func payments(
        to destination: String, from wallet: String, limit: Int
    ) async throws(StoreError) -> [MadePayment] {
        try read { state in
            let made = state.chain.messages.filter { $0.wallet == wallet }.reversed().flatMap {
                message in
                message.items.reversed().filter {
                    $0.destination == destination && $0.isPaid == true
                }.map {
                    MadePayment(
                        withdrawal: $0.withdrawal, transactionHash: message.transactionHash)
                }
            }
            return Array(made.prefix(limit))
        }
    }

    package func audit(ofWallet wallet: String) async throws(StoreError) -> WalletAudit {
        try read { state in
            let made = state.chain.messages.filter { $0.wallet == wallet }.flatMap(\.items)
                .filter { $0.isPaid == true }
            let strays = state.chain.strayPayments.values.filter { $0.wallet == wallet }
            let counts = Dictionary(made.map { ($0.withdrawal, 1) }, uniquingKeysWith: +)
            let misplaced = counts.filter { id, count in
                switch state.tables.withdrawals[id]?.state {
                case .sent, .confirmed, .returned: count > 1
                default: true
                }
            }.keys.sorted()
            return WalletAudit(
                paid: made.reduce(.zero) { $0.adding($1.amount) ?? .max },
                stray: strays.reduce(.zero) { $0.adding($1.amount) ?? .max },
                misplaced: Array(misplaced.prefix(WalletAudit.misplacedMax)))
        }
    }

    // MARK: - The wallet

    package func position(of wallet: String) async throws(StoreError) -> WalletPosition? {
        try read { $0.chain.positions[wallet] }
    }

    package func advance(
        _ advance: WalletAdvance, at now: Timestamp
    ) async throws(StoreError) -> WalletAdvanceResult {
        try change { state throws(StoreError) in
            switch advance.plan(
                on: state.chain.kept(of: advance), state.tables, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            {
            case .refuse(let result): return result
            case .write(let writes, let result):
                state.chain.apply(advance)
                Self.apply(writes, to: &state)
                return result
            }
        }
    }

    package func deposits(
        of wallet: String, state: DepositState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [Deposit] {
        try read { tables in
            let found = tables.chain.deposits.values.filter {
                $0.wallet == wallet && $0.lt < before ?? .max && $0.state == state ?? $0.state
            }
            return Array(found.sorted { $0.lt > $1.lt }.prefix(limit))
        }
    }

    package func assignDeposit(
        wallet: String, lt: LogicalTime, by command: CreditAccount, at now: Timestamp
    ) async throws(StoreError) -> LedgerOutcome? {
        let place = ChainTables.Place(wallet: wallet, lt: lt)
        return try change { state throws(StoreError) in
            switch command.planAssignment(
                of: state.chain.deposits[place], on: state.tables, at: now,
                outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            {
            case .refuse(let outcome): return outcome
            case .write(let writes, let outcome):
                state.chain.deposits[place]?.state = .assigned
                state.chain.deposits[place]?.account = command.account
                Self.apply(writes, to: &state)
                return outcome
            }
        }
    }

    package func strayPayments(
        of wallet: String, state: StrayPaymentState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [StrayPayment] {
        try read { tables in
            let found = tables.chain.strayPayments.values.filter {
                $0.wallet == wallet && $0.lt < before ?? .max && $0.state == state ?? $0.state
            }
            return Array(found.sorted { $0.lt > $1.lt }.prefix(limit))
        }
    }

    package func settleStrayPayment(
        wallet: String, lt: LogicalTime, as state: StrayPaymentState, note: String,
        withdrawal: WithdrawalID?, at now: Timestamp
    ) async throws(StoreError) -> Bool {
        precondition(state != .open)
        let place = ChainTables.Place(wallet: wallet, lt: lt)
        return try change { tables throws(StoreError) in
            guard var payment = tables.chain.strayPayments[place], payment.state == .open else {
                return false
            }
            payment.state = state
            payment.note = note
            payment.withdrawal = withdrawal
            tables.chain.strayPayments[place] = payment
            return true
        }
    }
}

extension InMemoryLedgerStore.ChainTables {
    fileprivate func kept(of advance: WalletAdvance) -> AdvanceSnapshot {
        var kept = AdvanceSnapshot()
        kept.version = positions[advance.wallet]?.version ?? 0
        for message in advance.messages {
            guard let row = index(message.hash).map({ messages[$0] }) else { continue }
            kept.messages[row.hash] = AdvanceSnapshot.Message(
                state: row.state, itemCount: row.items.count)
        }
        kept.knowsPayments =
            advance.deposits.contains { deposits[Place(wallet: $0.wallet, lt: $0.lt)] != nil }
            || advance.strayPayments.contains {
                strayPayments[Place(wallet: $0.wallet, lt: $0.lt)] != nil
            }
        return kept
    }

    fileprivate mutating func apply(_ advance: WalletAdvance) {
        positions[advance.wallet] = advance.position
        positions[advance.wallet]?.version = advance.expectedVersion + 1
        for deposit in advance.deposits {
            deposits[Place(wallet: deposit.wallet, lt: deposit.lt)] = deposit
        }
        for payment in advance.strayPayments {
            strayPayments[Place(wallet: payment.wallet, lt: payment.lt)] = payment
        }
        for message in advance.messages {
            guard let index = index(message.hash) else { continue }
            messages[index].state = message.state
            messages[index].updatedAt = message.updatedAt
            messages[index].transactionHash = message.transactionHash
            for (position, item) in message.items.enumerated() {
                messages[index].items[position].isPaid = item.isPaid
            }
        }
    }
}
