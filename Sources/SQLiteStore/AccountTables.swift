// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

/// Accounts with their sums: `accounts`, `heads` and the newest entry of each.
enum BalanceTable {
    /// What `find` reads, in its order.
    static let columns = """
        a.number, e.available, e.held, e.sequence, e.number,
            iif(e.kind = 'HOLD' AND e.withdrawal_id IS NOT NULL, e.withdrawal_id,
                e.newest_withdrawal), a.created_at, e.at
        """

    /// In this order whatever the planner believes.
    static let source = """
        accounts a CROSS JOIN heads h ON h.account_number = a.number
            CROSS JOIN entries e ON e.number = h.newest_entry
        """

    static func find(
        _ key: AccountKey, _ database: Database
    ) throws -> LedgerWriter.Remembered? {
        let statement = try database.cachedStatement(
            sql: "SELECT \(columns) FROM \(source) WHERE tenant = ? AND account = ?")
        return try Row.fetchOne(
            statement, arguments: [key.tenant.text, key.account.text]
        ).map { row in
            LedgerWriter.Remembered(
                number: try row.value(0), available: try row.nanotons(1),
                held: try row.nanotons(2), lastSequence: try row.value(3),
                newestEntry: try row.value(4),
                newestWithdrawal: row.hasNull(atIndex: 5) ? nil : try row.withdrawalID(5),
                createdAt: try row.time(6), updatedAt: try row.time(7))
        }
    }

    /// What all accounts have and hold. SQLite refuses a sum that overflows, so tons and what is
    /// left of one are summed apart.
    static func sums(_ database: Database) throws -> (available: Nanotons, held: Nanotons) {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT coalesce(sum(available / 1000000000), 0),
                    coalesce(sum(available % 1000000000), 0),
                    coalesce(sum(held / 1000000000), 0), coalesce(sum(held % 1000000000), 0)
                FROM heads CROSS JOIN entries ON number = newest_entry
                """)
        guard let row else { return (.zero, .zero) }
        return (try row.splitSum(0), try row.splitSum(2))
    }

    /// Recomputes the sums of a page of accounts from their journals, unsettled withdrawals and
    /// deals.
    static func audit(
        after: AccountKey?, limit: Int, _ database: Database
    ) throws -> LedgerAudit {
        let keys = try Row.fetchAll(
            database,
            sql: """
                SELECT tenant, account FROM accounts WHERE (tenant, account) > (?, ?)
                ORDER BY tenant, account LIMIT ?
                """,
            arguments: [after?.tenant.text ?? "", after?.account.text ?? "", limit]
        ).map { try $0.accountKey(0) }
        var audit = LedgerAudit(violations: [], checked: keys.count, last: nil)
        for key in keys where try !isSound(key, database) { audit.violations.append(key) }
        if keys.count == limit {
            audit.last = keys.last
        } else {
            let putBack = try putBack(database)
            audit.violations += putBack.filter { !audit.violations.contains($0) }
        }
        return audit
    }

    /// Accounts whose head is not their newest entry, which their own chains can't tell. Entries are
    /// numbered without gaps, so that in a sound ledger the newest number is the sum of all heads'
    /// sequences; only otherwise is the whole journal read.
    private static func putBack(_ database: Database) throws -> [AccountKey] {
        let missing = try Int64.fetchOne(
            database,
            sql: """
                SELECT (SELECT coalesce(max(number), 0) FROM entries)
                    - (SELECT coalesce(sum(sequence), 0)
                        FROM heads CROSS JOIN entries ON number = newest_entry)
                """)
        guard missing != 0 else { return [] }
        return try Row.fetchAll(
            database,
            sql: """
                SELECT DISTINCT a.tenant, a.account
                FROM entries e CROSS JOIN heads h ON h.account_number = e.account_number
                CROSS JOIN accounts a ON a.number = e.account_number
                WHERE e.number > h.newest_entry ORDER BY a.tenant, a.account
                """
        ).map { try $0.accountKey(0) }
    }

    private static func isSound(_ key: AccountKey, _ database: Database) throws -> Bool {
        guard let balance = try find(key, database) else { return false }
        let journal = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    WITH RECURSIVE chain (previous, sequence, available_delta, held_delta) AS (
                        SELECT previous, sequence, available_delta, held_delta FROM entries
                        WHERE number = ?1 AND account_number = ?2
                        UNION ALL
                        SELECT e.previous, e.sequence, e.available_delta, e.held_delta
                        FROM chain JOIN entries e ON e.number = chain.previous
                        WHERE e.account_number = ?2
                    )
                    SELECT count(*), coalesce(max(sequence), 0), coalesce(sum(available_delta), 0),
                        coalesce(sum(held_delta), 0)
                    FROM chain
                    """), arguments: [balance.newestEntry, balance.number])
        let reserved = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    WITH RECURSIVE chain (previous, total, state) AS (
                        SELECT previous, amount + fee, state FROM withdrawals
                        WHERE id = ?1 AND account_number = ?2
                        UNION ALL
                        SELECT w.previous, w.amount + w.fee, w.state
                        FROM chain JOIN withdrawals w ON w.id = chain.previous
                        WHERE w.account_number = ?2
                    )
                    SELECT coalesce(sum(total), 0) FROM chain
                    WHERE \(WithdrawalTable.isUnsettled)
                    """), arguments: [balance.newestWithdrawal?.blob, balance.number])
        guard let journal, let reserved else { return false }
        return try journal.value(0, as: Int64.self) == balance.lastSequence
            && journal.value(1, as: Int64.self) == balance.lastSequence
            && journal.value(2, as: Int64.self) == balance.available.rawValue
            && journal.value(3, as: Int64.self) == balance.held.rawValue
            && reserved + DealTable.reserved(of: key, database) == balance.held.rawValue
    }
}

enum EntryTable {
    private static let columns = """
        sequence, kind, available_delta, held_delta, available, held, withdrawal_id, reference, at
        """

    /// The entry of that number, which must be the account's.
    static func find(
        _ number: Int64, of key: AccountKey, _ database: Database
    ) throws -> Ledger.Entry? {
        let statement = try database.cachedStatement(
            sql: "SELECT \(columns) FROM entries WHERE number = ?")
        return try Row.fetchOne(statement, arguments: [number]).map { try record($0, key) }
    }

    /// Begins at the first mark from `before` on, or else at the newest entry, and follows the
    /// links.
    static func page(
        _ key: AccountKey, before: Int64, limit: Int, _ database: Database
    ) throws -> [Ledger.Entry] {
        guard let balance = try BalanceTable.find(key, database) else { return [] }
        let between = Migrations.entriesBetweenMarks
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    WITH RECURSIVE chain AS (
                        SELECT * FROM entries WHERE number = coalesce((
                            SELECT number FROM entries
                            WHERE account_number = ?1 AND sequence >= ?2
                                AND sequence % \(between) = 0
                            ORDER BY sequence LIMIT 1), ?3)
                        UNION ALL
                        SELECT e.* FROM chain JOIN entries e ON e.number = chain.previous
                        LIMIT ?4 + \(between)
                    )
                    SELECT \(columns) FROM chain WHERE sequence < ?2
                    ORDER BY sequence DESC LIMIT ?4
                    """), arguments: [balance.number, before, balance.newestEntry, limit]
        ).map { try record($0, key) }
    }

    private static func record(_ row: Row, _ key: AccountKey) throws -> Ledger.Entry {
        Ledger.Entry(
            account: key, sequence: try row.value(0), kind: try row.choice(1),
            availableDelta: try row.value(2), heldDelta: try row.value(3),
            available: try row.nanotons(4), held: try row.nanotons(5),
            withdrawalID: row.hasNull(atIndex: 6) ? nil : try row.withdrawalID(6),
            reference: row[7], at: try row.time(8))
    }
}
