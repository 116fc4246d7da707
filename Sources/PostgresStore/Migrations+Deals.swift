// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The third step: auctions and presales.
extension Migrations {
    static var deals: String { [dealRows, dealEvents, dealKeys].joined(separator: "\n") }

    /// Seller and buyer are accounts of the same tenant and stand here by their names, as either
    /// may not have been opened yet. A deal that has ended is due no more.
    private static let dealRows = """
        CREATE TABLE deals (
            id uuid PRIMARY KEY,
            kind text COLLATE "C" NOT NULL,
            tenant text COLLATE "C" NOT NULL,
            seller text COLLATE "C" NOT NULL,
            item text NOT NULL,
            price bigint NOT NULL,
            step bigint,
            collateral bigint,
            compensation bigint,
            ends_at bigint NOT NULL,
            overdue_at bigint,
            commission_rate bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            buyer text COLLATE "C",
            bid bigint NOT NULL,
            bid_count bigint NOT NULL,
            commission bigint NOT NULL,
            version bigint NOT NULL,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            due_at bigint,
            set_aside text
        ) WITH (fillfactor = 80);
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
            deal_id uuid NOT NULL,
            sequence bigint NOT NULL,
            kind text COLLATE "C" NOT NULL,
            account text COLLATE "C",
            amount bigint,
            at bigint NOT NULL,
            PRIMARY KEY (deal_id, sequence)
        );
        """

    private static let dealKeys = """
        CREATE TABLE deal_keys (
            tenant text COLLATE "C" NOT NULL,
            account text COLLATE "C" NOT NULL,
            method bigint NOT NULL,
            key text COLLATE "C" NOT NULL,
            fingerprint bytea NOT NULL,
            deal_id uuid NOT NULL,
            sequence bigint NOT NULL,
            first_seen_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            PRIMARY KEY (tenant, account, method, key)
        );
        """
}
