// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The schema's steps, in order. A step that has been released never changes; the store keeps its
/// checksum and refuses a database that was made by another text.
///
/// Rows are kept in the order they come, so that a batch fills pages instead of touching one for
/// each row: an account's journal and its withdrawals are chains, each row with a link to the one
/// before (ADR 7). Only `heads`, which knows the newest entry of each, is written in random places,
/// and its rows are short; so is the index of keys when they don't rise with time (ADR 9).
enum Migrations {
    static let all: [(number: Int, name: String, sql: String)] = [
        (
            1, "ledger",
            [
                accounts, balances, entries, withdrawals, events, keys, payouts, tokens, leases,
                taskHistory, taskControls, policies,
            ].joined(separator: "\n")
        ),
        (
            2, "chain",
            [
                numberedPayouts, memos, messages, positions, deposits, strayPayments,
            ].joined(separator: "\n")
        ),
        (3, "deals", deals), (4, "markets", markets), (5, "withdrawal keys", withdrawalKeys),
        (6, "keys first", keysFirst), (7, "heads", heads),
        (8, "open states", openStates),
    ]

    /// Every so many entries of an account one stands in an index; a reader begins at the next one
    /// and follows the links. It is part of the schema's text.
    static let entriesBetweenMarks = 64

    /// What never changes of an account, and its number, by which the other tables know it.
    private static let accounts = """
        CREATE TABLE accounts (
            number INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (tenant, account)
        ) STRICT;
        """

    /// Ids are 16 bytes, times Unix milliseconds, amounts nanotons.
    private static let balances = """
        CREATE TABLE balances (
            account_number INTEGER PRIMARY KEY,
            available INTEGER NOT NULL CHECK (available >= 0),
            held INTEGER NOT NULL CHECK (held >= 0),
            last_sequence INTEGER NOT NULL,
            newest_entry INTEGER NOT NULL,
            newest_withdrawal BLOB,
            updated_at INTEGER NOT NULL
        ) STRICT;
        """

    private static let entries = """
        CREATE TABLE entries (
            number INTEGER PRIMARY KEY,
            previous INTEGER,
            account_number INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            available_delta INTEGER NOT NULL,
            held_delta INTEGER NOT NULL,
            available INTEGER NOT NULL,
            held INTEGER NOT NULL,
            withdrawal_id BLOB,
            reference TEXT,
            at INTEGER NOT NULL
        ) STRICT;
        \(entryRules)
        """

    /// The journal's index and what keeps it from being changed, whichever step makes the table.
    static let entryRules = """
        CREATE UNIQUE INDEX entry_marks ON entries (account_number, sequence)
            WHERE sequence % \(entriesBetweenMarks) = 0;
        CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER entries_are_never_removed BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
        """

    private static let withdrawals = """
        CREATE TABLE withdrawals (
            id BLOB PRIMARY KEY,
            previous BLOB,
            account_number INTEGER NOT NULL,
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
            number INTEGER PRIMARY KEY,
            account_number INTEGER NOT NULL,
            method INTEGER NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            withdrawal_id BLOB,
            entry_number INTEGER,
            first_seen_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            UNIQUE (account_number, method, key)
        ) STRICT;
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

    /// A lease that is given back stays, with its epoch: epochs only ever rise.
    private static let leases = """
        CREATE TABLE leases (
            name TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER leases_are_never_removed BEFORE DELETE ON leases
        BEGIN SELECT RAISE(ABORT, 'epochs of leases only rise'); END;
        CREATE TRIGGER epochs_only_rise BEFORE UPDATE ON leases
            WHEN NEW.epoch < OLD.epoch OR NEW.name <> OLD.name
        BEGIN SELECT RAISE(ABORT, 'epochs of leases only rise'); END;
        """

    /// All numbers come from one row: those of what has been reaped are not given again.
    private static let taskHistory = """
        CREATE TABLE task_numbers (last INTEGER NOT NULL) STRICT;
        INSERT INTO task_numbers VALUES (0);
        CREATE TABLE task_runs (
            number INTEGER PRIMARY KEY,
            task TEXT NOT NULL,
            instance TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            at INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            abandoned INTEGER NOT NULL,
            error TEXT,
            progress TEXT,
            epoch INTEGER,
            UNIQUE (instance, sequence, at)
        ) STRICT;
        CREATE INDEX task_runs_by_task ON task_runs (task, number);
        CREATE TABLE task_transitions (
            number INTEGER PRIMARY KEY,
            task TEXT NOT NULL,
            instance TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            at INTEGER NOT NULL,
            from_state TEXT NOT NULL,
            to_state TEXT NOT NULL,
            reason TEXT,
            attempt INTEGER NOT NULL,
            error TEXT,
            UNIQUE (instance, sequence, at)
        ) STRICT;
        CREATE INDEX task_transitions_by_task ON task_transitions (task, number);
        CREATE TABLE task_reaped (task TEXT PRIMARY KEY, number INTEGER NOT NULL)
            STRICT, WITHOUT ROWID;
        """

    private static let taskControls = """
        CREATE TABLE task_controls (
            number INTEGER PRIMARY KEY,
            task TEXT NOT NULL,
            action TEXT NOT NULL,
            made_by TEXT NOT NULL,
            reason TEXT NOT NULL,
            until INTEGER,
            at INTEGER NOT NULL,
            UNIQUE (task, action, made_by, at)
        ) STRICT;
        """

    private static let policies = """
        CREATE TABLE retry_policies (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            policy TEXT NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT, WITHOUT ROWID;
        """
}
