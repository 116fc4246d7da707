-- The work of one withdraw.create as one server-side function.
CREATE OR REPLACE FUNCTION bench_withdraw(which text, random bigint, new_key text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    holder accounts;
    -- Ids rise with time, as Teller's do.
    id uuid := (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000000)::bigint), 16, '0')
        || lpad(to_hex(random), 16, '0'))::uuid;
BEGIN
    SELECT * INTO holder FROM accounts WHERE tenant = 'default' AND account = which FOR UPDATE;
    PERFORM 1 FROM withdrawals WHERE account_number = holder.number AND key = new_key;
    IF FOUND THEN RETURN 'replayed'; END IF;
    IF holder.available < 15000000 THEN RETURN 'insufficient'; END IF;
    UPDATE accounts SET available = available - 15000000, held = held + 15000000,
            last_sequence = last_sequence + 1, updated_at = 1
        WHERE number = holder.number;
    INSERT INTO entries VALUES (holder.number, holder.last_sequence + 1, 'HOLD', -15000000, 15000000,
        holder.available - 15000000, holder.held + 15000000, id, NULL, 1);
    INSERT INTO withdrawals VALUES (id, holder.number, holder.last_sequence + 1, 10000000, 5000000,
        '0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e', false, NULL, 'PENDING', 1, 1, 1,
        NULL, NULL, new_key, 1);
    RETURN 'accepted';
END $$;
