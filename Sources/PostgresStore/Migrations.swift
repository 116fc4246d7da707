// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The schema's steps, in order. A step that has been released never changes; the store keeps its
/// checksum and refuses a database that was made by another text.
enum Migrations {
    static let all: [(number: Int64, name: String, sql: String)] = [
        (1, "ledger", ledger)
    ]

    static var ledger: String {
        [guards, accounts, entries, withdrawals, events, keys, payouts, tokens]
            .joined(separator: "\n")
    }

    // Times are Unix milliseconds, amounts nanotons. An account is named by tenant and account, and
    // by its number everywhere else: keys of integers are small and quickly compared. Names compare
    // by their bytes, so that locks are taken in one order whatever the database's locale.

    /// A batch that was planned on rows that have moved since must not be written.
    private static let guards = """
        CREATE FUNCTION expect_rows(changed bigint, expected bigint) RETURNS void
        LANGUAGE plpgsql AS $$ BEGIN
            IF changed <> expected THEN
                RAISE EXCEPTION 'the batch was planned on rows that have moved'
                    USING ERRCODE = 'serialization_failure';
            END IF;
        END $$;
        """

    private static let accounts = """
        CREATE TABLE accounts (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant text COLLATE "C" NOT NULL,
            account text COLLATE "C" NOT NULL,
            available bigint NOT NULL CHECK (available >= 0),
            held bigint NOT NULL CHECK (held >= 0),
            last_sequence bigint NOT NULL,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            UNIQUE (tenant, account)
        ) WITH (fillfactor = 50);
        """

    private static let entries = """
        CREATE TABLE entries (
            account_number bigint NOT NULL,
            sequence bigint NOT NULL,
            kind text COLLATE "C" NOT NULL,
            available_delta bigint NOT NULL,
            held_delta bigint NOT NULL,
            available bigint NOT NULL,
            held bigint NOT NULL,
            withdrawal_id uuid,
            reference text,
            at bigint NOT NULL,
            PRIMARY KEY (account_number, sequence)
        );
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
        CREATE TRIGGER entries_are_append_only BEFORE UPDATE OR DELETE ON entries
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """

    private static let withdrawals = """
        CREATE TABLE withdrawals (
            id uuid PRIMARY KEY,
            account_number bigint NOT NULL,
            amount bigint NOT NULL,
            fee bigint NOT NULL,
            address text COLLATE "C" NOT NULL,
            bounceable boolean NOT NULL,
            comment text,
            state text COLLATE "C" NOT NULL,
            version bigint NOT NULL,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            transaction_hash text,
            failure_reason text
        ) WITH (fillfactor = 80);
        CREATE INDEX withdrawals_by_account ON withdrawals (account_number, id);
        CREATE INDEX unsettled_withdrawals ON withdrawals (state, updated_at, id)
            WHERE state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW');
        """

    /// From the second on: the first is the withdrawal's own row, PENDING when it was created.
    private static let events = """
        CREATE TABLE withdrawal_events (
            withdrawal_id uuid NOT NULL,
            sequence bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            at bigint NOT NULL,
            detail text,
            PRIMARY KEY (withdrawal_id, sequence)
        );
        """

    private static let keys = """
        CREATE TABLE idempotency_keys (
            account_number bigint NOT NULL,
            method bigint NOT NULL,
            key text COLLATE "C" NOT NULL,
            fingerprint bytea NOT NULL,
            withdrawal_id uuid,
            entry_sequence bigint,
            first_seen_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            PRIMARY KEY (account_number, method, key)
        );
        """

    private static let payouts = """
        CREATE TABLE payouts (
            withdrawal_id uuid NOT NULL,
            created_at bigint NOT NULL,
            gateway text NOT NULL,
            reference text NOT NULL,
            payload bytea NOT NULL,
            PRIMARY KEY (withdrawal_id, created_at)
        );
        """

    private static let tokens = """
        CREATE TABLE api_tokens (
            name text COLLATE "C" PRIMARY KEY,
            tenant text COLLATE "C" NOT NULL,
            digest bytea NOT NULL UNIQUE,
            scopes text NOT NULL,
            created_at bigint NOT NULL,
            expires_at bigint,
            revoked_at bigint
        );
        """
}
