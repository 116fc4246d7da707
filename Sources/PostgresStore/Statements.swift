// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A prepared statement.
struct Statement: Sendable {
    let name: String
    let sql: String
}

/// The statements of a batch. Each takes arrays, so that a batch of any size is one of each.
///
/// They are planned once, with `Session.settings` that leave nothing but nested loops over index
/// look-ups: the plan that is right for an empty, a growing and a huge table alike.
enum BatchStatements {
    static let begin = Statement(name: "begin", sql: "BEGIN")
    static let commit = Statement(name: "commit", sql: "COMMIT")
    static let rollback = Statement(name: "rollback", sql: "ROLLBACK")

    static let openAccounts = Statement(
        name: "open_accounts",
        sql: """
            INSERT INTO accounts
            SELECT tenant, account, 0, 0, 0, $3, $3
            FROM unnest($1::text[], $2::text[]) AS new (tenant, account)
            ON CONFLICT DO NOTHING
            """)

    /// LockRows stands above the sort, so rows are locked in the order they are returned.
    static let lockWithdrawals = Statement(
        name: "lock_withdrawals",
        sql: """
            SELECT \(WithdrawalStatements.columns) FROM withdrawals
            WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE
            """)

    static let lockAccounts = Statement(
        name: "lock_accounts",
        sql: """
            SELECT a.tenant, a.account, a.available, a.held, a.last_sequence, a.created_at,
                a.updated_at
            FROM (
                SELECT tenant, account FROM unnest($1::text[], $2::text[]) AS n (tenant, account)
                ORDER BY tenant COLLATE "C", account COLLATE "C"
            ) AS named
            CROSS JOIN LATERAL (
                SELECT * FROM accounts
                WHERE tenant = named.tenant AND account = named.account FOR UPDATE
            ) AS a
            """)

    /// `lockAccounts` with the accounts of the withdrawals `$3` among those to lock.
    static let lockAllAccounts = Statement(
        name: "lock_all_accounts",
        sql: """
            SELECT a.tenant, a.account, a.available, a.held, a.last_sequence, a.created_at,
                a.updated_at
            FROM (
                SELECT tenant COLLATE "C" AS tenant, account COLLATE "C" AS account
                FROM unnest($1::text[], $2::text[]) AS named (tenant, account)
                UNION SELECT tenant, account FROM withdrawals WHERE id = ANY ($3::uuid[])
            ) AS wanted
            JOIN accounts a ON a.tenant = wanted.tenant AND a.account = wanted.account
            ORDER BY a.tenant, a.account FOR UPDATE OF a
            """)

    /// The records of the keys asked for. `OFFSET 0` keeps the planner from turning the look-ups
    /// round: whatever it believes of the table's size, each key is one descent of the index.
    private static let askedKeys = """
        unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
            AS asked (tenant, account, method, key)
        CROSS JOIN LATERAL (
            SELECT * FROM idempotency_keys
            WHERE tenant = asked.tenant AND account = asked.account
                AND method = asked.method AND key = asked.key OFFSET 0
        ) AS k
        """

    static let findKeys = Statement(
        name: "find_keys",
        sql: """
            SELECT k.tenant, k.account, k.method, k.key, k.fingerprint, k.withdrawal_id,
                k.entry_sequence, k.first_seen_at, k.expires_at
            FROM \(askedKeys)
            """)

    static let findKeyWithdrawals = Statement(
        name: "find_key_withdrawals",
        sql: """
            SELECT \(WithdrawalStatements.prefixedColumns("w"))
            FROM \(askedKeys)
            CROSS JOIN LATERAL (
                SELECT * FROM withdrawals WHERE id = k.withdrawal_id OFFSET 0
            ) AS w
            """)

    static let findKeyEntries = Statement(
        name: "find_key_entries",
        sql: """
            SELECT e.tenant, e.account, e.sequence, e.kind, e.available_delta, e.held_delta,
                e.available, e.held, e.withdrawal_id, e.reference, e.at
            FROM \(askedKeys)
            CROSS JOIN LATERAL (
                SELECT * FROM entries WHERE tenant = k.tenant AND account = k.account
                    AND sequence = k.entry_sequence OFFSET 0
            ) AS e
            """)

    static let updateAccounts = Statement(
        name: "update_accounts",
        sql: """
            UPDATE accounts a
            SET available = new.available, held = new.held, last_sequence = new.last_sequence,
                updated_at = new.updated_at
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
                $6::bigint[]) AS new (tenant, account, available, held, last_sequence, updated_at)
            WHERE a.tenant = new.tenant AND a.account = new.account
            """)

    static let insertEntries = Statement(
        name: "insert_entries",
        sql: """
            INSERT INTO entries SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[],
                $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::uuid[],
                $10::text[], $11::bigint[])
            """)

    static let insertWithdrawals = Statement(
        name: "insert_withdrawals",
        sql: """
            INSERT INTO withdrawals SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[],
                $4::bigint[], $5::bigint[], $6::text[], $7::boolean[], $8::text[], $9::text[],
                $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[])
            """)

    static let updateWithdrawals = Statement(
        name: "update_withdrawals",
        sql: """
            UPDATE withdrawals w
            SET state = new.state, version = new.version, updated_at = new.updated_at,
                transaction_hash = new.transaction_hash, failure_reason = new.failure_reason
            FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[],
                $6::text[])
                AS new (id, state, version, updated_at, transaction_hash, failure_reason)
            WHERE w.id = new.id
            """)

    static let insertEvents = Statement(
        name: "insert_events",
        sql: """
            INSERT INTO withdrawal_events SELECT * FROM unnest($1::uuid[], $2::bigint[],
                $3::text[], $4::bigint[], $5::text[])
            """)

    static let openHolds = Statement(
        name: "open_holds",
        sql: """
            INSERT INTO holds SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[],
                $4::bigint[], $5::text[], $6::bigint[])
            """)

    static let endHolds = Statement(
        name: "end_holds",
        sql: """
            UPDATE holds h SET state = new.state, ended_at = new.ended_at
            FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS new (id, state, ended_at)
            WHERE h.id = new.id AND h.state = 'OPEN'
            """)

    static let insertKeys = Statement(
        name: "insert_keys",
        sql: """
            INSERT INTO idempotency_keys SELECT * FROM unnest($1::text[], $2::text[],
                $3::bigint[], $4::text[], $5::bytea[], $6::uuid[], $7::bigint[], $8::bigint[],
                $9::bigint[])
            """)

    static let insertPayouts = Statement(
        name: "insert_payouts",
        sql: """
            INSERT INTO payouts SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[],
                $4::text[], $5::bytea[])
            """)

    static let all = [
        begin, commit, rollback, openAccounts, lockWithdrawals, lockAccounts, lockAllAccounts,
        findKeys, findKeyWithdrawals, findKeyEntries, updateAccounts, insertEntries,
        insertWithdrawals,
        updateWithdrawals, insertEvents, openHolds, endHolds, insertKeys, insertPayouts,
    ]
}

enum WithdrawalStatements {
    static let names = [
        "id", "tenant", "account", "amount", "fee", "address", "bounceable", "comment", "state",
        "version", "created_at", "updated_at", "transaction_hash", "failure_reason",
    ]
    static let columns = names.joined(separator: ", ")

    static func prefixedColumns(_ table: String) -> String {
        names.map { "\(table).\($0)" }.joined(separator: ", ")
    }
}

/// The statements of the readers.
enum ReadStatements {
    private static let withdrawals = "SELECT \(WithdrawalStatements.columns) FROM withdrawals"
    private static let entryColumns = """
        tenant, account, sequence, kind, available_delta, held_delta, available, held, \
        withdrawal_id, reference, at
        """
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
            SELECT \(entryColumns) FROM entries
            WHERE tenant = $1::text AND account = $2::text AND sequence < $3::bigint
            ORDER BY sequence DESC LIMIT $4::bigint
            """)

    static let withdrawal = Statement(
        name: "withdrawal", sql: "\(withdrawals) WHERE id = $1::uuid")

    static let withdrawalsOfAccount = Statement(
        name: "withdrawals_of_account",
        sql: """
            \(withdrawals)
            WHERE tenant = $1::text AND account = $2::text AND id < $3::uuid
                AND ($4::text IS NULL OR state = $4::text)
            ORDER BY id DESC LIMIT $5::bigint
            """)

    static let events = Statement(
        name: "events",
        sql: """
            SELECT sequence, state, at, detail FROM withdrawal_events
            WHERE withdrawal_id = $1::uuid AND sequence > $2::bigint
            ORDER BY sequence LIMIT $3::bigint
            """)

    /// The states of the partial index are spelled out, so that the planner sees it fits.
    static let queue = Statement(
        name: "queue",
        sql: """
            \(withdrawals)
            WHERE state = $1::text AND updated_at <= $2::bigint
                AND state IN ('PENDING', 'PROCESSING', 'SENT', 'IN_REVIEW')
            ORDER BY updated_at, id LIMIT $3::bigint
            """)

    static let payouts = Statement(
        name: "payouts",
        sql: """
            SELECT DISTINCT ON (withdrawal_id) withdrawal_id, gateway, reference, payload,
                created_at
            FROM payouts WHERE withdrawal_id = ANY ($1::uuid[])
            ORDER BY withdrawal_id, created_at DESC
            """)

    static let audit = Statement(
        name: "audit",
        sql: """
            SELECT a.tenant, a.account,
                a.last_sequence = j.count AND a.last_sequence = j.newest
                AND a.available = j.available AND a.held = j.held AND a.held = h.reserved
                AND a.available = coalesce(e.available, 0) AND a.held = coalesce(e.held, 0)
            FROM (
                SELECT * FROM accounts WHERE (tenant, account) > ($1::text, $2::text)
                ORDER BY tenant, account LIMIT $3::bigint
            ) AS a
            CROSS JOIN LATERAL (
                SELECT count(*) AS count, coalesce(max(sequence), 0) AS newest,
                    coalesce(sum(available_delta), 0)::bigint AS available,
                    coalesce(sum(held_delta), 0)::bigint AS held
                FROM entries WHERE tenant = a.tenant AND account = a.account
            ) AS j
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0)::bigint AS reserved FROM holds
                WHERE tenant = a.tenant AND account = a.account AND state = 'OPEN'
            ) AS h
            LEFT JOIN entries e ON e.tenant = a.tenant AND e.account = a.account
                AND e.sequence = a.last_sequence
            ORDER BY a.tenant, a.account
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
        insertToken, token, tokens, revokeToken, ping,
    ]
}
