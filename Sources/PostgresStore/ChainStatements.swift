// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The statements of what is kept of the chain. In a transaction, rows are locked in this order:
/// leases, the wallet's position, messages, a deposit or stray payment, and then the ledger's.
enum ChainStatements {
    // MARK: - Memos

    static let keepMemo = Statement(
        name: "keep_memo",
        sql: """
            INSERT INTO deposit_memos VALUES ($1::text, $2::text, $3::text) ON CONFLICT DO NOTHING
            """)

    static let memo = Statement(
        name: "memo",
        sql: "SELECT memo FROM deposit_memos WHERE tenant = $1::text AND account = $2::text")

    static let namedAccounts = Statement(
        name: "named_accounts",
        sql: "SELECT memo, tenant, account FROM deposit_memos WHERE memo = ANY ($1::text[])")

    // MARK: - Messages

    /// Each row is an item with its message; the payload stands in the first one only. One
    /// statement, so that messages and items are of one moment.
    ///
    /// - Parameter order: of the messages `m` that `query` finds.
    private static func messages(_ query: String, order: String) -> String {
        """
        SELECT m.hash, m.wallet, m.sequence, m.valid_until,
            CASE WHEN coalesce(i.position, 1) = 1 THEN m.payload END,
            m.created_at, m.state, m.updated_at, m.transaction_hash,
            i.withdrawal_id, i.destination, i.amount, i.body_hash, i.is_paid
        FROM (\(query)) AS m
        LEFT JOIN LATERAL (
            SELECT * FROM payout_items WHERE message_number = m.number OFFSET 0
        ) AS i ON true
        ORDER BY \(order), i.position
        """
    }

    static let messages = Statement(
        name: "messages",
        sql: messages(
            "SELECT * FROM payout_messages WHERE hash = ANY ($1::text[]) OFFSET 0",
            order: "m.number"))

    /// State by state, as that is how the index has them.
    static let messagesOfWallet = Statement(
        name: "messages_of_wallet",
        sql: messages(
            """
            SELECT each.* FROM unnest($2::text[]) AS asked (state)
            CROSS JOIN LATERAL (
                SELECT * FROM payout_messages WHERE wallet = $1::text AND state = asked.state
                ORDER BY sequence, number LIMIT $3::bigint
            ) AS each
            ORDER BY each.sequence, each.number LIMIT $3::bigint
            """, order: "m.sequence, m.number"))

    static let messagesPaying = Statement(
        name: "messages_paying",
        sql: messages(
            """
            SELECT each.* FROM (
                SELECT DISTINCT message_number FROM payout_items WHERE withdrawal_id = $1::uuid
                ORDER BY message_number DESC LIMIT $2::bigint
            ) AS named
            CROSS JOIN LATERAL (
                SELECT * FROM payout_messages WHERE number = named.message_number OFFSET 0
            ) AS each
            """, order: "m.number DESC"))

    static let lastSequence = Statement(
        name: "last_sequence",
        sql: """
            SELECT sequence FROM payout_messages
            WHERE wallet = $1::text AND state IN ('signed', 'released', 'executed')
            ORDER BY wallet DESC, sequence DESC LIMIT 1
            """)

    static let messagesAwaitingBatch = Statement(
        name: "messages_awaiting_batch",
        sql: messages(
            """
            SELECT each.* FROM (
                SELECT DISTINCT message_number FROM payout_items WHERE is_paid IS NULL
            ) AS open
            CROSS JOIN LATERAL (
                SELECT * FROM payout_messages WHERE number = open.message_number
                    AND wallet = $1::text AND state = 'executed' OFFSET 0
            ) AS each
            ORDER BY each.number LIMIT $2::bigint
            """, order: "m.number"))

    static let payments = Statement(
        name: "payments",
        sql: """
            SELECT i.withdrawal_id, m.transaction_hash
            FROM payout_items i
            CROSS JOIN LATERAL (
                SELECT * FROM payout_messages
                WHERE number = i.message_number AND wallet = $2::text OFFSET 0
            ) AS m
            WHERE i.destination = $1::text AND i.is_paid
            ORDER BY i.destination DESC, i.message_number DESC, i.position DESC LIMIT $3::bigint
            """)

    /// The first row has the sums, the others name withdrawals.
    static let auditWallet = Statement(
        name: "audit_wallet",
        sql: """
            WITH made AS MATERIALIZED (
                SELECT i.withdrawal_id, i.amount FROM payout_items i
                CROSS JOIN LATERAL (
                    SELECT 1 FROM payout_messages
                    WHERE number = i.message_number AND wallet = $1::text OFFSET 0
                ) AS m
                WHERE i.is_paid
            ), misplaced AS (
                SELECT made.withdrawal_id FROM made
                LEFT JOIN LATERAL (
                    SELECT state FROM withdrawals WHERE id = made.withdrawal_id OFFSET 0
                ) AS w ON true
                GROUP BY made.withdrawal_id
                HAVING count(*) > 1
                    OR coalesce(max(w.state), '') NOT IN ('SENT', 'CONFIRMED', 'RETURNED')
                ORDER BY made.withdrawal_id LIMIT $2::bigint
            )
            SELECT NULL::uuid,
                (SELECT least(coalesce(sum(amount), 0), 9223372036854775807)::bigint FROM made),
                (SELECT least(coalesce(sum(amount), 0), 9223372036854775807)::bigint
                 FROM stray_payments WHERE wallet = $1::text)
            UNION ALL
            SELECT withdrawal_id, 0::bigint, 0::bigint FROM misplaced
            """)

    /// What stands in a message's way: itself, or a live one of its sequence.
    static let rivals = Statement(
        name: "rivals",
        sql: """
            SELECT hash, state FROM payout_messages WHERE hash = $1::text
            UNION ALL
            SELECT hash, state FROM payout_messages
            WHERE wallet = $2::text AND sequence = $3::bigint
                AND state IN ('signed', 'released', 'executed') AND hash <> $1::text
            """)

    /// Fails when another has got in its way since.
    static let insertMessage = Statement(
        name: "insert_message",
        sql: """
            WITH message AS (
                INSERT INTO payout_messages (hash, wallet, sequence, valid_until, payload,
                    created_at, state, updated_at, transaction_hash)
                VALUES ($1::text, $2::text, $3::bigint, $4::bigint, $5::bytea, $6::bigint, $7::text,
                    $8::bigint, $9::text)
                ON CONFLICT DO NOTHING RETURNING number
            ), items AS (
                INSERT INTO payout_items (message_number, position, withdrawal_id, destination,
                    amount, body_hash, is_paid)
                SELECT number, position, withdrawal_id, destination, amount, body_hash, is_paid
                FROM message CROSS JOIN unnest($10::uuid[], $11::text[], $12::bigint[], $13::text[],
                    $14::boolean[]) WITH ORDINALITY
                    AS item (withdrawal_id, destination, amount, body_hash, is_paid, position)
            )
            SELECT expect_rows(count(*), 1) FROM message
            """)

    static let lockMessages = Statement(
        name: "lock_messages",
        sql: """
            SELECT hash, state,
                (SELECT count(*) FROM payout_items WHERE message_number = m.number)
            FROM payout_messages m WHERE hash = ANY ($1::text[]) ORDER BY hash FOR UPDATE
            """)

    static let moveMessage = Statement(
        name: "move_message",
        sql: """
            UPDATE payout_messages SET state = $2::text, updated_at = $3::bigint
            WHERE hash = $1::text
            """)

    static let updateMessages = Statement(
        name: "update_messages",
        sql: """
            UPDATE payout_messages m
            SET state = new.state, updated_at = new.updated_at,
                transaction_hash = new.transaction_hash
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
                AS new (hash, state, updated_at, transaction_hash)
            WHERE m.hash = new.hash
            """)

    static let updateItems = Statement(
        name: "update_items",
        sql: """
            UPDATE payout_items i SET is_paid = new.is_paid
            FROM unnest($1::text[], $2::bigint[], $3::boolean[]) AS new (hash, position, is_paid)
            CROSS JOIN LATERAL (
                SELECT number FROM payout_messages WHERE hash = new.hash OFFSET 0
            ) AS m
            WHERE i.message_number = m.number AND i.position = new.position
            """)

    // MARK: - The wallet

    static let position = Statement(
        name: "position",
        sql: """
            SELECT lt, transaction_hash, read_until, balance, received, sent, fees, sequence,
                version
            FROM wallet_positions WHERE wallet = $1::text
            """)

    static let lockPosition = Statement(
        name: "lock_position",
        sql: "SELECT version FROM wallet_positions WHERE wallet = $1::text FOR UPDATE")

    /// Fails when the position has moved: before there is a row, nothing can be locked.
    static let putPosition = Statement(
        name: "put_position",
        sql: """
            WITH put AS (
                INSERT INTO wallet_positions AS p (wallet, lt, transaction_hash, read_until,
                    balance, received, sent, fees, sequence, version)
                VALUES ($1::text, $2::bigint, $3::text, $4::bigint, $5::bigint, $6::bigint,
                    $7::bigint, $8::bigint, $9::bigint, $10::bigint + 1)
                ON CONFLICT (wallet) DO UPDATE SET lt = excluded.lt,
                    transaction_hash = excluded.transaction_hash,
                    read_until = excluded.read_until, balance = excluded.balance,
                    received = excluded.received, sent = excluded.sent, fees = excluded.fees,
                    sequence = excluded.sequence, version = excluded.version
                WHERE p.version = $10::bigint
                RETURNING 1
            )
            SELECT expect_rows(count(*), 1) FROM put
            """)

    /// The deposits and stray payments that are kept, each looked up on its own.
    static let knownPayments = Statement(
        name: "known_payments",
        sql: """
            SELECT known.lt FROM unnest($2::bigint[]) AS asked (lt)
            CROSS JOIN LATERAL (
                SELECT lt FROM deposits WHERE wallet = $1::text AND lt = asked.lt OFFSET 0
            ) AS known
            UNION ALL
            SELECT known.lt FROM unnest($3::bigint[]) AS asked (lt)
            CROSS JOIN LATERAL (
                SELECT lt FROM stray_payments WHERE wallet = $1::text AND lt = asked.lt OFFSET 0
            ) AS known
            """)

    private static let depositColumns =
        "wallet, lt, transaction_hash, source, amount, comment, state, tenant, account, at"

    static let insertDeposits = Statement(
        name: "insert_deposits",
        sql: """
            INSERT INTO deposits (\(depositColumns)) SELECT * FROM unnest($1::text[], $2::bigint[],
                $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::text[], $8::text[],
                $9::text[], $10::bigint[])
            """)

    static let deposits = Statement(
        name: "deposits", sql: newest("deposits", depositColumns))
    static let depositsInState = Statement(
        name: "deposits_in_state", sql: newestInState("deposits", depositColumns))

    static let lockDeposit = Statement(
        name: "lock_deposit",
        sql: """
            SELECT \(depositColumns) FROM deposits
            WHERE wallet = $1::text AND lt = $2::bigint FOR UPDATE
            """)

    static let assignDeposit = Statement(
        name: "assign_deposit",
        sql: """
            UPDATE deposits SET state = 'assigned', tenant = $3::text, account = $4::text
            WHERE wallet = $1::text AND lt = $2::bigint
            """)

    private static let strayColumns = """
        wallet, lt, transaction_hash, destination, amount, body_hash, comment, state, \
        withdrawal_id, note, at
        """

    static let insertStrayPayments = Statement(
        name: "insert_stray_payments",
        sql: """
            INSERT INTO stray_payments (\(strayColumns)) SELECT * FROM unnest($1::text[],
                $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bytea[],
                $8::text[], $9::uuid[], $10::text[], $11::bigint[])
            """)

    static let strayPayments = Statement(
        name: "stray_payments", sql: newest("stray_payments", strayColumns))
    static let strayPaymentsInState = Statement(
        name: "stray_payments_in_state", sql: newestInState("stray_payments", strayColumns))

    static let lockStrayPayment = Statement(
        name: "lock_stray_payment",
        sql: """
            SELECT state FROM stray_payments
            WHERE wallet = $1::text AND lt = $2::bigint FOR UPDATE
            """)

    static let settleStrayPayment = Statement(
        name: "settle_stray_payment",
        sql: """
            UPDATE stray_payments SET state = $3::text, note = $4::text, withdrawal_id = $5::uuid,
                settled_at = $6::bigint
            WHERE wallet = $1::text AND lt = $2::bigint
            """)

    /// The wallet is asked for as a range, or the planner might read and sort all it has.
    private static func newest(_ table: String, _ columns: String) -> String {
        """
        SELECT \(columns) FROM \(table)
        WHERE (wallet, lt) < ($1::text, $2::bigint) AND wallet >= $1::text
        ORDER BY wallet DESC, lt DESC LIMIT $3::bigint
        """
    }

    /// So is the state, or it might read those of all states.
    private static func newestInState(_ table: String, _ columns: String) -> String {
        """
        SELECT \(columns) FROM \(table)
        WHERE wallet = $1::text AND (state, lt) < ($4::text, $2::bigint) AND state >= $4::text
        ORDER BY state DESC, lt DESC LIMIT $3::bigint
        """
    }

    /// Run by the readers.
    static let reads = [
        namedAccounts, messages, messagesOfWallet, messagesPaying, lastSequence,
        messagesAwaitingBatch, payments, auditWallet, position, deposits,
        depositsInState, strayPayments, strayPaymentsInState,
    ]
    static let writes = [
        keepMemo, memo, rivals, insertMessage, lockMessages, moveMessage, updateMessages,
        updateItems, lockPosition, putPosition, knownPayments, insertDeposits, lockDeposit,
        assignDeposit, insertStrayPayments, lockStrayPayment, settleStrayPayment,
    ]
}
