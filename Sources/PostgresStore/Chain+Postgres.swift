// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// What is kept of the chain, as parameters and results.

extension Query {
    static func rivals(of message: PayoutMessage) -> Query {
        var parameters = Parameters()
        parameters.text(message.hash)
        parameters.text(message.wallet)
        parameters.int64(message.sequence)
        return Query(ChainStatements.rivals, parameters)
    }

    static func insert(_ message: PayoutMessage) -> Query {
        var parameters = Parameters()
        parameters.text(message.hash)
        parameters.text(message.wallet)
        parameters.int64(message.sequence)
        parameters.int64(message.validUntil)
        parameters.blob(message.payload)
        parameters.int64(message.createdAt.unixMilliseconds)
        parameters.text(message.state.rawValue)
        parameters.int64(message.updatedAt.unixMilliseconds)
        parameters.optionalText(message.transactionHash)
        parameters.uuids(message.items) { $0.withdrawal }
        parameters.texts(message.items) { $0.destination }
        parameters.int64s(message.items) { $0.amount.rawValue }
        parameters.texts(message.items) { $0.bodyHash }
        parameters.bools(message.items) { $0.isPaid }
        return Query(ChainStatements.insertMessage, parameters)
    }

    static func lock(messages hashes: [MessageHash]) -> Query {
        var parameters = Parameters()
        parameters.texts(hashes) { $0 }
        return Query(ChainStatements.lockMessages, parameters)
    }

    static func move(_ hash: MessageHash, to state: PayoutMessageState, at now: Timestamp) -> Query
    {
        var parameters = Parameters()
        parameters.text(hash)
        parameters.text(state.rawValue)
        parameters.int64(now.unixMilliseconds)
        return Query(ChainStatements.moveMessage, parameters)
    }

    /// One row of a wallet, by its logical time.
    static func row(_ statement: Statement, _ wallet: String, _ lt: LogicalTime) -> Query {
        var parameters = Parameters()
        parameters.text(wallet)
        parameters.int64(lt)
        return Query(statement, parameters)
    }

    static func assign(_ wallet: String, _ lt: LogicalTime, to account: AccountKey) -> Query {
        var parameters = Parameters()
        parameters.text(wallet)
        parameters.int64(lt)
        parameters.text(account.tenant.text)
        parameters.text(account.account.text)
        return Query(ChainStatements.assignDeposit, parameters)
    }
}

extension WalletAdvance {
    /// Locks and reads what it stands on: the position, its messages, and whether any of its
    /// payments is known.
    var locks: [Query] {
        var wallet = Parameters()
        wallet.text(self.wallet)
        var payments = wallet
        payments.int64s(deposits) { $0.lt }
        payments.int64s(strayPayments) { $0.lt }
        return [
            Query(ChainStatements.lockPosition, wallet), .lock(messages: messages.map(\.hash)),
            Query(ChainStatements.knownPayments, payments),
        ]
    }

    /// What `locks` has found.
    static func kept(_ results: [ResultRows]) throws(StoreError) -> AdvanceSnapshot {
        var kept = AdvanceSnapshot()
        if results[0].count > 0 { kept.version = try results[0].int64(0, 0) }
        for row in 0..<results[1].count {
            kept.messages[try results[1].text(row, 0)] = AdvanceSnapshot.Message(
                state: try results[1].choice(row, 1), itemCount: Int(try results[1].int64(row, 2)))
        }
        kept.knowsPayments = results[2].count > 0
        return kept
    }

    /// The position is written first: it is what two advances meet at.
    var writes: [Query] {
        var queries = [Query(ChainStatements.putPosition, positionRow)]
        if !deposits.isEmpty {
            queries.append(Query(ChainStatements.insertDeposits, depositRows))
        }
        if !messages.isEmpty {
            queries.append(Query(ChainStatements.updateMessages, messageRows))
            queries.append(Query(ChainStatements.updateItems, itemRows))
        }
        if !strayPayments.isEmpty {
            queries.append(Query(ChainStatements.insertStrayPayments, strayPaymentRows))
        }
        return queries
    }

    private var positionRow: Parameters {
        var row = Parameters()
        row.text(wallet)
        row.int64(position.lt)
        row.text(position.transactionHash)
        row.int64(position.readUntil)
        row.int64(position.balance.rawValue)
        row.int64(position.received.rawValue)
        row.int64(position.sent.rawValue)
        row.int64(position.fees.rawValue)
        row.int64(position.sequence)
        row.int64(expectedVersion)
        return row
    }

    private var depositRows: Parameters {
        var rows = Parameters()
        rows.texts(deposits) { $0.wallet }
        rows.int64s(deposits) { $0.lt }
        rows.texts(deposits) { $0.transactionHash }
        rows.texts(deposits) { $0.source }
        rows.int64s(deposits) { $0.amount.rawValue }
        rows.blobs(deposits) { $0.comment.map { Array($0.utf8) } }
        rows.texts(deposits) { $0.state.rawValue }
        rows.texts(deposits) { $0.account?.tenant.text }
        rows.texts(deposits) { $0.account?.account.text }
        rows.int64s(deposits) { $0.at.unixMilliseconds }
        return rows
    }

    private var messageRows: Parameters {
        var rows = Parameters()
        rows.texts(messages) { $0.hash }
        rows.texts(messages) { $0.state.rawValue }
        rows.int64s(messages) { $0.updatedAt.unixMilliseconds }
        rows.texts(messages) { $0.transactionHash }
        return rows
    }

    private var itemRows: Parameters {
        let items = messages.flatMap { message in
            zip(1..., message.items).map { (hash: message.hash, position: $0, isPaid: $1.isPaid) }
        }
        var rows = Parameters()
        rows.texts(items) { $0.hash }
        rows.int64s(items) { Int64($0.position) }
        rows.bools(items) { $0.isPaid }
        return rows
    }

    private var strayPaymentRows: Parameters {
        var rows = Parameters()
        rows.texts(strayPayments) { $0.wallet }
        rows.int64s(strayPayments) { $0.lt }
        rows.texts(strayPayments) { $0.transactionHash }
        rows.texts(strayPayments) { $0.destination }
        rows.int64s(strayPayments) { $0.amount.rawValue }
        rows.texts(strayPayments) { $0.bodyHash }
        rows.blobs(strayPayments) { $0.comment.map { Array($0.utf8) } }
        rows.texts(strayPayments) { $0.state.rawValue }
        rows.uuids(strayPayments) { $0.withdrawal }
        rows.texts(strayPayments) { $0.note }
        rows.int64s(strayPayments) { $0.at.unixMilliseconds }
        return rows
    }
}

extension ResultRows {
    /// Messages in the order of their rows, of which each is an item.
    func messages() throws(StoreError) -> [PayoutMessage] {
        var messages: [PayoutMessage] = []
        for row in 0..<count {
            let hash = try text(row, 0)
            if messages.last?.hash != hash {
                messages.append(
                    PayoutMessage(
                        hash: hash, wallet: try text(row, 1), sequence: try int64(row, 2),
                        validUntil: try int64(row, 3), payload: blob(row, 4),
                        createdAt: try time(row, 5), state: try choice(row, 6),
                        updatedAt: try time(row, 7), transactionHash: try optionalText(row, 8),
                        items: []))
            }
            guard !isNull(row, 9) else { continue }
            messages[messages.count - 1].items.append(
                PayoutItem(
                    withdrawal: try withdrawalID(row, 9), destination: try text(row, 10),
                    amount: try nanotons(row, 11), bodyHash: try text(row, 12),
                    isPaid: isNull(row, 13) ? nil : try bool(row, 13)))
        }
        return messages
    }

    func position() throws(StoreError) -> WalletPosition? {
        guard count > 0 else { return nil }
        return WalletPosition(
            lt: try int64(0, 0), transactionHash: try text(0, 1), readUntil: try int64(0, 2),
            balance: try nanotons(0, 3), received: try nanotons(0, 4), sent: try nanotons(0, 5),
            fees: try nanotons(0, 6), sequence: try int64(0, 7), version: try int64(0, 8))
    }

    func deposits() throws(StoreError) -> [Deposit] {
        var deposits: [Deposit] = []
        for row in 0..<count {
            deposits.append(
                Deposit(
                    wallet: try text(row, 0), lt: try int64(row, 1),
                    transactionHash: try text(row, 2), source: try text(row, 3),
                    amount: try nanotons(row, 4), comment: comment(row, 5),
                    state: try choice(row, 6),
                    account: isNull(row, 7) ? nil : try accountKey(row, 7), at: try time(row, 9)))
        }
        return deposits
    }

    func strayPayments() throws(StoreError) -> [StrayPayment] {
        var payments: [StrayPayment] = []
        for row in 0..<count {
            payments.append(
                StrayPayment(
                    wallet: try text(row, 0), lt: try int64(row, 1),
                    transactionHash: try text(row, 2), destination: try text(row, 3),
                    amount: try nanotons(row, 4), bodyHash: try text(row, 5),
                    comment: comment(row, 6), state: try choice(row, 7),
                    withdrawal: isNull(row, 8) ? nil : try withdrawalID(row, 8),
                    note: try optionalText(row, 9), at: try time(row, 10)))
        }
        return payments
    }

    /// A comment's bytes as text; nil for NULL.
    private func comment(_ row: Int, _ column: Int) -> String? {
        isNull(row, column) ? nil : String(decoding: blob(row, column), as: UTF8.self)
    }
}
