// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The seventh step: an account is what its newest entry says (ADR 7).
extension Migrations {
    /// `newest_withdrawal` is the account's newest withdrawal as of the entry, unless the entry is
    /// that one's own hold.
    static let heads = """
        CREATE TABLE entries_with_withdrawals (
            number INTEGER PRIMARY KEY,
            previous INTEGER,
            account_number INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            available_delta INTEGER NOT NULL,
            held_delta INTEGER NOT NULL,
            available INTEGER NOT NULL CHECK (available >= 0),
            held INTEGER NOT NULL CHECK (held >= 0),
            withdrawal_id BLOB,
            reference TEXT,
            at INTEGER NOT NULL,
            newest_withdrawal BLOB
        ) STRICT;
        WITH holding AS (
            SELECT *, max(iif(kind = 'HOLD' AND withdrawal_id IS NOT NULL, number, NULL))
                OVER (PARTITION BY account_number ORDER BY number) AS hold
            FROM entries
        )
        INSERT INTO entries_with_withdrawals
        SELECT h.number, h.previous, h.account_number, h.sequence, h.kind, h.available_delta,
            h.held_delta, h.available, h.held, h.withdrawal_id, h.reference, h.at,
            iif(h.hold = h.number, NULL, e.withdrawal_id)
        FROM holding h LEFT JOIN entries e ON e.number = h.hold ORDER BY h.number;
        DROP TABLE entries;
        ALTER TABLE entries_with_withdrawals RENAME TO entries;
        \(entryRules)
        CREATE TABLE heads (
            account_number INTEGER PRIMARY KEY,
            newest_entry INTEGER NOT NULL
        ) STRICT;
        INSERT INTO heads SELECT account_number, newest_entry FROM balances ORDER BY account_number;
        DROP TABLE balances;
        """
}
