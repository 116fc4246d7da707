// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
import TellerProtocol
import TestSupport
import Testing

@testable import SQLiteStore

/// A file that was made before there was a second step.
@Suite struct SQLiteUpgradeTests {
    /// What the first step's text was when it was the only one.
    private static let checksum = "04dea53b0da9bb6665cb6332abab8c69a84c2971b81c6d744fab48dfab9bb5d9"

    private static let address = "0:" + String(repeating: "a", count: 64)
    private static let bobs = "01900000000070008000000000000001"

    /// Between bob's withdrawal and his newest entry stands a credit.
    private static func checkBob(_ store: SQLiteStore) async throws {
        let bob = Sample.account("bob")
        func withdrawals() async throws -> [Int64] {
            try await store.withdrawals(of: bob, state: nil, before: nil, limit: 9)
                .map(\.amount.rawValue)
        }
        let before = try await withdrawals()
        #expect(before.last == 100)
        #expect(try await store.entries(of: bob, before: 4, limit: 9).map(\.sequence) == [3, 2, 1])
        _ = try store.commit(
            [Sample.credit(bob, 1), Sample.create(bob, 7), Sample.credit(bob, 1)], at: Sample.now)
        #expect(try await withdrawals() == [7] + before)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }

    @Test func `a file of the first step is brought up to date with all it holds`() async throws {
        let path = try StoreKind.sqlite.open().location + "-old"
        let old = OldLedger()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE schema_migrations (
                        number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
                    ) STRICT;
                    INSERT INTO schema_migrations VALUES (1, 'ledger', '\(Self.checksum)');
                    \(Migrations.all[0].sql)
                    INSERT INTO accounts VALUES (1, 'shop', 'alice', 0), (2, 'shop', 'bob', 0);
                    INSERT INTO balances VALUES (1, 895, 105, 2, 3, \(old.sqliteID), 0),
                        (2, 1895, 105, 3, 5, X'\(Self.bobs)', 0);
                    INSERT INTO entries VALUES
                        (1, NULL, 1, 1, 'CREDIT', 1000, 0, 1000, 0, NULL, NULL, 0),
                        (2, NULL, 2, 1, 'CREDIT', 1000, 0, 1000, 0, NULL, NULL, 0),
                        (3, 1, 1, 2, 'HOLD', -105, 105, 895, 105, \(old.sqliteID), NULL, 0),
                        (4, 2, 2, 2, 'HOLD', -105, 105, 895, 105, X'\(Self.bobs)', NULL, 0),
                        (5, 4, 2, 3, 'CREDIT', 1000, 0, 1895, 105, NULL, NULL, 0);
                    INSERT INTO withdrawals VALUES
                        (\(old.sqliteID), NULL, 1, 100, 5, '\(Self.address)', 0, NULL, 'SENT', 3, 0, 0,
                            NULL, NULL),
                        (X'\(Self.bobs)', NULL, 2, 100, 5, '\(Self.address)', 0, NULL, 'PENDING', 1, 0,
                            0, NULL, NULL);
                    INSERT INTO withdrawal_events VALUES
                        (\(old.sqliteID), 2, 'PROCESSING', 0, NULL),
                        (\(old.sqliteID), 3, 'SENT', 0, NULL);
                    INSERT INTO payouts VALUES
                        (\(old.sqliteID), \(old.payout.createdAt.unixMilliseconds), 'test', 'old',
                        X'0100');
                    INSERT INTO idempotency_keys VALUES
                        (1, 1, 2, 'paid-in', X'\(old.creditFingerprint)', NULL, 1, 0, 9000000000000),
                        (2, 1, 1, 'paid-out', X'', \(old.sqliteID), NULL, 0, 9000000000000);
                    """)
        }
        try queue.close()
        for _ in 0..<2 {
            let store = try SQLiteStore(
                path: path, outcomeLifeMilliseconds: StoreFixture.outcomeLife)
            try await old.check(store)
            try old.checkKeys(store)
            try await Self.checkBob(store)
            await store.close()
        }
    }
}

/// A ledger with one withdrawal that has been sent, as the first schema kept it.
struct OldLedger {
    let id = Sample.id()
    /// Its clock was ahead of the one now.
    var payout: Payout {
        Payout(
            withdrawalID: id, gateway: "test", reference: "old", payload: [1, 0],
            createdAt: Sample.now.adding(milliseconds: 1_000_000))
    }

    var sqliteID: String { "X'\(digits)'" }
    var postgresID: String { "'\(digits)'" }

    private var digits: String {
        [id.uuid.high, id.uuid.low].map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }

    private var credit: CreditAccount {
        CreditAccount(
            account: Sample.account("alice"), amount: Sample.amount(1000), reference: nil,
            key: Sample.key("paid-in"))
    }

    var creditFingerprint: String {
        credit.fingerprint.bytes.map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    /// That what was asked for with a key is not done again.
    func checkKeys(_ store: any LedgerStore) throws {
        let outcomes = try store.commit(
            [
                Sample.create(Sample.account("alice"), 100, key: "paid-out"),
                Sample.create(Sample.account("alice"), 101, key: "paid-out"),
                .credit(credit),
            ], at: Sample.now)
        guard case .createReplayed(let withdrawal, let record) = outcomes[0],
            case .creditReplayed(let entry, _, _) = outcomes[2]
        else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(withdrawal.id == id)
        #expect(record.firstSeenAt.unixMilliseconds == 0)
        #expect(record.expiresAt.unixMilliseconds == 9_000_000_000_000)
        #expect(outcomes[1] == .refused(.keyReused(fields: ["amount"])))
        #expect(entry.sequence == 1)
    }

    /// That `store` has it, and goes on with it; the second time it finds how it went on.
    func check(_ store: any LedgerStore & ChainStore) async throws {
        let alice = Sample.account("alice")
        let new = Payout(
            withdrawalID: id, gateway: "test", reference: "new", payload: [2],
            createdAt: Sample.now)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
        if try await store.position(of: ChainSample.wallet) == nil {
            #expect(try await store.payouts(of: [id]) == [id: payout])
            let outcomes = try store.commit(
                [
                    Sample.step(id, .sent, .pending), Sample.step(id, .pending, .processing),
                    Sample.step(id, .processing, .sent, payout: new),
                ], at: Sample.now)
            #expect(outcomes.last?.withdrawal?.version == 6)
            let message = ChainSample.message(1, sequence: 1, paying: [id])
            #expect(try await store.add(message, fence: nil))
            let advance = ChainSample.deposits(from: 0, to: [alice])
            #expect(try await store.advance(advance, at: Sample.now).isAdvanced)
        }
        #expect(try await store.payouts(of: [id]) == [id: new])
        #expect(try await store.messages(paying: id).count == 1)
        #expect(try await store.account(alice)?.available == Sample.amount(905))
        #expect(
            try await store.events(of: id, after: 0, limit: 9).map(\.state)
                == [.pending, .processing, .sent, .pending, .processing, .sent])
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }
}
