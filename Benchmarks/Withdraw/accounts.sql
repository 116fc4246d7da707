-- 100,000 accounts with money enough, as account.credit would leave them.
INSERT INTO accounts
SELECT 'default', 'bench-' || n, 1000000000000000, 0, 1, 0, 0 FROM generate_series(1, 100000) n;
INSERT INTO entries
SELECT 'default', 'bench-' || n, 1, 'CREDIT', 1000000000000000, 0, 1000000000000000, 0, NULL, NULL, 0
FROM generate_series(1, 100000) n;
