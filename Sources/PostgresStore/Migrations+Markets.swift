// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The fourth step: operations at marketplaces.
extension Migrations {
    /// Of a purchase there is an item, of a withdrawal an account.
    static let markets = """
        CREATE TABLE market_operations (
            id uuid PRIMARY KEY,
            tenant text COLLATE "C" NOT NULL,
            market text COLLATE "C" NOT NULL,
            action text COLLATE "C" NOT NULL,
            account text COLLATE "C",
            item text,
            amount bigint NOT NULL,
            key text COLLATE "C",
            created_at bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            balance_before bigint,
            sent_at bigint,
            remote_id text,
            detail text,
            deposit_lt bigint,
            transaction_hash text,
            version bigint NOT NULL,
            updated_at bigint NOT NULL,
            is_open boolean NOT NULL
        );
        CREATE UNIQUE INDEX market_operation_keys ON market_operations (tenant, action, key)
            WHERE key IS NOT NULL;
        CREATE INDEX open_market_operations ON market_operations (market, id) WHERE is_open;
        """
}
