// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import TellerProtocol
import TestSupport
import Testing

@testable import PostgresStore

/// A database that was made before there was a second step.
@Suite struct PostgresUpgradeTests {
    /// What the first step's text was when it was the only one.
    private static let checksum = "adb3eeb9441937f9492248d4d899ef9f4e7bdd27c209c0916e6ea0f046e58447"

    @Test func `a database of the first step is brought up to date with all it holds`()
        async throws
    {
        let cluster = try StoreFixture.cluster.get()
        let location = try cluster.makeDatabase()
        let old = OldLedger()
        try cluster.sql(
            """
            CREATE TABLE schema_migrations (
                number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL
            );
            INSERT INTO schema_migrations VALUES (1, 'ledger', '\(Self.checksum)');
            \(Migrations.all[0].sql)
            INSERT INTO accounts
                (tenant, account, available, held, last_sequence, created_at, updated_at)
                VALUES ('shop', 'alice', 895, 105, 2, 0, 0);
            INSERT INTO entries VALUES
                (1, 1, 'CREDIT', 1000, 0, 1000, 0, NULL, NULL, 0),
                (1, 2, 'HOLD', -105, 105, 895, 105, \(old.postgresID), NULL, 0);
            INSERT INTO withdrawals VALUES (\(old.postgresID), 1, 2, 100, 5, '0:a', false, NULL,
                'SENT', 3, 0, 0, NULL, NULL, NULL, NULL);
            INSERT INTO withdrawal_events VALUES
                (\(old.postgresID), 2, 'PROCESSING', 0, NULL), (\(old.postgresID), 3, 'SENT', 0, NULL);
            INSERT INTO payouts VALUES (\(old.postgresID),
                \(old.payout.createdAt.unixMilliseconds), 'test', 'old', '\\x0100');
            """, in: location)
        for _ in 0..<2 {
            let store = try PostgresStore(
                connectionString: location, outcomeLifeMilliseconds: StoreFixture.outcomeLife,
                readers: 1, logger: Logger(label: "test"))
            try await old.check(store)
            await store.close()
        }
    }
}
