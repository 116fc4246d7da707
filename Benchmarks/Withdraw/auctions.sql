-- SPDX-FileCopyrightText: 2026 The Teller authors
-- SPDX-License-Identifier: Apache-2.0
--
-- 100,000 auctions over all the accounts, as the service would have written them: each account sells
-- one thing and has bid on another. They are due once `due_at` is moved.
INSERT INTO deals
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'auction', 'default',
    'bench-' || n, 'gift', 1000, 500, NULL, NULL, 9000000000000, NULL, 500, 'OPEN',
    'bench-' || n * 7919 % 100000 + 1, 1000, 1, 0, 2, 0, 0, 9000000000000, NULL
FROM generate_series(1::bigint, 100000) n;
INSERT INTO deal_events
SELECT id, 1, 'OPENED', NULL, NULL, 0 FROM deals
UNION ALL SELECT id, 2, 'BID', buyer, bid, 0 FROM deals;
UPDATE accounts a SET available = a.available - d.bid, held = d.bid, last_sequence = 2
FROM deals d WHERE d.tenant = a.tenant AND d.buyer = a.account;
INSERT INTO entries
SELECT a.number, 2, 'HOLD', -d.bid, d.bid, a.available, a.held, NULL, 'auction/' || d.id, 0
FROM deals d JOIN accounts a ON a.tenant = d.tenant AND a.account = d.buyer;
