// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

/// Signed messages with what they pay: `payout_messages` and `payout_items`.
enum MessageTable {
    private static let columns = """
        number, hash, wallet, sequence, valid_until, payload, created_at, state, updated_at, \
        transaction_hash
        """

    /// As the index of live messages has it, or SQLite would not see that it fits.
    private static let isLive = "(state = 'signed' OR state = 'released' OR state = 'executed')"

    static func find(_ hash: MessageHash, _ database: Database) throws -> PayoutMessage? {
        try messages("hash = ?", [hash], database).first?.message
    }

    /// A message that stands in the way of another of the sequence.
    static func live(
        of wallet: String, sequence: Int64, _ database: Database
    ) throws -> MessageHash? {
        try String.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT hash FROM payout_messages WHERE wallet = ? AND sequence = ?
                        AND \(isLive)
                    """), arguments: [wallet, sequence])
    }

    /// State by state, as that is how the index has them.
    static func page(
        of wallet: String, in states: Set<PayoutMessageState>, limit: Int, _ database: Database
    ) throws -> [PayoutMessage] {
        let rows = try states.flatMap { state in
            try messages(
                "wallet = ? AND state = ? ORDER BY sequence, number LIMIT ?",
                [wallet, state.rawValue, limit], database)
        }
        return rows.sorted { left, right in
            (left.message.sequence, left.number) < (right.message.sequence, right.number)
        }.prefix(limit).map(\.message)
    }

    static func paying(
        _ withdrawal: WithdrawalID, _ database: Database
    ) throws -> [PayoutMessage] {
        try messages(
            """
            number IN (SELECT message_number FROM payout_items WHERE withdrawal_id = ?)
                ORDER BY number DESC LIMIT ?
            """, [withdrawal.blob, PayoutMessage.perWithdrawalMax], database
        ).map(\.message)
    }

    static func lastSequence(of wallet: String, _ database: Database) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT sequence FROM payout_messages WHERE wallet = ?
                        AND \(isLive)
                    ORDER BY sequence DESC LIMIT 1
                    """), arguments: [wallet])
    }

    static func awaitingBatch(
        of wallet: String, limit: Int, _ database: Database
    ) throws -> [PayoutMessage] {
        try messages(
            """
            number IN (SELECT message_number FROM payout_items WHERE is_paid IS NULL)
                AND wallet = ? AND state = 'executed' ORDER BY number LIMIT ?
            """, [wallet, limit], database
        ).map(\.message)
    }

    static func payments(
        to destination: String, from wallet: String, limit: Int, _ database: Database
    ) throws -> [MadePayment] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT i.withdrawal_id, m.transaction_hash
                    FROM payout_items i JOIN payout_messages m ON m.number = i.message_number
                    WHERE i.destination = ? AND i.is_paid = 1 AND m.wallet = ?
                    ORDER BY i.message_number DESC, i.position DESC LIMIT ?
                    """), arguments: [destination, wallet, limit]
        ).map { row in
            MadePayment(withdrawal: try row.withdrawalID(0), transactionHash: row[1])
        }
    }

    static func audit(of wallet: String, _ database: Database) throws -> WalletAudit {
        let paid = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT coalesce(sum(i.amount), 0)
                    FROM payout_items i JOIN payout_messages m ON m.number = i.message_number
                    WHERE i.is_paid = 1 AND m.wallet = ?
                    """), arguments: [wallet])
        let stray = try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT coalesce(sum(amount), 0) FROM stray_payments WHERE wallet = ?"),
            arguments: [wallet])
        let misplaced = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT i.withdrawal_id
                    FROM payout_items i JOIN payout_messages m ON m.number = i.message_number
                    LEFT JOIN withdrawals w ON w.id = i.withdrawal_id
                    WHERE i.is_paid = 1 AND m.wallet = ?
                    GROUP BY i.withdrawal_id
                    HAVING count(*) > 1
                        OR coalesce(max(w.state), '') NOT IN ('SENT', 'CONFIRMED', 'RETURNED')
                    ORDER BY i.withdrawal_id LIMIT ?
                    """), arguments: [wallet, WalletAudit.misplacedMax])
        guard let paid = Nanotons(paid ?? 0), let stray = Nanotons(stray ?? 0) else {
            throw StoreError(.corrupt, "a sum of payments is negative")
        }
        return WalletAudit(
            paid: paid, stray: stray, misplaced: try misplaced.map { try $0.withdrawalID(0) })
    }

    static func insert(_ message: PayoutMessage, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO payout_messages (hash, wallet, sequence, valid_until, payload,
                    created_at, state, updated_at, transaction_hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            message.hash, message.wallet, message.sequence, message.validUntil,
            Data(message.payload), message.createdAt.unixMilliseconds, message.state.rawValue,
            message.updatedAt.unixMilliseconds, message.transactionHash,
        ])
        let number = database.lastInsertedRowID
        let statement = try database.cachedStatement(
            sql: "INSERT INTO payout_items VALUES (?, ?, ?, ?, ?, ?, ?)")
        for (position, item) in numbered(message) {
            try statement.execute(arguments: [
                number, position, item.withdrawal.blob, item.destination, item.amount.rawValue,
                item.bodyHash, item.isPaid,
            ])
        }
    }

    /// Takes over what has become of a message and its items.
    static func update(_ message: PayoutMessage, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE payout_messages SET state = ?, updated_at = ?, transaction_hash = ?
                WHERE hash = ?
                """
        ).execute(arguments: [
            message.state.rawValue, message.updatedAt.unixMilliseconds, message.transactionHash,
            message.hash,
        ])
        let statement = try database.cachedStatement(
            sql: """
                UPDATE payout_items SET is_paid = ?1 WHERE position = ?2
                    AND message_number = (SELECT number FROM payout_messages WHERE hash = ?3)
                """)
        for (position, item) in numbered(message) {
            try statement.execute(arguments: [item.isPaid, position, message.hash])
        }
    }

    static func move(
        _ hash: MessageHash, from: PayoutMessageState, to: PayoutMessageState, at now: Timestamp,
        _ database: Database
    ) throws -> Bool {
        try database.execute(
            sql:
                "UPDATE payout_messages SET state = ?, updated_at = ? WHERE hash = ? AND state = ?",
            arguments: [to.rawValue, now.unixMilliseconds, hash, from.rawValue])
        return database.changesCount == 1
    }

    private static func numbered(_ message: PayoutMessage) -> some Sequence<(Int, PayoutItem)> {
        zip(1..., message.items)
    }

    /// - Parameter condition: and what follows it.
    private static func messages(
        _ condition: String, _ arguments: StatementArguments, _ database: Database
    ) throws -> [(number: Int64, message: PayoutMessage)] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT \(columns) FROM payout_messages WHERE " + condition),
            arguments: arguments
        ).map { row in
            let number = try row.value(0, as: Int64.self)
            let message = PayoutMessage(
                hash: try row.value(1), wallet: try row.value(2), sequence: try row.value(3),
                validUntil: try row.value(4), payload: [UInt8](try row.value(5, as: Data.self)),
                createdAt: try row.time(6), state: try row.choice(7), updatedAt: try row.time(8),
                transactionHash: row[9], items: try items(of: number, database))
            return (number, message)
        }
    }

    private static func items(of number: Int64, _ database: Database) throws -> [PayoutItem] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT withdrawal_id, destination, amount, body_hash, is_paid
                    FROM payout_items WHERE message_number = ? ORDER BY position
                    """), arguments: [number]
        ).map { row in
            PayoutItem(
                withdrawal: try row.withdrawalID(0), destination: try row.value(1),
                amount: try row.nanotons(2), bodyHash: try row.value(3), isPaid: row[4])
        }
    }
}
