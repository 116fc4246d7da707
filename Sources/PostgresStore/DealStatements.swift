// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The statements of auctions and presales. In a transaction, rows are locked in this order: leases,
/// deals by their ids, and then the ledger's accounts.
enum DealStatements {
    private static let columns = """
        d.id, d.kind, d.tenant, d.seller, d.item, d.price, d.step, d.collateral, d.compensation, \
        d.ends_at, d.overdue_at, d.commission_rate, d.state, d.buyer, d.bid, d.bid_count, \
        d.commission, d.version, d.created_at, d.updated_at, d.set_aside
        """

    static let lockDeals = Statement(
        name: "lock_deals",
        sql: """
            SELECT \(columns) FROM deals d WHERE d.id = ANY ($1::uuid[]) ORDER BY d.id FOR UPDATE
            """)

    /// To be read after the locks.
    static let now = Statement(
        name: "now", sql: "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")

    /// The keys asked for, each with the step it stands for and the deal as it is.
    static let findDealKeys = Statement(
        name: "find_deal_keys",
        sql: """
            SELECT \(columns), k.account, k.method, k.key, k.fingerprint, k.sequence,
                k.first_seen_at, k.expires_at, e.kind, e.account, e.amount, e.at
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
                AS asked (tenant, account, method, key)
            CROSS JOIN LATERAL (
                SELECT * FROM deal_keys
                WHERE tenant = asked.tenant AND account = asked.account
                    AND method = asked.method AND key = asked.key OFFSET 0
            ) AS k
            CROSS JOIN LATERAL (SELECT * FROM deals WHERE id = k.deal_id OFFSET 0) AS d
            CROSS JOIN LATERAL (
                SELECT * FROM deal_events WHERE deal_id = k.deal_id AND sequence = k.sequence
                OFFSET 0
            ) AS e
            """)

    static let insertDeals = Statement(
        name: "insert_deals",
        sql: """
            INSERT INTO deals SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[],
                $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
                $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
                $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
                $20::bigint[], $21::bigint[], $22::text[])
            """)

    static let updateDeals = Statement(
        name: "update_deals",
        sql: """
            UPDATE deals d
            SET state = new.state, buyer = new.buyer, bid = new.bid, bid_count = new.bid_count,
                commission = new.commission, version = new.version, updated_at = new.updated_at,
                due_at = new.due_at, set_aside = NULL
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
                $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
                AS new (id, state, buyer, bid, bid_count, commission, version, updated_at, due_at)
            WHERE d.id = new.id
            """)

    static let insertDealEvents = Statement(
        name: "insert_deal_events",
        sql: """
            INSERT INTO deal_events SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[],
                $4::text[], $5::bigint[], $6::bigint[])
            """)

    static let insertDealKeys = Statement(
        name: "insert_deal_keys",
        sql: """
            INSERT INTO deal_keys SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[],
                $4::text[], $5::bytea[], $6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[])
            """)

    static let setAside = Statement(
        name: "set_deal_aside",
        sql: """
            UPDATE deals SET set_aside = $2::text
            WHERE id = $1::uuid AND due_at IS NOT NULL RETURNING id
            """)

    static let takeUp = Statement(
        name: "take_deal_up",
        sql: """
            UPDATE deals SET set_aside = NULL
            WHERE id = $1::uuid AND set_aside IS NOT NULL RETURNING id
            """)

    /// Those that are due, and then the first that is not, if any.
    static let due = Statement(
        name: "due_deals",
        sql: """
            WITH clock AS MATERIALIZED (
                SELECT coalesce($3::bigint,
                    floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) AS now
            )
            (SELECT id, 0::bigint FROM deals
             WHERE kind = $1::text AND due_at <= (SELECT now FROM clock)
                AND due_at IS NOT NULL AND set_aside IS NULL
             ORDER BY due_at, id LIMIT $2::bigint)
            UNION ALL
            (SELECT id, due_at - (SELECT now FROM clock) FROM deals
             WHERE kind = $1::text AND due_at > (SELECT now FROM clock)
                AND due_at IS NOT NULL AND set_aside IS NULL
             ORDER BY due_at, id LIMIT 1)
            """)

    static let deal = Statement(
        name: "deal", sql: "SELECT \(columns) FROM deals d WHERE d.id = $1::uuid")

    static let deals = Statement(
        name: "deals",
        sql: """
            SELECT \(columns) FROM deals d
            WHERE d.tenant = $1::text AND d.kind = $2::text
                AND ($3::uuid IS NULL OR d.id < $3::uuid)
                AND ($4::text IS NULL OR d.state = $4::text)
            ORDER BY d.id DESC LIMIT $5::bigint
            """)

    static let dealsOfSeller = Statement(
        name: "deals_of_seller",
        sql: """
            SELECT \(columns) FROM deals d
            WHERE d.tenant = $1::text AND d.seller = $6::text AND d.kind = $2::text
                AND ($3::uuid IS NULL OR d.id < $3::uuid)
                AND ($4::text IS NULL OR d.state = $4::text)
            ORDER BY d.id DESC LIMIT $5::bigint
            """)

    static let events = Statement(
        name: "deal_events",
        sql: """
            SELECT d.tenant, e.sequence, e.kind, e.account, e.amount, e.at
            FROM deals d CROSS JOIN LATERAL (
                SELECT * FROM deal_events WHERE deal_id = d.id AND sequence > $2::bigint
                ORDER BY sequence LIMIT $3::bigint
            ) AS e
            WHERE d.id = $1::uuid ORDER BY e.sequence
            """)

    static let dealsSetAside = Statement(
        name: "deals_set_aside",
        sql: """
            SELECT \(columns) FROM deals d WHERE d.set_aside IS NOT NULL
            ORDER BY d.id LIMIT $1::bigint
            """)

    static let reads = [due, deal, deals, dealsOfSeller, events, dealsSetAside]
    static let writes = [
        lockDeals, now, findDealKeys, insertDeals, updateDeals, insertDealEvents, insertDealKeys,
        setAside, takeUp,
    ]
}
