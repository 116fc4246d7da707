// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import TestSupport
import Testing

@testable import PostgresStore

/// A transaction whose owner has been halted, or cut off, in its middle.
@Suite struct LostOwnerTests {
    /// What it has locked must be free before the lease's life is over: a batch locks its lease,
    /// and who takes it over would otherwise wait for as long as the connection stands.
    @Test func `what a lost owner has locked is free again within ten seconds`() async throws {
        let fixture = try StoreKind.postgres.open()
        let cluster = try fixture.cluster
        let lease = try await cluster.acquire("payouts", holder: "lost", life: .seconds(1))
        let lost = try Connection.open(
            fixture.location,
            settings: Session.settings
                + "BEGIN; SELECT FROM leases WHERE name = 'payouts' FOR KEY SHARE;",
            statements: [])
        let start = ContinuousClock.now
        var heir: Lease?
        while heir == nil, ContinuousClock.now - start < .seconds(25) {
            heir = try? await cluster.acquire("payouts", holder: "heir", life: .seconds(60))
        }
        #expect(heir?.epoch == lease.epoch + 1)
        #expect(ContinuousClock.now - start < .seconds(10))
        _ = consume lost
    }
}
