# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0

# ledger_file FILE: makes an SQLite ledger of 100,000 accounts, as account.credit would leave them.
ledger_file() {
    "$bin/teller" migrate --store "sqlite:$1" >/dev/null
    sqlite3 -bail "$1" "
        BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO accounts SELECT i, 'default', 'bench-' || i, 0 FROM n;
        INSERT INTO entries
            SELECT number, NULL, number, 1, 'CREDIT', 1000000000000000, 0, 1000000000000000, 0,
                NULL, NULL, 0, NULL
            FROM accounts;
        INSERT INTO heads SELECT account_number, number FROM entries;
        COMMIT;
        PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
}
