// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

enum MemoTable {
    /// The account's memo; `proposed` is kept when there is none and it is free.
    static func find(
        _ account: AccountKey, orElse proposed: DepositMemo, _ database: Database
    ) throws -> DepositMemo? {
        try database.execute(
            sql: "INSERT INTO deposit_memos VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [proposed.text, account.tenant.text, account.account.text])
        return try String.fetchOne(
            database, sql: "SELECT memo FROM deposit_memos WHERE tenant = ? AND account = ?",
            arguments: [account.tenant.text, account.account.text]
        ).map { DepositMemo($0) }
    }

    static func account(named memo: DepositMemo, _ database: Database) throws -> AccountKey? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT tenant, account FROM deposit_memos WHERE memo = ?"),
            arguments: [memo.text]
        ).map { try $0.accountKey(0) }
    }
}

enum PositionTable {
    static func find(_ wallet: String, _ database: Database) throws -> WalletPosition? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT lt, transaction_hash, read_until, balance, received, sent, fees,
                        sequence, version
                    FROM wallet_positions WHERE wallet = ?
                    """), arguments: [wallet]
        ).map { row in
            WalletPosition(
                lt: try row.value(0), transactionHash: try row.value(1),
                readUntil: try row.value(2), balance: try row.nanotons(3),
                received: try row.nanotons(4), sent: try row.nanotons(5),
                fees: try row.nanotons(6), sequence: try row.value(7), version: try row.value(8))
        }
    }

    static func put(_ advance: WalletAdvance, _ database: Database) throws {
        let position = advance.position
        try database.execute(
            sql: """
                INSERT INTO wallet_positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET lt = excluded.lt,
                    transaction_hash = excluded.transaction_hash,
                    read_until = excluded.read_until, balance = excluded.balance,
                    received = excluded.received, sent = excluded.sent, fees = excluded.fees,
                    sequence = excluded.sequence, version = excluded.version
                """,
            arguments: [
                advance.wallet, position.lt, position.transactionHash, position.readUntil,
                position.balance.rawValue, position.received.rawValue, position.sent.rawValue,
                position.fees.rawValue, position.sequence, advance.expectedVersion + 1,
            ])
    }
}

enum DepositTable {
    private static let columns =
        "wallet, lt, transaction_hash, source, amount, comment, state, tenant, account, at"

    static func find(
        _ wallet: String, _ lt: LogicalTime, _ database: Database
    ) throws -> Deposit? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT \(columns) FROM deposits WHERE wallet = ? AND lt = ?"),
            arguments: [wallet, lt]
        ).map(record)
    }

    static func page(
        _ page: WalletPage<DepositState>, _ database: Database
    ) throws -> [Deposit] {
        try page.rows(of: "deposits", columns, database).map(record)
    }

    static func insert(_ deposit: Deposit, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO deposits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            deposit.wallet, deposit.lt, deposit.transactionHash, deposit.source,
            deposit.amount.rawValue, deposit.comment.map { Data($0.utf8) }, deposit.state.rawValue,
            deposit.account?.tenant.text, deposit.account?.account.text,
            deposit.at.unixMilliseconds,
        ])
    }

    static func assign(
        _ wallet: String, _ lt: LogicalTime, to account: AccountKey, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                UPDATE deposits SET state = 'assigned', tenant = ?, account = ?
                WHERE wallet = ? AND lt = ?
                """, arguments: [account.tenant.text, account.account.text, wallet, lt])
    }

    private static func record(_ row: Row) throws -> Deposit {
        Deposit(
            wallet: try row.value(0), lt: try row.value(1), transactionHash: try row.value(2),
            source: try row.value(3), amount: try row.nanotons(4), comment: row.comment(5),
            state: try row.choice(6),
            account: row.hasNull(atIndex: 7) ? nil : try row.accountKey(7), at: try row.time(9))
    }
}

enum StrayPaymentTable {
    private static let columns = """
        wallet, lt, transaction_hash, destination, amount, body_hash, comment, state, \
        withdrawal_id, note, at
        """

    static func isKnown(
        _ wallet: String, _ lt: LogicalTime, _ database: Database
    ) throws -> Bool {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT lt FROM stray_payments WHERE wallet = ? AND lt = ?"),
            arguments: [wallet, lt]) != nil
    }

    static func page(
        _ page: WalletPage<StrayPaymentState>, _ database: Database
    ) throws -> [StrayPayment] {
        try page.rows(of: "stray_payments", columns, database).map { row in
            StrayPayment(
                wallet: try row.value(0), lt: try row.value(1), transactionHash: try row.value(2),
                destination: try row.value(3), amount: try row.nanotons(4),
                bodyHash: try row.value(5), comment: row.comment(6), state: try row.choice(7),
                withdrawal: row.hasNull(atIndex: 8) ? nil : try row.withdrawalID(8), note: row[9],
                at: try row.time(10))
        }
    }

    static func insert(_ payment: StrayPayment, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO stray_payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
        ).execute(arguments: [
            payment.wallet, payment.lt, payment.transactionHash, payment.destination,
            payment.amount.rawValue, payment.bodyHash, payment.comment.map { Data($0.utf8) },
            payment.state.rawValue, payment.withdrawal?.blob, payment.note,
            payment.at.unixMilliseconds,
        ])
    }
}

/// A page of a wallet's rows, newest first.
struct WalletPage<State: RawRepresentable & Sendable>: Sendable where State.RawValue == String {
    let wallet: String
    /// nil for all.
    let state: State?
    let before: LogicalTime?
    let limit: Int

    fileprivate func rows(
        of table: String, _ columns: String, _ database: Database
    ) throws -> [Row] {
        var arguments: StatementArguments = [wallet, before ?? .max, limit]
        if let state { arguments += [state.rawValue] }
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM \(table)
                    WHERE wallet = ?1 AND lt < ?2 \(state == nil ? "" : "AND state = ?4")
                    ORDER BY lt DESC LIMIT ?3
                    """), arguments: arguments)
    }
}

extension Row {
    /// A comment's bytes as text; nil for null.
    fileprivate func comment(_ column: Int) -> String? {
        (self[column] as Data?).map { String(decoding: $0, as: UTF8.self) }
    }
}
