-- pgbench: one call of the function. Keys rise with time, as those of Teller's client do.
\set n random(1, :accounts)
\set count :count + 1
\set random random(1, 9000000000000000)
SELECT bench_withdraw('bench-' || :n::text, :random::bigint, 'pgbench-' || :client_id::text || '-' || :count::text);
