// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The third step: auctions and presales.
extension Migrations {
    static var deals: String { [dealRows, dealEvents, dealKeys].joined(separator: "\n") }

    /// Seller and buyer are accounts of the same tenant and stand here by their names, as either
    /// may not have been opened yet. A deal that has ended is due no more.
    private static let dealRows = """
        CREATE TABLE deals (
            id BLOB PRIMARY KEY,
            kind TEXT NOT NULL,
            tenant TEXT NOT NULL,
            seller TEXT NOT NULL,
            item TEXT NOT NULL,
            price INTEGER NOT NULL,
            step INTEGER,
            collateral INTEGER,
            compensation INTEGER,
            ends_at INTEGER NOT NULL,
            overdue_at INTEGER,
            commission_rate INTEGER NOT NULL,
            state TEXT NOT NULL,
            buyer TEXT,
            bid INTEGER NOT NULL,
            bid_count INTEGER NOT NULL,
            commission INTEGER NOT NULL,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            due_at INTEGER,
            set_aside TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX due_deals ON deals (kind, due_at, id)
            WHERE due_at IS NOT NULL AND set_aside IS NULL;
        CREATE INDEX deals_set_aside ON deals (id) WHERE set_aside IS NOT NULL;
        CREATE INDEX deals_by_tenant ON deals (tenant, kind, id);
        CREATE INDEX deals_by_seller ON deals (tenant, seller, kind, id);
        CREATE INDEX bids_held ON deals (tenant, buyer) WHERE due_at IS NOT NULL;
        CREATE INDEX collaterals_held ON deals (tenant, seller)
            WHERE due_at IS NOT NULL AND collateral IS NOT NULL;
        """

    private static let dealEvents = """
        CREATE TABLE deal_events (
            deal_id BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            account TEXT,
            amount INTEGER,
            at INTEGER NOT NULL,
            PRIMARY KEY (deal_id, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    private static let dealKeys = """
        CREATE TABLE deal_keys (
            tenant TEXT NOT NULL,
            account TEXT NOT NULL,
            method INTEGER NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            deal_id BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            first_seen_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, account, method, key)
        ) STRICT, WITHOUT ROWID;
        """
}
