// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The second step: what is kept of the chain.
extension Migrations {
    static var chain: String {
        [
            numberedPayouts, memos, messages, positions, deposits, strayPayments,
        ].joined(separator: "\n")
    }

    /// A withdrawal may be sent again after proof that it was not paid: the newest payout is the one
    /// of the last step to `SENT`, whatever the clock said. Before, there was one at the most.
    private static let numberedPayouts = """
        ALTER TABLE payouts ADD COLUMN sequence bigint NOT NULL DEFAULT 0;
        ALTER TABLE payouts ALTER COLUMN sequence DROP DEFAULT;
        ALTER TABLE payouts DROP CONSTRAINT payouts_pkey;
        ALTER TABLE payouts ADD PRIMARY KEY (withdrawal_id, sequence);
        """

    /// The account may not have been opened yet, so it stands here by its name.
    private static let memos = """
        CREATE TABLE deposit_memos (
            memo text COLLATE "C" PRIMARY KEY,
            tenant text COLLATE "C" NOT NULL,
            account text COLLATE "C" NOT NULL,
            UNIQUE (tenant, account)
        );
        """

    /// Hashes are hexadecimal text. At most one message of a sequence may ever be executed.
    private static let messages = """
        CREATE TABLE payout_messages (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            hash text COLLATE "C" NOT NULL UNIQUE,
            wallet text COLLATE "C" NOT NULL,
            sequence bigint NOT NULL,
            valid_until bigint NOT NULL,
            payload bytea NOT NULL,
            created_at bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            updated_at bigint NOT NULL,
            transaction_hash text
        );
        CREATE UNIQUE INDEX live_payout_messages ON payout_messages (wallet, sequence)
            WHERE state IN ('signed', 'released', 'executed');
        CREATE INDEX payout_messages_by_state ON payout_messages (wallet, state, sequence, number);
        CREATE TABLE payout_items (
            message_number bigint NOT NULL,
            position bigint NOT NULL,
            withdrawal_id uuid NOT NULL,
            destination text NOT NULL,
            amount bigint NOT NULL,
            body_hash text NOT NULL,
            is_paid boolean,
            PRIMARY KEY (message_number, position)
        );
        CREATE INDEX open_payout_items ON payout_items (message_number) WHERE is_paid IS NULL;
        CREATE INDEX made_payout_items ON payout_items (destination, message_number, position)
            WHERE is_paid;
        CREATE INDEX payout_items_by_withdrawal ON payout_items (withdrawal_id, message_number);
        """

    private static let positions = """
        CREATE TABLE wallet_positions (
            wallet text COLLATE "C" PRIMARY KEY,
            lt bigint NOT NULL,
            transaction_hash text NOT NULL,
            read_until bigint NOT NULL,
            balance bigint NOT NULL,
            received bigint NOT NULL,
            sent bigint NOT NULL,
            fees bigint NOT NULL,
            sequence bigint NOT NULL,
            version bigint NOT NULL
        );
        """

    /// Comments are bytes: a stranger writes them, and text may not hold every character.
    private static let deposits = """
        CREATE TABLE deposits (
            wallet text COLLATE "C" NOT NULL,
            lt bigint NOT NULL,
            transaction_hash text NOT NULL,
            source text NOT NULL,
            amount bigint NOT NULL,
            comment bytea,
            state text COLLATE "C" NOT NULL,
            tenant text COLLATE "C",
            account text COLLATE "C",
            at bigint NOT NULL,
            PRIMARY KEY (wallet, lt)
        );
        CREATE INDEX deposits_by_state ON deposits (wallet, state, lt);
        """

    private static let strayPayments = """
        CREATE TABLE stray_payments (
            wallet text COLLATE "C" NOT NULL,
            lt bigint NOT NULL,
            transaction_hash text NOT NULL,
            destination text NOT NULL,
            amount bigint NOT NULL,
            body_hash text NOT NULL,
            comment bytea,
            state text COLLATE "C" NOT NULL,
            withdrawal_id uuid,
            note text,
            at bigint NOT NULL,
            settled_at bigint,
            PRIMARY KEY (wallet, lt)
        );
        CREATE INDEX stray_payments_by_state ON stray_payments (wallet, state, lt);
        """
}
