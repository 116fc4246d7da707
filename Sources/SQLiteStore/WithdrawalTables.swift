// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

enum WithdrawalTable {
    /// Of a withdrawal `w` and its account `a`.
    private static let columns = """
        w.id, a.tenant, a.account, w.amount, w.fee, w.address, w.bounceable, w.comment, w.state, \
        w.version, w.created_at, w.updated_at, w.transaction_hash, w.failure_reason
        """

    /// As the index of unsettled withdrawals has it, or SQLite would not see that it fits.
    static let isUnsettled =
        "(state = 'PENDING' OR state = 'PROCESSING' OR state = 'SENT' OR state = 'IN_REVIEW')"

    static func find(_ id: WithdrawalID, _ database: Database) throws -> Ledger.Withdrawal? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(columns) FROM withdrawals w JOIN accounts a ON a.number = account_number
                WHERE id = ?
                """)
        return try Row.fetchOne(statement, arguments: [id.blob]).map(record)
    }

    /// What is remembered of a withdrawal's key, with the withdrawal.
    static func find(
        _ scope: KeyScope, accountNumber: Int64, _ database: Database
    ) throws -> (KeyRecord, Ledger.Withdrawal)? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(columns), w.key_expires_at
                FROM withdrawals w JOIN accounts a ON a.number = account_number
                WHERE account_number = ? AND key = ?
                """)
        return try Row.fetchOne(
            statement, arguments: [accountNumber, scope.key.text]
        ).map { row in
            let withdrawal = try record(row)
            return (
                KeyRecord(
                    scope: scope, subject: .withdrawal(withdrawal.id),
                    firstSeenAt: withdrawal.createdAt, expiresAt: try row.time(14)), withdrawal
            )
        }
    }

    /// Follows the account's chain from the one before `before`, or from the newest.
    static func page(
        _ key: AccountKey, state: WithdrawalState?, before: WithdrawalID?, limit: Int,
        _ database: Database
    ) throws -> [Ledger.Withdrawal] {
        guard let balance = try BalanceTable.find(key, database) else { return [] }
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    WITH RECURSIVE w AS (
                        SELECT * FROM withdrawals WHERE id = iif(?1 IS NULL, ?2,
                            (SELECT previous FROM withdrawals
                            WHERE id = ?1 AND account_number = ?3))
                        UNION ALL
                        SELECT older.* FROM w JOIN withdrawals older ON older.id = w.previous
                    )
                    SELECT \(columns) FROM w CROSS JOIN accounts a ON a.number = w.account_number
                    WHERE ?4 IS NULL OR w.state = ?4 LIMIT ?5
                    """),
            arguments: [
                before?.blob, balance.newestWithdrawal?.blob, balance.number, state?.rawValue,
                limit,
            ]
        ).map(record)
    }

    static func queue(
        _ state: WithdrawalState, unchangedSince until: Timestamp, limit: Int,
        _ database: Database
    ) throws -> [Ledger.Withdrawal] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns)
                    FROM withdrawals w CROSS JOIN accounts a ON a.number = account_number
                    WHERE state = ? AND w.updated_at <= ?
                        AND \(isUnsettled)
                    ORDER BY w.updated_at, id LIMIT ?
                    """), arguments: [state.rawValue, until.unixMilliseconds, limit]
        ).map(record)
    }

    static func unsettled(
        _ database: Database
    ) throws -> [WithdrawalState: LedgerTotals.Standing] {
        var standings: [WithdrawalState: LedgerTotals.Standing] = [:]
        for row in try Row.fetchAll(
            database,
            sql: """
                SELECT state, count(*), min(updated_at), sum((amount + fee) / 1000000000),
                    sum((amount + fee) % 1000000000)
                FROM withdrawals
                WHERE \(isUnsettled) GROUP BY state
                """)
        {
            standings[try row.choice(0)] = LedgerTotals.Standing(
                count: try row.value(1), oldestChange: try row.time(2),
                reserved: try row.splitSum(3))
        }
        return standings
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
    static func newest(_ id: WithdrawalID, _ database: Database) throws -> Payout? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT gateway, reference, payload, created_at FROM payouts
                WHERE withdrawal_id = ? ORDER BY sequence DESC LIMIT 1
                """)
        return try Row.fetchOne(statement, arguments: [id.blob]).map { row in
            Payout(
                withdrawalID: id, gateway: try row.value(0), reference: try row.value(1),
                payload: [UInt8](try row.value(2, as: Data.self)), createdAt: try row.time(3))
        }
    }
}

enum CreditKeyTable {
    /// What is remembered of a credit's key, with the entry it stands for.
    static func find(
        _ scope: KeyScope, accountNumber: Int64, _ database: Database
    ) throws -> (KeyRecord, Ledger.Entry)? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT fingerprint, entry_number, first_seen_at, expires_at
                FROM credit_keys WHERE account_number = ? AND key = ?
                """)
        return try Row.fetchOne(
            statement, arguments: [accountNumber, scope.key.text]
        ).map { row in
            guard let print = Fingerprint(bytes: [UInt8](try row.value(0, as: Data.self))) else {
                throw row.corrupt(0)
            }
            let entry = try EntryTable.find(try row.value(1), of: scope.account, database)
            guard let entry else { throw row.corrupt(1) }
            let record = KeyRecord(
                scope: scope, subject: .entry(entry.sequence, print),
                firstSeenAt: try row.time(2), expiresAt: try row.time(3))
            return (record, entry)
        }
    }
}
