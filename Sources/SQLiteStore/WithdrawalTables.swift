// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

enum WithdrawalTable {
    private static let columns = """
        id, tenant, account, amount, fee, address, bounceable, comment, state, version, \
        created_at, updated_at, transaction_hash, failure_reason
        """

    static func insert(_ withdrawal: Ledger.Withdrawal, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO withdrawals (\(columns))
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            withdrawal.id.blob, withdrawal.account.tenant.text, withdrawal.account.account.text,
            withdrawal.amount.rawValue, withdrawal.fee.rawValue,
            withdrawal.destination.rawAddress, withdrawal.destination.isBounceable,
            withdrawal.comment, withdrawal.state.rawValue, withdrawal.version,
            withdrawal.createdAt.unixMilliseconds, withdrawal.updatedAt.unixMilliseconds,
            withdrawal.transactionHash, withdrawal.failureReason,
        ])
    }

    static func update(_ withdrawal: Ledger.Withdrawal, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE withdrawals SET state = ?, version = ?, updated_at = ?,
                    transaction_hash = ?, failure_reason = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            withdrawal.state.rawValue, withdrawal.version, withdrawal.updatedAt.unixMilliseconds,
            withdrawal.transactionHash, withdrawal.failureReason, withdrawal.id.blob,
        ])
    }

    static func find(_ id: WithdrawalID, _ database: Database) throws -> Ledger.Withdrawal? {
        let statement = try database.cachedStatement(
            sql: "SELECT \(columns) FROM withdrawals WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [id.blob]).map(record)
    }

    static func page(
        _ key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int,
        _ database: Database
    ) throws -> [Ledger.Withdrawal] {
        let newest = Data(repeating: 0xFF, count: 16)
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM withdrawals
                    WHERE tenant = ? AND account = ? AND id < ? AND (? IS NULL OR state = ?)
                    ORDER BY id DESC LIMIT ?
                    """),
            arguments: [
                key.tenant.text, key.account.text, before?.blob ?? newest, state?.rawValue,
                state?.rawValue, limit,
            ]
        ).map(record)
    }

    static func queue(
        _ state: WithdrawalState, unchangedSince until: Timestamp, limit: Int,
        _ database: Database
    ) throws -> [Ledger.Withdrawal] {
        // The states of the partial index are spelled out, or SQLite would not see that it fits.
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM withdrawals
                    WHERE state = ? AND updated_at <= ?
                        AND state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW')
                    ORDER BY updated_at, id LIMIT ?
                    """), arguments: [state.rawValue, until.unixMilliseconds, limit]
        ).map(record)
    }

    private static func record(_ row: Row) throws -> Ledger.Withdrawal {
        Ledger.Withdrawal(
            id: try row.withdrawalID(0), account: try row.accountKey(1),
            amount: try row.nanotons(3), fee: try row.nanotons(4),
            destination: Destination(
                rawAddress: try row.value(5), isBounceable: try row.value(6)),
            comment: row[7], state: try row.choice(8), version: try row.value(9),
            createdAt: try row.time(10), updatedAt: try row.time(11), transactionHash: row[12],
            failureReason: row[13])
    }
}

enum EventTable {
    static func insert(_ event: Ledger.WithdrawalEvent, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO withdrawal_events (withdrawal_id, sequence, state, at, detail)
                VALUES (?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            event.withdrawalID.blob, event.sequence, event.state.rawValue,
            event.at.unixMilliseconds, event.detail,
        ])
    }

    static func page(
        _ id: WithdrawalID, after sequence: Int64, limit: Int, _ database: Database
    ) throws -> [Ledger.WithdrawalEvent] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT 1, 'PENDING', created_at, NULL FROM withdrawals
                    WHERE id = ?1 AND ?2 < 1
                    UNION ALL
                    SELECT sequence, state, at, detail FROM withdrawal_events
                    WHERE withdrawal_id = ?1 AND sequence > ?2 ORDER BY 1 LIMIT ?3
                    """), arguments: [id.blob, sequence, limit]
        ).map { row in
            Ledger.WithdrawalEvent(
                withdrawalID: id, sequence: try row.value(0), state: try row.choice(1),
                at: try row.time(2), detail: row[3])
        }
    }
}

enum PayoutTable {
    static func insert(_ payout: Payout, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO payouts (withdrawal_id, created_at, gateway, reference, payload)
                VALUES (?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            payout.withdrawalID.blob, payout.createdAt.unixMilliseconds, payout.gateway,
            payout.reference, Data(payout.payload),
        ])
    }

    static func newest(_ id: WithdrawalID, _ database: Database) throws -> Payout? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT gateway, reference, payload, created_at FROM payouts
                WHERE withdrawal_id = ? ORDER BY created_at DESC LIMIT 1
                """)
        return try Row.fetchOne(statement, arguments: [id.blob]).map { row in
            Payout(
                withdrawalID: id, gateway: try row.value(0), reference: try row.value(1),
                payload: [UInt8](try row.value(2, as: Data.self)), createdAt: try row.time(3))
        }
    }
}

enum KeyTable {
    private static let columns = """
        tenant, account, method, key, fingerprint, withdrawal_id, entry_sequence, first_seen_at, \
        expires_at
        """

    static func insert(_ record: KeyRecord, _ database: Database) throws {
        var withdrawal: Data?
        var entry: Int64?
        switch record.subject {
        case .withdrawal(let id): withdrawal = id.blob
        case .entry(let sequence): entry = sequence
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO idempotency_keys (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            record.scope.account.tenant.text, record.scope.account.account.text,
            record.scope.method.rawValue, record.scope.key.text, Data(record.fingerprint.bytes),
            withdrawal, entry, record.firstSeenAt.unixMilliseconds,
            record.expiresAt.unixMilliseconds,
        ])
    }

    static func find(_ scope: KeyScope, _ database: Database) throws -> KeyRecord? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT fingerprint, withdrawal_id, entry_sequence, first_seen_at, expires_at
                FROM idempotency_keys
                WHERE tenant = ? AND account = ? AND method = ? AND key = ?
                """)
        let arguments: StatementArguments = [
            scope.account.tenant.text, scope.account.account.text, scope.method.rawValue,
            scope.key.text,
        ]
        return try Row.fetchOne(statement, arguments: arguments).map { row in
            guard let print = Fingerprint(bytes: [UInt8](try row.value(0, as: Data.self))) else {
                throw row.corrupt(0)
            }
            let subject: KeyRecord.Subject =
                row.hasNull(atIndex: 1)
                ? .entry(try row.value(2)) : .withdrawal(try row.withdrawalID(1))
            return KeyRecord(
                scope: scope, fingerprint: print, subject: subject, firstSeenAt: try row.time(3),
                expiresAt: try row.time(4))
        }
    }
}
