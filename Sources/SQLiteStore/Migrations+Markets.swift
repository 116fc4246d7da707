// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The fourth step: operations at marketplaces.
extension Migrations {
    /// Of a purchase there is an item, of a withdrawal an account.
    static let markets = """
        CREATE TABLE market_operations (
            id BLOB PRIMARY KEY,
            tenant TEXT NOT NULL,
            market TEXT NOT NULL,
            action TEXT NOT NULL,
            account TEXT,
            item TEXT,
            amount INTEGER NOT NULL,
            key TEXT,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL,
            balance_before INTEGER,
            sent_at INTEGER,
            remote_id TEXT,
            detail TEXT,
            deposit_lt INTEGER,
            transaction_hash TEXT,
            version INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            is_open INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX market_operation_keys ON market_operations (tenant, action, key)
            WHERE key IS NOT NULL;
        CREATE INDEX open_market_operations ON market_operations (market, id) WHERE is_open = 1;
        """
}
