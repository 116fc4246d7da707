// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import SQLiteStore
import TellerProtocol
import TestSupport
import Testing

/// Tokens, on the stores that keep them.
@Suite struct CredentialTests {
    @Test(arguments: StoreKind.durable)
    func `a token is found by its digest until it is revoked`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let store = try #require(fixture.store as? any CredentialStore)
        let token = TokenRecord(
            name: "shop", tenant: try #require(TenantID("shop")),
            digest: (0..<32).map { UInt8($0) }, scopes: ["withdraw:read", "withdraw:write"],
            createdAt: Sample.now, expiresAt: Sample.now.adding(milliseconds: 5), revokedAt: nil)
        #expect(try await store.insertToken(token))
        #expect(try await !store.insertToken(token))
        #expect(try await store.token(digest: token.digest) == token)
        #expect(try await store.token(digest: Array(token.digest.reversed())) == nil)
        #expect(try await store.tokens() == [token])
        #expect(try await store.revokeToken(named: "shop", at: Sample.now))
        #expect(try await !store.revokeToken(named: "shop", at: Sample.now))
        #expect(try await store.token(digest: token.digest)?.revokedAt == Sample.now)
    }
}

/// A server that goes away and comes back.
@Suite struct PostgresOutageTests {
    @Test func `commits fail at once while the server is away and work when it is back`()
        async throws
    {
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let store = try PostgresStore(
            connectionString: try cluster.makeDatabase(), outcomeLifeMilliseconds: 1000,
            readers: 2, logger: Logger(label: "test"))
        let alice = Sample.account("alice")
        _ = try store.commit([Sample.credit(alice, 1000, key: "a")], at: Sample.now)
        try cluster.stop(.immediate)
        for _ in 0..<5 {
            #expect(throws: StoreError.self) {
                try store.commit([Sample.credit(alice, 1000, key: "b")], at: Sample.now)
            }
        }
        await #expect(throws: StoreError.self) { try await store.ping() }
        try cluster.start()
        try await eventually { try await store.ping() }
        try await eventually {
            _ = try store.commit([Sample.credit(alice, 1000, key: "b")], at: Sample.now)
        }
        let account = try await store.account(alice)
        #expect(account?.available == Sample.amount(2000))
        await store.close()
    }

    @Test func `an acknowledged batch survives a server that dies`() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let location = try cluster.makeDatabase()
        let store = try PostgresStore(
            connectionString: location, outcomeLifeMilliseconds: 1_000_000, readers: 1,
            logger: Logger(label: "test"))
        let alice = Sample.account("alice")
        _ = try store.commit([Sample.credit(alice, 1_000_000)], at: Sample.now)
        var acknowledged: [String] = []
        for round in 0..<3 {
            let stopper = Task.detached { try cluster.stop(.immediate) }
            var number = 0
            while number < 100_000 {
                let key = "k\(round)-\(number)"
                number += 1
                do throws(StoreError) {
                    _ = try store.commit(
                        [Sample.create(alice, 1, key: key, fee: 0)], at: Sample.now)
                    acknowledged.append(key)
                } catch {
                    break
                }
            }
            try await stopper.value
            try cluster.start()
            try await eventually { try await store.ping() }
        }
        print("\(acknowledged.count) withdrawals were acknowledged")
        var replays: [LedgerOutcome] = []
        for start in stride(from: 0, to: acknowledged.count, by: 200) {
            let keys = acknowledged[start..<min(start + 200, acknowledged.count)]
            replays += try store.commit(
                keys.map { Sample.create(alice, 1, key: $0, fee: 0) }, at: Sample.now)
        }
        for (key, outcome) in zip(acknowledged, replays) {
            guard case .createReplayed = outcome else {
                Issue.record("\(key) was acknowledged and is lost")
                continue
            }
        }
        #expect(try await store.audit(after: nil, limit: 10).violations == [])
        await store.close()
    }
}

/// Tries `body` until it succeeds, for ten seconds at the most.
func eventually(_ body: () async throws -> Void) async throws {
    let end = ContinuousClock.now + .seconds(10)
    while true {
        do {
            return try await body()
        } catch {
            guard ContinuousClock.now < end else {
                Issue.record("\((error as? StoreError)?.debugDescription ?? "\(error)")")
                throw error
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
