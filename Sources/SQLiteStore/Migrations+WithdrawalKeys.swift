// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The fifth and the sixth step: a withdrawal's key stands in its row, and leads its index (ADR 9).
extension Migrations {
    /// The table of keys is left to credits. What else it had of a withdrawal's key stands in the
    /// withdrawal: the parameters, and the time, which is that of its creation.
    static let withdrawalKeys = """
        ALTER TABLE withdrawals ADD COLUMN key TEXT;
        ALTER TABLE withdrawals ADD COLUMN key_expires_at INTEGER;
        UPDATE withdrawals SET key = k.key, key_expires_at = k.expires_at
        FROM idempotency_keys k WHERE k.withdrawal_id = withdrawals.id;
        CREATE UNIQUE INDEX withdrawal_keys ON withdrawals (account_number, key)
            WHERE key IS NOT NULL;
        CREATE TABLE credit_keys (
            number INTEGER PRIMARY KEY,
            account_number INTEGER NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            entry_number INTEGER NOT NULL,
            first_seen_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            UNIQUE (account_number, key)
        ) STRICT;
        INSERT INTO credit_keys
        SELECT number, account_number, key, fingerprint, entry_number, first_seen_at, expires_at
        FROM idempotency_keys WHERE withdrawal_id IS NULL ORDER BY number;
        DROP TABLE idempotency_keys;
        """

    /// Keys mostly rise with time, accounts come in any order: in an index that begins with the
    /// key, a batch's entries stand together.
    static let keysFirst = """
        DROP INDEX withdrawal_keys;
        CREATE UNIQUE INDEX withdrawal_keys ON withdrawals (key, account_number)
            WHERE key IS NOT NULL;
        """
}
