// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import TestSupport
import Testing

@testable import PostgresStore

/// A transaction whose owner has been halted, or cut off, in its middle.
@Suite struct LostOwnerTests {
    /// Takes long to send.
    private static let padding = Statement(name: "padding", sql: "SELECT length($1::text)")

    /// What it has locked must be free before the lease's life is over: a batch locks its lease,
    /// and who takes it over would otherwise wait for as long as the connection stands.
    @Test func `what a lost owner has locked is free again within ten seconds`() async throws {
        let fixture = try StoreKind.postgres.open()
        var lost: Connection?
        try await expectTakeover(in: fixture) {
            lost = try Connection.open(
                fixture.location,
                settings: Session.settings
                    + "BEGIN; SELECT FROM leases WHERE name = 'payouts' FOR KEY SHARE;",
                statements: [])
        }
        _ = consume lost
    }

    /// The server has got a part of a batch and waits for the rest of it.
    @Test func `a batch that stops half-way keeps nothing locked for long`() async throws {
        let fixture = try StoreKind.postgres.open()
        var lost = try Connection.open(
            fixture.location, settings: Session.settings,
            statements: [BatchStatements.begin, BatchStatements.lockLeases, Self.padding])
        try await expectTakeover(in: fixture) {
            try lost.send(BatchStatements.begin)
            var names = Parameters()
            names.texts(["payouts"]) { $0 }
            try lost.send(BatchStatements.lockLeases, names)
            // libpq sends whole blocks as they fill and keeps the rest.
            var text = Parameters()
            text.text(String(repeating: "x", count: 20_000))
            try lost.send(Self.padding, text)
        }
        _ = consume lost
    }

    private func expectTakeover(
        in fixture: StoreFixture, after lock: () throws -> Void
    ) async throws {
        let cluster = try fixture.cluster
        let lease = try await cluster.acquire("payouts", holder: "lost", life: .seconds(1))
        try lock()
        let start = ContinuousClock.now
        // Whether it is locked at all.
        #expect(
            try fixture.sql(
                "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'leases' AND l.mode = 'RowShareLock'"
            ) == "1")
        var heir: Lease?
        while heir == nil, ContinuousClock.now - start < .seconds(25) {
            heir = try? await cluster.acquire("payouts", holder: "heir", life: .seconds(60))
        }
        #expect(heir?.epoch == lease.epoch + 1)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
