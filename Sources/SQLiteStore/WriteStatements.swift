// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What `LedgerWriter` runs, prepared once. Parameters stand in the order of the columns.
struct WriteStatements {
    let dataVersion: WriteStatement
    let lastEntry: WriteStatement
    let findEpoch: WriteStatement
    let findBalance: WriteStatement
    let findKey: WriteStatement
    let insertAccount: WriteStatement
    let putBalance: WriteStatement
    let insertEntry: WriteStatement
    let insertWithdrawal: WriteStatement
    let updateWithdrawal: WriteStatement
    let insertEvent: WriteStatement
    let insertKey: WriteStatement
    let insertPayout: WriteStatement

    init(_ database: Database) throws {
        func statement(_ sql: String) throws -> WriteStatement {
            try WriteStatement(sql, database)
        }
        dataVersion = try statement("PRAGMA data_version")
        lastEntry = try statement("SELECT max(number) FROM entries")
        findEpoch = try statement("SELECT epoch FROM leases WHERE name = ?")
        findBalance = try statement(
            """
            SELECT number, available, held, last_sequence, newest_entry, newest_withdrawal,
                created_at, updated_at
            FROM accounts JOIN balances ON account_number = number
            WHERE tenant = ? AND account = ?
            """)
        findKey = try statement(
            """
            SELECT number FROM idempotency_keys
            WHERE account_number = ? AND method = ? AND key = ?
            """)
        insertAccount = try statement(
            """
            INSERT INTO accounts (tenant, account, created_at) VALUES (?, ?, ?) RETURNING number
            """)
        putBalance = try statement(
            """
            INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET available = excluded.available, held = excluded.held,
                last_sequence = excluded.last_sequence, newest_entry = excluded.newest_entry,
                newest_withdrawal = excluded.newest_withdrawal, updated_at = excluded.updated_at
            WHERE last_sequence = ?
            """)
        insertEntry = try statement(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        insertWithdrawal = try statement(
            "INSERT INTO withdrawals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        updateWithdrawal = try statement(
            """
            UPDATE withdrawals SET state = ?, version = ?, updated_at = ?, transaction_hash = ?,
                failure_reason = ?
            WHERE id = ?
            """)
        insertEvent = try statement("INSERT INTO withdrawal_events VALUES (?, ?, ?, ?, ?)")
        insertKey = try statement(
            """
            INSERT INTO idempotency_keys (account_number, method, key, fingerprint, withdrawal_id,
                entry_number, first_seen_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertPayout = try statement("INSERT INTO payouts VALUES (?, ?, ?, ?, ?, ?)")
    }
}
