// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

enum AccountTable {
    private static let columns =
        "tenant, account, available, held, last_sequence, created_at, updated_at"

    static func find(_ key: AccountKey, _ database: Database) throws -> Ledger.Account? {
        let statement = try database.cachedStatement(
            sql: "SELECT \(columns) FROM accounts WHERE tenant = ? AND account = ?")
        return try Row.fetchOne(
            statement, arguments: [key.tenant.text, key.account.text]
        ).map(record)
    }

    static func put(_ account: Ledger.Account, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO accounts (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET available = excluded.available, held = excluded.held,
                    last_sequence = excluded.last_sequence, updated_at = excluded.updated_at
                """
        ).execute(arguments: [
            account.key.tenant.text, account.key.account.text, account.available.rawValue,
            account.held.rawValue, account.lastSequence, account.createdAt.unixMilliseconds,
            account.updatedAt.unixMilliseconds,
        ])
    }

    /// Recomputes the sums of a page of accounts from their journals and unsettled withdrawals.
    static func audit(
        after: AccountKey?, limit: Int, _ database: Database
    ) throws -> LedgerAudit {
        let accounts = try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns) FROM accounts WHERE (tenant, account) > (?, ?)
                ORDER BY tenant, account LIMIT ?
                """,
            arguments: [after?.tenant.text ?? "", after?.account.text ?? "", limit]
        ).map(record)
        var audit = LedgerAudit(violations: [], checked: accounts.count, last: nil)
        for account in accounts where try !isSound(account, database) {
            audit.violations.append(account.key)
        }
        if accounts.count == limit { audit.last = accounts.last?.key }
        return audit
    }

    private static func isSound(_ account: Ledger.Account, _ database: Database) throws -> Bool {
        let name: StatementArguments = [account.key.tenant.text, account.key.account.text]
        let journal = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT count(*), coalesce(max(sequence), 0), coalesce(sum(available_delta), 0),
                        coalesce(sum(held_delta), 0)
                    FROM entries WHERE tenant = ? AND account = ?
                    """), arguments: name)
        let reserved = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT coalesce(sum(amount + fee), 0) FROM withdrawals
                    WHERE tenant = ? AND account = ?
                        AND state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW')
                    """), arguments: name)
        let newest = try EntryTable.find(account.key, account.lastSequence, database)
        guard let journal, let reserved else { return false }
        return try journal.value(0, as: Int64.self) == account.lastSequence
            && journal.value(1, as: Int64.self) == account.lastSequence
            && journal.value(2, as: Int64.self) == account.available.rawValue
            && journal.value(3, as: Int64.self) == account.held.rawValue
            && reserved == account.held.rawValue
            && (newest?.available ?? .zero) == account.available
            && (newest?.held ?? .zero) == account.held
    }

    private static func record(_ row: Row) throws -> Ledger.Account {
        Ledger.Account(
            key: try row.accountKey(0), available: try row.nanotons(2), held: try row.nanotons(3),
            lastSequence: try row.value(4), createdAt: try row.time(5), updatedAt: try row.time(6))
    }
}

enum EntryTable {
    private static let columns = """
        tenant, account, sequence, kind, available_delta, held_delta, available, held, \
        withdrawal_id, reference, at
        """

    static func insert(_ entry: Ledger.Entry, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO entries (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            entry.account.tenant.text, entry.account.account.text, entry.sequence,
            entry.kind.rawValue, entry.availableDelta, entry.heldDelta, entry.available.rawValue,
            entry.held.rawValue, entry.withdrawalID?.blob, entry.reference,
            entry.at.unixMilliseconds,
        ])
    }

    static func find(
        _ key: AccountKey, _ sequence: Int64, _ database: Database
    ) throws -> Ledger.Entry? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(columns) FROM entries WHERE tenant = ? AND account = ? AND sequence = ?
                """)
        return try Row.fetchOne(
            statement, arguments: [key.tenant.text, key.account.text, sequence]
        ).map(record)
    }

    static func page(
        _ key: AccountKey, before: Int64, limit: Int, _ database: Database
    ) throws -> [Ledger.Entry] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM entries
                    WHERE tenant = ? AND account = ? AND sequence < ?
                    ORDER BY sequence DESC LIMIT ?
                    """), arguments: [key.tenant.text, key.account.text, before, limit]
        ).map(record)
    }

    private static func record(_ row: Row) throws -> Ledger.Entry {
        Ledger.Entry(
            account: try row.accountKey(0), sequence: try row.value(2), kind: try row.choice(3),
            availableDelta: try row.value(4), heldDelta: try row.value(5),
            available: try row.nanotons(6), held: try row.nanotons(7),
            withdrawalID: row.hasNull(atIndex: 8) ? nil : try row.withdrawalID(8),
            reference: row[9],
            at: try row.time(10))
    }
}
