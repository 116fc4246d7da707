-- pgbench: the work of one withdraw.create as one transaction of several statements. Keys rise with
-- time, as those of Teller's client do.
\set n random(1, :accounts)
\set count :count + 1
\set random random(1, 9000000000000000)
BEGIN;
-- Ids rise with time, as Teller's do.
SELECT number, available, held, last_sequence,
    lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000000)::bigint), 16, '0')
        || lpad(to_hex(:random::bigint), 16, '0') AS id
    FROM accounts WHERE tenant = 'default' AND account = 'bench-' || :n::text FOR UPDATE \gset
SELECT id FROM withdrawals WHERE account_number = :number AND key = 'pgbench-' || :client_id::text || '-' || :count::text;
UPDATE accounts SET available = available - 15000000, held = held + 15000000,
        last_sequence = last_sequence + 1, updated_at = 1
    WHERE number = :number;
INSERT INTO entries SELECT number, last_sequence, 'HOLD', -15000000, 15000000, available, held,
        :id::uuid, NULL, 1
    FROM accounts WHERE number = :number;
INSERT INTO withdrawals VALUES (:id::uuid, :number, :last_sequence + 1, 10000000, 5000000,
    '0' || chr(58) || 'ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e', false, NULL, 'PENDING', 1, 1, 1,
    NULL, NULL, 'pgbench-' || :client_id::text || '-' || :count::text, 1);
COMMIT;
