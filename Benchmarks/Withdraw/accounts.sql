-- 100,000 accounts with money enough, as account.credit would leave them.
INSERT INTO accounts (tenant, account, available, held, last_sequence, created_at, updated_at)
SELECT 'default', 'bench-' || n, 1000000000000000, 0, 1, 0, 0 FROM generate_series(1, 100000) n;
INSERT INTO entries
SELECT number, 1, 'CREDIT', available, 0, available, 0, NULL, NULL, 0 FROM accounts;
