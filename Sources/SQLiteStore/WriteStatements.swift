// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What `LedgerWriter` runs, prepared once. Parameters stand in the order of the columns.
struct WriteStatements {
    let dataVersion: WriteStatement
    let lastEntry: WriteStatement
    let findEpoch: WriteStatement
    let findBalance: WriteStatement
    let findWithdrawalKey: WriteStatement
    let findCreditKey: WriteStatement
    let insertAccount: WriteStatement
    let insertHead: WriteStatement
    let updateHead: WriteStatement
    let entries: InsertStatements
    let withdrawals: InsertStatements
    let updateWithdrawal: WriteStatement
    let insertEvent: WriteStatement
    let insertCreditKey: WriteStatement
    let insertPayout: WriteStatement

    init(_ database: Database) throws {
        func statement(_ sql: String) throws -> WriteStatement {
            try WriteStatement(sql, database)
        }
        dataVersion = try statement("PRAGMA data_version")
        lastEntry = try statement("SELECT max(number) FROM entries")
        findEpoch = try statement("SELECT epoch FROM leases WHERE name = ?")
        findBalance = try statement(
            "SELECT \(BalanceTable.columns) FROM \(BalanceTable.source) WHERE tenant = ? AND account = ?"
        )
        findWithdrawalKey = try statement(
            "SELECT 1 FROM withdrawals WHERE account_number = ? AND key = ?")
        findCreditKey = try statement(
            "SELECT 1 FROM credit_keys WHERE account_number = ? AND key = ?")
        insertAccount = try statement(
            """
            INSERT INTO accounts (tenant, account, created_at) VALUES (?, ?, ?)
            """)
        insertHead = try statement(
            "INSERT INTO heads (newest_entry, account_number) VALUES (?, ?)")
        updateHead = try statement(
            """
            UPDATE heads SET newest_entry = ? WHERE account_number = ? AND newest_entry = ?
            """)
        entries = try InsertStatements(into: "entries", columns: 13, database)
        withdrawals = try InsertStatements(into: "withdrawals", columns: 16, database)
        updateWithdrawal = try statement(
            """
            UPDATE withdrawals SET state = ?, version = ?, updated_at = ?, transaction_hash = ?,
                failure_reason = ?
            WHERE id = ?
            """)
        insertEvent = try statement("INSERT INTO withdrawal_events VALUES (?, ?, ?, ?, ?)")
        insertCreditKey = try statement(
            """
            INSERT INTO credit_keys (account_number, key, fingerprint, entry_number, first_seen_at,
                expires_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """)
        insertPayout = try statement("INSERT INTO payouts VALUES (?, ?, ?, ?, ?, ?)")
    }
}
