// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The second step: what is kept of the chain.
extension Migrations {
    /// A withdrawal may be sent again after proof that it was not paid: the newest payout is the one
    /// of the last step to `SENT`, whatever the clock said. Before, there was one at the most.
    static let numberedPayouts = """
        CREATE TABLE numbered_payouts (
            withdrawal_id BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            gateway TEXT NOT NULL,
            reference TEXT NOT NULL,
            payload BLOB NOT NULL,
            PRIMARY KEY (withdrawal_id, sequence)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO numbered_payouts
            SELECT withdrawal_id, 0, created_at, gateway, reference, payload FROM payouts;
        DROP TABLE payouts;
        ALTER TABLE numbered_payouts RENAME TO payouts;
        """

    /// The account may not have been opened yet, so it stands here by its name.
    static let memos = """
        CREATE TABLE deposit_memos (
            memo TEXT PRIMARY KEY,
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            UNIQUE (tenant, account)
        ) STRICT, WITHOUT ROWID;
        """

    /// Hashes are hexadecimal text. At most one message of a sequence may ever be executed.
    static let messages = """
        CREATE TABLE payout_messages (
            number INTEGER PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            wallet TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            valid_until INTEGER NOT NULL,
            payload BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL,
            updated_at INTEGER NOT NULL,
            transaction_hash TEXT
        ) STRICT;
        CREATE UNIQUE INDEX live_payout_messages ON payout_messages (wallet, sequence)
            WHERE state IN ('signed', 'released', 'executed');
        CREATE INDEX payout_messages_by_state ON payout_messages (wallet, state, sequence, number);
        CREATE TABLE payout_items (
            message_number INTEGER NOT NULL,
            position INTEGER NOT NULL,
            withdrawal_id BLOB NOT NULL,
            destination TEXT NOT NULL,
            amount INTEGER NOT NULL,
            body_hash TEXT NOT NULL,
            is_paid INTEGER,
            PRIMARY KEY (message_number, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX open_payout_items ON payout_items (message_number) WHERE is_paid IS NULL;
        CREATE INDEX made_payout_items ON payout_items (destination, message_number)
            WHERE is_paid = 1;
        CREATE INDEX payout_items_by_withdrawal ON payout_items (withdrawal_id, message_number);
        """

    static let positions = """
        CREATE TABLE wallet_positions (
            wallet TEXT PRIMARY KEY,
            lt INTEGER NOT NULL,
            transaction_hash TEXT NOT NULL,
            read_until INTEGER NOT NULL,
            balance INTEGER NOT NULL,
            received INTEGER NOT NULL,
            sent INTEGER NOT NULL,
            fees INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Comments are bytes: a stranger writes them, and text may not hold every character.
    static let deposits = """
        CREATE TABLE deposits (
            wallet TEXT NOT NULL,
            lt INTEGER NOT NULL,
            transaction_hash TEXT NOT NULL,
            source TEXT NOT NULL,
            amount INTEGER NOT NULL,
            comment BLOB,
            state TEXT NOT NULL,
            tenant TEXT,
            account TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (wallet, lt)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX deposits_by_state ON deposits (wallet, state, lt);
        """

    static let strayPayments = """
        CREATE TABLE stray_payments (
            wallet TEXT NOT NULL,
            lt INTEGER NOT NULL,
            transaction_hash TEXT NOT NULL,
            destination TEXT NOT NULL,
            amount INTEGER NOT NULL,
            body_hash TEXT NOT NULL,
            comment BLOB,
            state TEXT NOT NULL,
            withdrawal_id BLOB,
            note TEXT,
            at INTEGER NOT NULL,
            settled_at INTEGER,
            PRIMARY KEY (wallet, lt)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX stray_payments_by_state ON stray_payments (wallet, state, lt);
        """
}
