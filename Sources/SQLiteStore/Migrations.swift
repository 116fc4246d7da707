// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The schema's steps, in order. A step that has been released never changes; the store keeps its
/// checksum and refuses a database that was made by another text.
enum Migrations {
    static let all: [(number: Int, name: String, sql: String)] = [
        (
            1, "ledger",
            [
                accounts, entries, withdrawals, events, keys, payouts, tokens,
            ].joined(separator: "\n")
        )
    ]

    /// Ids are 16 bytes, times Unix milliseconds, amounts nanotons.
    private static let accounts = """
        CREATE TABLE accounts (
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            available INTEGER NOT NULL CHECK (available >= 0),
            held INTEGER NOT NULL CHECK (held >= 0),
            last_sequence INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, account)
        ) STRICT, WITHOUT ROWID;
        """

    private static let entries = """
        CREATE TABLE entries (
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            available_delta INTEGER NOT NULL,
            held_delta INTEGER NOT NULL,
            available INTEGER NOT NULL,
            held INTEGER NOT NULL,
            withdrawal_id BLOB,
            reference TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (tenant, account, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER entries_are_never_removed BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
        """

    private static let withdrawals = """
        CREATE TABLE withdrawals (
            id BLOB PRIMARY KEY,
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            amount INTEGER NOT NULL,
            fee INTEGER NOT NULL,
            address TEXT NOT NULL,
            bounceable INTEGER NOT NULL,
            comment TEXT,
            state TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            transaction_hash TEXT,
            failure_reason TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX withdrawals_by_account ON withdrawals (tenant, account, id);
        CREATE INDEX unsettled_withdrawals ON withdrawals (state, updated_at, id)
            WHERE state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW');
        """

    /// From the second on: the first is the withdrawal's own row, PENDING when it was created.
    private static let events = """
        CREATE TABLE withdrawal_events (
            withdrawal_id BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            state TEXT NOT NULL,
            at INTEGER NOT NULL,
            detail TEXT,
            PRIMARY KEY (withdrawal_id, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    private static let keys = """
        CREATE TABLE idempotency_keys (
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            method INTEGER NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            withdrawal_id BLOB,
            entry_sequence INTEGER,
            first_seen_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, account, method, key)
        ) STRICT, WITHOUT ROWID;
        """

    private static let payouts = """
        CREATE TABLE payouts (
            withdrawal_id BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            gateway TEXT NOT NULL,
            reference TEXT NOT NULL,
            payload BLOB NOT NULL,
            PRIMARY KEY (withdrawal_id, created_at)
        ) STRICT, WITHOUT ROWID;
        """

    private static let tokens = """
        CREATE TABLE api_tokens (
            name TEXT PRIMARY KEY,
            tenant TEXT NOT NULL,
            digest BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        """
}
