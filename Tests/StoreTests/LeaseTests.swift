// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import PostgresStore
import Supervision
import Synchronization
import TellerProtocol
import TestSupport
import Testing

/// Leases, on every store.
@Suite struct LeaseTests {
    private static let life = Duration.seconds(3_600)

    @Test(arguments: StoreKind.allCases)
    func `a lease has one holder, and its epoch rises with every acquisition`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (here, there) = (try fixture.cluster, try fixture.openClusterAgain())
        let first = try await here.acquire("payouts", holder: "a", life: Self.life)
        #expect(first == Lease(name: "payouts", holder: "a", epoch: 1))
        await #expect(throws: LeaseError.heldByOther(first)) {
            try await there.acquire("payouts", holder: "b", life: Self.life)
        }
        // Another lease is another matter; its holder may take it again.
        let other = try await there.acquire("deposits", holder: "b", life: Self.life)
        #expect(other.epoch == 1)
        #expect(try await there.acquire("deposits", holder: "b", life: Self.life).epoch == 2)
        await #expect(throws: LeaseError.lost) { try await there.renew(other, life: Self.life) }
        await #expect(throws: LeaseError.lost) { try await there.release(other) }

        try await here.renew(first, life: Self.life)
        try await here.release(first)
        await #expect(throws: LeaseError.lost) { try await here.renew(first, life: Self.life) }
        let second = try await there.acquire("payouts", holder: "b", life: Self.life)
        #expect(second.epoch == 2)
        await #expect(throws: LeaseError.heldByOther(second)) {
            try await here.acquire("payouts", holder: "a", life: Self.life)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a lease whose life is over is lost, and anybody's`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let (here, there) = (try fixture.cluster, try fixture.openClusterAgain())
        let old = try await here.acquire("payouts", holder: "a", life: Self.life)
        try fixture.expire("payouts")
        await #expect(throws: LeaseError.lost) { try await here.renew(old, life: Self.life) }
        let new = try await there.acquire("payouts", holder: "b", life: Self.life)
        #expect(new.epoch == 2)
        await #expect(throws: LeaseError.lost) { try await here.renew(old, life: Self.life) }
        await #expect(throws: LeaseError.lost) { try await here.release(old) }
        try await there.renew(new, life: Self.life)
    }

    @Test(arguments: StoreKind.allCases)
    func `a lease ends by itself when its life is over, and not before`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (here, there) = (try fixture.cluster, try fixture.openClusterAgain())
        let clock = ContinuousClock()
        let begun = clock.now
        let old = try await here.acquire("payouts", holder: "a", life: .milliseconds(150))
        let taken = try await granted { () async throws(LeaseError) in
            try await there.acquire("payouts", holder: "b", life: Self.life)
        }
        #expect(taken.epoch == old.epoch + 1)
        // The store's clock counts whole milliseconds.
        #expect(clock.now - begun >= .milliseconds(148))
    }

    /// Tries until the lease is free, for ten seconds at the most.
    private func granted(
        _ acquire: () async throws(LeaseError) -> Lease
    ) async throws -> Lease {
        for _ in 0..<10_000 {
            do throws(LeaseError) {
                return try await acquire()
            } catch {
                guard case .heldByOther = error else { throw error }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        throw LeaseError.lost
    }

    @Test(arguments: StoreKind.allCases)
    func `of many that race for a lease one gets it, in an epoch of its own`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let stores = [try fixture.cluster, try fixture.openClusterAgain()]
        var epochs: [Int64] = []
        for _ in 0..<12 {
            let won = await withTaskGroup(of: Lease?.self) { group in
                for caller in 0..<8 {
                    group.addTask {
                        try? await stores[caller % 2].acquire(
                            "payouts", holder: "h\(caller)", life: Self.life)
                    }
                }
                return await group.reduce(into: [Lease]()) { leases, lease in
                    if let lease { leases.append(lease) }
                }
            }
            let winner = try #require(won.first)
            #expect(won.count == 1)
            epochs.append(winner.epoch)
            try await stores[0].renew(winner, life: Self.life)
            try await stores[1].release(winner)
        }
        #expect(epochs == Array(1...12))
    }

    @Test(arguments: StoreKind.durable)
    func `a row of a lease can neither be removed nor rewound`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        _ = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let held = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let attempts = [
            "DELETE FROM leases", "UPDATE leases SET epoch = epoch - 1",
            "UPDATE leases SET name = 'other'",
        ]
        for attempt in attempts {
            #expect(throws: (any Error).self, "\(attempt)") { try fixture.tamper(attempt) }
        }
        try await fixture.cluster.renew(held, life: Self.life)
        #expect(
            try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life).epoch == 3)
    }

    /// As a batch does that hangs on the way to the disk.
    @Test func `a renewal does not wait for a batch that leans on the lease`() async throws {
        let fixture = try StoreKind.postgres.open()
        let held = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let batch = try Bystander(fixture, holding: "SELECT 1 FROM leases FOR KEY SHARE")
        try await fixture.cluster.renew(held, life: Self.life)
        // A new epoch does wait, and no longer than a call may take.
        await #expect {
            try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        } throws: { error in
            if case .unavailable = error as? LeaseError { true } else { false }
        }
        try batch.commit()
        #expect(
            try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life).epoch == 2)
    }

    @Test func `a call returns when its task is cancelled although the server hangs`()
        async throws
    {
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let store = try PostgresStore(
            connectionString: try cluster.makeDatabase(), outcomeLifeMilliseconds: 1000,
            readers: 1, logger: Logger(label: "test"))
        let held = try await store.acquire("payouts", holder: "a", life: Self.life)
        try cluster.hang()
        let call = Task { () async throws -> Bool in
            try await store.renew(held, life: Self.life)
            return true
        }
        call.cancel()
        let result = await call.result
        guard case .failure(let error) = result,
            case .unavailable(let detail) = error as? LeaseError
        else {
            Issue.record("\(result)")
            return
        }
        #expect(detail.contains("cancelled"), "it has waited for the server")
        try cluster.resume()
        try await eventually { try await store.renew(held, life: Self.life) }
        // Away altogether, and back with what it knew.
        try cluster.stop(.immediate)
        await #expect {
            try await store.renew(held, life: Self.life)
        } throws: { error in
            if case .unavailable = error as? LeaseError { true } else { false }
        }
        try cluster.start()
        try await eventually { try await store.renew(held, life: Self.life) }
        #expect(try await store.acquire("payouts", holder: "a", life: Self.life).epoch == 2)
        await store.close()
    }
}
