// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A prepared statement.
struct Statement: Sendable {
    let name: String
    let sql: String
}

/// The statements of a batch. Each takes arrays, so that a batch of any size is one of each.
///
/// They are planned with `Session.settings` that leave nothing but nested loops over index
/// look-ups, and planned anew as the tables grow (`PlanAge`): what is right for an empty table may
/// read all of a large one.
enum BatchStatements {
    static let begin = Statement(name: "begin", sql: "BEGIN")
    static let commit = Statement(name: "commit", sql: "COMMIT")
    static let rollback = Statement(name: "rollback", sql: "ROLLBACK")
    /// Has every statement planned anew at its next use.
    static let discardPlans = Statement(name: "discard_plans", sql: "DISCARD PLANS")

    /// The look before spares nearly all of them a number and a place that come to nothing.
    static let openAccounts = Statement(
        name: "open_accounts",
        sql: """
            INSERT INTO accounts
                (tenant, account, available, held, last_sequence, created_at, updated_at)
            SELECT tenant, account, 0, 0, 0, $3, $3
            FROM unnest($1::text[], $2::text[]) AS new (tenant, account)
            WHERE NOT EXISTS (
                SELECT FROM accounts a WHERE a.tenant = new.tenant AND a.account = new.account
            )
            ON CONFLICT DO NOTHING
            """)

    /// Read as keys: only taking a lease anew changes its epoch and waits for the batch; renewing
    /// it does not.
    static let lockLeases = Statement(
        name: "lock_leases",
        sql: """
            SELECT name, epoch FROM leases WHERE name = ANY ($1::text[])
            ORDER BY name FOR KEY SHARE
            """)

    /// Fails when a lease has been taken anew.
    static let confirmLeases = Statement(
        name: "confirm_leases",
        sql: """
            WITH held AS (
                SELECT 1 FROM unnest($1::text[], $2::bigint[]) AS asked (name, epoch)
                CROSS JOIN LATERAL (
                    SELECT 1 FROM leases
                    WHERE name = asked.name AND epoch = asked.epoch OFFSET 0 FOR KEY SHARE
                ) AS lease
            )
            SELECT expect_rows(count(*), cardinality($1::text[])) FROM held
            """)

    static let readWithdrawals = Statement(
        name: "read_withdrawals", sql: withdrawals(locking: ""))

    /// LockRows stands above the sort, so rows are locked in the order they are returned.
    static let lockWithdrawals = Statement(
        name: "lock_withdrawals", sql: withdrawals(locking: "FOR UPDATE"))

    private static func withdrawals(locking: String) -> String {
        WithdrawalStatements.rows(
            of: "SELECT * FROM withdrawals WHERE id = ANY ($1::uuid[]) ORDER BY id \(locking)")
    }

    static let readAccounts = Statement(name: "read_accounts", sql: accounts(locking: ""))
    static let lockAccounts = Statement(
        name: "lock_accounts", sql: accounts(locking: "FOR UPDATE"))

    /// Accounts by their names, in the order of these.
    private static func accounts(locking: String) -> String {
        """
        SELECT \(accountColumns)
        FROM (
            SELECT tenant, account FROM unnest($1::text[], $2::text[]) AS n (tenant, account)
            ORDER BY tenant COLLATE "C", account COLLATE "C"
        ) AS named
        CROSS JOIN LATERAL (
            SELECT * FROM accounts
            WHERE tenant = named.tenant AND account = named.account OFFSET 0 \(locking)
        ) AS a
        """
    }

    private static let accountColumns = """
        a.tenant, a.account, a.available, a.held, a.last_sequence, a.created_at, a.updated_at, \
        a.number
        """

    /// The accounts of the keys asked for. `OFFSET 0` keeps the planner from turning the look-ups
    /// round: whatever it believes of the tables' sizes, each key is one descent of an index.
    private static let askedKeys = """
        unnest($1::text[], $2::text[], $3::text[]) AS asked (tenant, account, key)
        CROSS JOIN LATERAL (
            SELECT number FROM accounts
            WHERE tenant = asked.tenant AND account = asked.account OFFSET 0
        ) AS a
        """

    /// The withdrawals that keys stand for, each with its key.
    static let findWithdrawalKeys = Statement(
        name: "find_withdrawal_keys",
        sql: """
            SELECT \(WithdrawalStatements.columns(account: "asked")), w.key, w.key_expires_at
            FROM \(askedKeys)
            CROSS JOIN LATERAL (
                SELECT * FROM withdrawals
                WHERE account_number = a.number AND key = asked.key OFFSET 0
            ) AS w
            """)

    /// The entries that keys of credits stand for, each with its key.
    static let findCreditKeys = Statement(
        name: "find_credit_keys",
        sql: """
            SELECT asked.tenant, asked.account, e.sequence, e.kind, e.available_delta, e.held_delta,
                e.available, e.held, e.withdrawal_id, e.reference, e.at, k.key, k.fingerprint,
                k.first_seen_at, k.expires_at
            FROM \(askedKeys)
            CROSS JOIN LATERAL (
                SELECT * FROM credit_keys
                WHERE account_number = a.number AND key = asked.key OFFSET 0
            ) AS k
            CROSS JOIN LATERAL (
                SELECT * FROM entries
                WHERE account_number = a.number AND sequence = k.entry_sequence OFFSET 0
            ) AS e
            """)

    /// Fails when an account has moved since it was read.
    static let updateAccounts = Statement(
        name: "update_accounts",
        sql: """
            WITH changed AS (
                UPDATE accounts a
                SET available = new.available, held = new.held,
                    last_sequence = new.last_sequence, updated_at = new.updated_at
                FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                    $6::bigint[])
                    AS new (number, read_sequence, available, held, last_sequence, updated_at)
                WHERE a.number = new.number AND a.last_sequence = new.read_sequence
                RETURNING 1
            )
            SELECT expect_rows(count(*), cardinality($1::bigint[])) FROM changed
            """)

    static let insertEntries = Statement(
        name: "insert_entries",
        sql: """
            INSERT INTO entries SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[],
                $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::uuid[], $9::text[],
                $10::bigint[])
            """)

    static let insertWithdrawals = Statement(
        name: "insert_withdrawals",
        sql: """
            INSERT INTO withdrawals SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[],
                $4::bigint[], $5::bigint[], $6::text[], $7::boolean[], $8::text[], $9::text[],
                $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
                $15::text[], $16::bigint[])
            """)

    /// Fails when a withdrawal has moved since it was read.
    static let updateWithdrawals = Statement(
        name: "update_withdrawals",
        sql: """
            WITH changed AS (
                UPDATE withdrawals w
                SET state = new.state, version = new.version, updated_at = new.updated_at,
                    transaction_hash = new.transaction_hash, failure_reason = new.failure_reason
                FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[],
                    $6::text[], $7::text[])
                    AS new (id, read_version, state, version, updated_at, transaction_hash,
                        failure_reason)
                WHERE w.id = new.id AND w.version = new.read_version
                RETURNING 1
            )
            SELECT expect_rows(count(*), cardinality($1::uuid[])) FROM changed
            """)

    static let insertEvents = Statement(
        name: "insert_events",
        sql: """
            INSERT INTO withdrawal_events SELECT * FROM unnest($1::uuid[], $2::bigint[],
                $3::text[], $4::bigint[], $5::text[])
            """)

    static let insertCreditKeys = Statement(
        name: "insert_credit_keys",
        sql: """
            INSERT INTO credit_keys SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[],
                $4::bigint[], $5::bigint[], $6::bigint[])
            """)

    static let insertPayouts = Statement(
        name: "insert_payouts",
        sql: """
            INSERT INTO payouts SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[],
                $4::text[], $5::bytea[], $6::bigint[])
            """)

    static let all = [
        begin, commit, rollback, discardPlans, openAccounts, lockLeases, confirmLeases,
        readWithdrawals, lockWithdrawals, readAccounts, lockAccounts, findWithdrawalKeys,
        findCreditKeys, updateAccounts, insertEntries, insertWithdrawals, updateWithdrawals,
        insertEvents, insertCreditKeys, insertPayouts,
    ]
}

enum WithdrawalStatements {
    /// The withdrawals of `query`, each with its account.
    static func rows(of query: String) -> String {
        """
        SELECT \(columns)
        FROM (\(query)) AS w
        CROSS JOIN LATERAL (
            SELECT tenant, account FROM accounts WHERE number = w.account_number OFFSET 0
        ) AS a
        """
    }

    /// Of a withdrawal `w` and its account `a`.
    static let columns = columns(account: "a")

    static func columns(account: String) -> String {
        """
        w.id, \(account).tenant, \(account).account, w.amount, w.fee, w.address, w.bounceable, \
        w.comment, w.state, w.version, w.created_at, w.updated_at, w.transaction_hash, \
        w.failure_reason
        """
    }
}

/// The statements of the readers.
enum ReadStatements {
    private static let accountColumns =
        "tenant, account, available, held, last_sequence, created_at, updated_at"
    private static let tokenColumns =
        "name, tenant, digest, scopes, created_at, expires_at, revoked_at"

    static let account = Statement(
        name: "account",
        sql: """
            SELECT \(accountColumns) FROM accounts WHERE tenant = $1::text AND account = $2::text
            """)

    static let entries = Statement(
        name: "entries",
        sql: """
            SELECT a.tenant, a.account, e.sequence, e.kind, e.available_delta, e.held_delta,
                e.available, e.held, e.withdrawal_id, e.reference, e.at
            FROM accounts a
            CROSS JOIN LATERAL (
                SELECT * FROM entries WHERE account_number = a.number AND sequence < $3::bigint
                ORDER BY sequence DESC LIMIT $4::bigint
            ) AS e
            WHERE a.tenant = $1::text AND a.account = $2::text
            """)

    static let withdrawal = Statement(
        name: "withdrawal",
        sql: WithdrawalStatements.rows(
            of: "SELECT * FROM withdrawals WHERE id = $1::uuid OFFSET 0"))

    /// Newest first, by the holds in the account's journal.
    static let withdrawalsOfAccount = Statement(
        name: "withdrawals_of_account",
        sql: """
            SELECT \(WithdrawalStatements.columns)
            FROM accounts a
            CROSS JOIN LATERAL (
                SELECT w.* FROM entries e
                CROSS JOIN LATERAL (
                    SELECT * FROM withdrawals
                    WHERE id = e.withdrawal_id AND ($4::text IS NULL OR state = $4::text) OFFSET 0
                ) AS w
                WHERE e.account_number = a.number AND e.kind = 'HOLD' AND e.sequence < coalesce(
                    (SELECT hold_sequence FROM withdrawals
                     WHERE id = $3::uuid AND account_number = a.number),
                    CASE WHEN $3::uuid IS NULL THEN 9223372036854775807 ELSE 0 END)
                ORDER BY e.sequence DESC LIMIT $5::bigint
            ) AS w
            WHERE a.tenant = $1::text AND a.account = $2::text
            """)

    static let events = Statement(
        name: "events",
        sql: """
            SELECT 1::bigint, 'PENDING', created_at, NULL FROM withdrawals
            WHERE id = $1::uuid AND $2::bigint < 1
            UNION ALL
            SELECT sequence, state, at, detail FROM withdrawal_events
            WHERE withdrawal_id = $1::uuid AND sequence > $2::bigint
            ORDER BY 1 LIMIT $3::bigint
            """)

    /// The states of the partial index are spelled out, so that the planner sees it fits.
    static let queue = Statement(
        name: "queue",
        sql: WithdrawalStatements.rows(
            of: """
                SELECT * FROM withdrawals
                WHERE state = $1::text AND updated_at <= $2::bigint
                    AND state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW')
                ORDER BY updated_at, id LIMIT $3::bigint
                """))

    static let payouts = Statement(
        name: "payouts",
        sql: """
            SELECT DISTINCT ON (withdrawal_id) withdrawal_id, gateway, reference, payload,
                created_at
            FROM payouts WHERE withdrawal_id = ANY ($1::uuid[])
            ORDER BY withdrawal_id, sequence DESC
            """)

    /// The states stand in a filter of the sum, not of the rows: with the latter the planner may
    /// read all unsettled withdrawals for each account.
    static let audit = Statement(
        name: "audit",
        sql: """
            SELECT a.tenant, a.account,
                a.last_sequence = j.count AND a.last_sequence = j.newest
                AND a.available = j.available AND a.held = j.held
                AND a.held = h.reserved + d.reserved
                AND a.available = coalesce(e.available, 0) AND a.held = coalesce(e.held, 0)
            FROM (
                SELECT * FROM accounts WHERE (tenant, account) > ($1::text, $2::text)
                ORDER BY tenant, account LIMIT $3::bigint
            ) AS a
            CROSS JOIN LATERAL (
                SELECT count(*) AS count, coalesce(max(sequence), 0) AS newest,
                    coalesce(sum(available_delta), 0)::bigint AS available,
                    coalesce(sum(held_delta), 0)::bigint AS held
                FROM entries WHERE account_number = a.number
            ) AS j
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(w.amount + w.fee) FILTER (
                    WHERE w.state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW')), 0)::bigint
                    AS reserved
                FROM entries e
                CROSS JOIN LATERAL (
                    SELECT * FROM withdrawals WHERE id = e.withdrawal_id OFFSET 0
                ) AS w
                WHERE e.account_number = a.number AND e.kind = 'HOLD'
            ) AS h
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0)::bigint AS reserved FROM (
                    SELECT bid AS amount FROM deals
                    WHERE tenant = a.tenant AND buyer = a.account AND due_at IS NOT NULL
                    UNION ALL
                    SELECT collateral FROM deals
                    WHERE tenant = a.tenant AND seller = a.account AND due_at IS NOT NULL
                        AND collateral IS NOT NULL
                ) AS holds
            ) AS d
            LEFT JOIN entries e ON e.account_number = a.number AND e.sequence = a.last_sequence
            ORDER BY a.tenant, a.account
            """)

    /// The row without a state has the money and what waits for a person.
    static let totals = Statement(
        name: "totals",
        sql: """
            SELECT NULL, least(coalesce(sum(available), 0), 9223372036854775807)::bigint,
                least(coalesce(sum(held), 0), 9223372036854775807)::bigint,
                (SELECT least(coalesce(sum(bid) + sum(coalesce(collateral, 0)), 0),
                    9223372036854775807)::bigint FROM deals WHERE due_at IS NOT NULL),
                (SELECT count(*) FROM deals WHERE set_aside IS NOT NULL),
                (SELECT count(*) FROM market_operations WHERE is_open AND state = 'UNKNOWN'),
                (SELECT min(created_at) FROM market_operations
                    WHERE is_open AND state = 'UNKNOWN')
            FROM accounts
            UNION ALL
            SELECT state, count(*), min(updated_at),
                least(sum(amount + fee), 9223372036854775807)::bigint, NULL, NULL, NULL
            FROM withdrawals
            WHERE state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW') GROUP BY state
            """)

    static let insertToken = Statement(
        name: "insert_token",
        sql: """
            INSERT INTO api_tokens (\(tokenColumns)) VALUES ($1::text, $2::text, $3::bytea,
                $4::text, $5::bigint, $6::bigint, $7::bigint)
            ON CONFLICT (name) DO NOTHING RETURNING name
            """)

    static let token = Statement(
        name: "token", sql: "SELECT \(tokenColumns) FROM api_tokens WHERE digest = $1::bytea")

    static let tokens = Statement(
        name: "tokens", sql: "SELECT \(tokenColumns) FROM api_tokens ORDER BY name")

    static let revokeToken = Statement(
        name: "revoke_token",
        sql: """
            UPDATE api_tokens SET revoked_at = $2::bigint
            WHERE name = $1::text AND revoked_at IS NULL RETURNING name
            """)

    /// Fails on a standby, where nothing can be written.
    static let ping = Statement(
        name: "ping", sql: "SELECT 1::bigint WHERE NOT pg_is_in_recovery()")

    static let all = [
        account, entries, withdrawal, withdrawalsOfAccount, events, queue, payouts, audit,
        totals, insertToken, token, tokens, revokeToken, ping, BatchStatements.discardPlans,
    ]
}
