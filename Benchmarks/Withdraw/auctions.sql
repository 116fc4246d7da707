-- SPDX-FileCopyrightText: 2026 The Teller authors
-- SPDX-License-Identifier: Apache-2.0
--
-- 100,000 auctions of 1,000 sellers, each with one bid of one of 1,000 bidders, as the service would
-- have written them; they are due once `due_at` is moved.
INSERT INTO accounts (tenant, account, available, held, last_sequence, created_at, updated_at)
SELECT 'default', 'seller-' || n, 0, 0, 0, 0, 0 FROM generate_series(0, 999) n;
INSERT INTO accounts (tenant, account, available, held, last_sequence, created_at, updated_at)
SELECT 'default', 'bidder-' || n, 0, 100000, 101, 0, 0 FROM generate_series(0, 999) n;
INSERT INTO entries
SELECT number, 1, 'CREDIT', 100000, 0, 100000, 0, NULL, NULL, 0
FROM accounts WHERE account LIKE 'bidder-%';
INSERT INTO entries
SELECT number, 1 + n, 'HOLD', -1000, 1000, 100000 - 1000 * n, 1000 * n, NULL, 'auction', 0
FROM accounts, generate_series(1, 100) n WHERE account LIKE 'bidder-%';
INSERT INTO deals
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'auction', 'default',
    'seller-' || (n % 1000), 'gift', 1000, 500, NULL, NULL, 9000000000000, NULL, 500, 'OPEN',
    'bidder-' || (n / 100), 1000, 1, 0, 2, 0, 0, 9000000000000, NULL
FROM generate_series(0, 99999) n;
INSERT INTO deal_events
SELECT id, 1, 'OPENED', NULL, NULL, 0 FROM deals
UNION ALL SELECT id, 2, 'BID', buyer, bid, 0 FROM deals;
