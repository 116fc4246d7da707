-- pgbench: one call of the function.
\set n random(1, :accounts)
\set key random(1, 9000000000000000)
\set random random(1, 9000000000000000)
SELECT bench_withdraw('bench-' || :n::text, :random::bigint, 'pgbench-' || :key::text);
