// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The schema's steps, in order. A step that has been released never changes; the store keeps its
/// checksum and refuses a database that was made by another text.
enum Migrations {
    static let all: [(number: Int64, name: String, sql: String)] = [
        (1, "ledger", ledger), (2, "chain", chain), (3, "deals", deals), (4, "markets", markets),
        (5, "keys first", keysFirst),
    ]

    static var ledger: String {
        [
            guards, accounts, entries, withdrawals, events, creditKeys, payouts, tokens, leases,
            taskHistory, taskControls, policies,
        ].joined(separator: "\n")
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

    /// A withdrawal's key stands in its row: its fingerprint follows from what never changes of it.
    /// The withdrawals of an account are found by the holds in its journal.
    private static let withdrawals = """
        CREATE TABLE withdrawals (
            id uuid PRIMARY KEY,
            account_number bigint NOT NULL,
            hold_sequence bigint NOT NULL,
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
            failure_reason text,
            key text COLLATE "C",
            key_expires_at bigint
        ) WITH (fillfactor = 80);
        CREATE UNIQUE INDEX withdrawal_keys ON withdrawals (account_number, key)
            WHERE key IS NOT NULL;
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

    private static let creditKeys = """
        CREATE TABLE credit_keys (
            account_number bigint NOT NULL,
            key text COLLATE "C" NOT NULL,
            fingerprint bytea NOT NULL,
            entry_sequence bigint NOT NULL,
            first_seen_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            PRIMARY KEY (account_number, key)
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

    /// A lease that is given back stays, with its epoch: epochs only ever rise.
    ///
    /// The epoch stands in a unique index, which makes it a key: a change of it waits for the
    /// batches that lean on it (`FOR KEY SHARE`), and a renewal doesn't.
    private static let leases = """
        CREATE TABLE leases (
            name text COLLATE "C" PRIMARY KEY,
            holder text NOT NULL,
            epoch bigint NOT NULL,
            expires_at bigint NOT NULL,
            UNIQUE (name, epoch)
        );
        CREATE FUNCTION refuse_lower_epoch() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'epochs of leases only rise'; END $$;
        CREATE TRIGGER leases_are_never_removed BEFORE DELETE OR TRUNCATE ON leases
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_lower_epoch();
        CREATE TRIGGER epochs_only_rise BEFORE UPDATE ON leases
            FOR EACH ROW WHEN (NEW.epoch < OLD.epoch OR NEW.name <> OLD.name)
            EXECUTE FUNCTION refuse_lower_epoch();
        """

    /// Numbers come from one row, which a transaction that has taken one holds to its end: so they
    /// become visible in their order, which those of a sequence don't.
    private static let taskHistory = """
        CREATE TABLE task_numbers (last bigint NOT NULL);
        INSERT INTO task_numbers VALUES (0);
        CREATE TABLE task_runs (
            number bigint NOT NULL,
            task text COLLATE "C" NOT NULL,
            instance text COLLATE "C" NOT NULL,
            sequence bigint NOT NULL,
            at bigint NOT NULL,
            attempt bigint NOT NULL,
            started_at bigint NOT NULL,
            outcome text NOT NULL,
            abandoned boolean NOT NULL,
            error text,
            progress text,
            epoch bigint,
            PRIMARY KEY (task, number),
            UNIQUE (instance, sequence, at)
        );
        CREATE TABLE task_transitions (
            number bigint NOT NULL,
            task text COLLATE "C" NOT NULL,
            instance text COLLATE "C" NOT NULL,
            sequence bigint NOT NULL,
            at bigint NOT NULL,
            from_state text NOT NULL,
            to_state text NOT NULL,
            reason text,
            attempt bigint NOT NULL,
            error text,
            PRIMARY KEY (task, number),
            UNIQUE (number),
            UNIQUE (instance, sequence, at)
        );
        CREATE TABLE task_reaped (task text COLLATE "C" PRIMARY KEY, number bigint NOT NULL);
        """

    private static let taskControls = """
        CREATE TABLE task_controls (
            number bigint PRIMARY KEY,
            task text COLLATE "C" NOT NULL,
            action text COLLATE "C" NOT NULL,
            made_by text COLLATE "C" NOT NULL,
            reason text NOT NULL,
            until bigint,
            at bigint NOT NULL,
            UNIQUE (task, action, made_by, at)
        );
        """

    private static let policies = """
        CREATE TABLE retry_policies (
            name text COLLATE "C" NOT NULL,
            version bigint NOT NULL,
            policy text NOT NULL,
            author text NOT NULL,
            reason text NOT NULL,
            at bigint NOT NULL,
            PRIMARY KEY (name, version)
        );
        """
}
