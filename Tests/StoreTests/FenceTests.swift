// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Supervision
import TellerProtocol
import TestSupport
import Testing

/// Commands that lean on a lease.
@Suite struct FenceTests {
    private static let life = Duration.seconds(3_600)
    private let alice = Sample.account("alice")

    /// A store with so many pending withdrawals of alice.
    private func fill(_ store: any LedgerStore, _ count: Int) throws -> [WithdrawalID] {
        let ids = (0..<count).map { _ in Sample.id() }
        _ = try store.commit(
            [Sample.credit(alice, 1_000_000)] + ids.map { Sample.create(alice, 10, id: $0) },
            at: Sample.now)
        return ids
    }

    private func step(_ id: WithdrawalID, _ lease: Lease) -> LedgerCommand {
        Sample.step(
            id, .pending, .processing, fence: Fence(lease: lease.name, epoch: lease.epoch))
    }

    @Test(arguments: StoreKind.allCases)
    func `a command is refused from the moment its lease is taken anew`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let ids = try fill(fixture.store, 5)
        let old = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let held = try fixture.store.commit([step(ids[0], old)], at: Sample.now)
        #expect(held[0].withdrawal?.state == .processing)
        // Its time is over, but nobody has begun in its place.
        try fixture.expire("payouts")
        let late = try fixture.store.commit([step(ids[1], old)], at: Sample.now)
        #expect(late[0].withdrawal?.state == .processing)

        let other = try fixture.openClusterAgain()
        let new = try await other.acquire("payouts", holder: "b", life: Self.life)
        // In one batch with a command of the new holder, and with one that has no fence.
        let mixed = try fixture.store.commit(
            [
                step(ids[2], old), step(ids[3], new),
                Sample.step(ids[4], .pending, .cancelled), step(ids[2], old),
            ], at: Sample.now)
        #expect(mixed[0].refusal == .fenced)
        #expect(mixed[1].withdrawal?.state == .processing)
        #expect(mixed[2].withdrawal?.state == .cancelled)
        #expect(mixed[3].refusal == .fenced)
        let alone = try fixture.store.commit([step(ids[2], old)], at: Sample.now)
        #expect(alone[0].refusal == .fenced)
        #expect(try await fixture.store.withdrawal(ids[2])?.version == 1)
        #expect(try await fixture.store.audit(after: nil, limit: 10).violations == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a lease that nobody ever took fences, and so does an epoch that is yet to come`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let ids = try fill(fixture.store, 2)
        let never = Lease(name: "never", holder: "a", epoch: 1)
        #expect(
            try fixture.store.commit([step(ids[0], never)], at: Sample.now)[0].refusal == .fenced)
        let held = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let future = Lease(name: "payouts", holder: "a", epoch: held.epoch + 1)
        let outcomes = try fixture.store.commit(
            [step(ids[0], future), step(ids[0], held), step(ids[1], never)], at: Sample.now)
        #expect(outcomes[0].refusal == .fenced)
        #expect(outcomes[1].withdrawal?.state == .processing)
        #expect(outcomes[2].refusal == .fenced)
    }

    @Test(arguments: StoreKind.allCases)
    func `a batch leans on several leases at once`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let ids = try fill(fixture.store, 4)
        var leases: [Lease] = []
        for name in ["c", "a", "d", "b"] {
            leases.append(
                try await fixture.cluster.acquire(name, holder: name, life: Self.life))
        }
        let outcomes = try fixture.store.commit(
            zip(ids, leases).map(step), at: Sample.now)
        #expect(outcomes.allSatisfy { $0.withdrawal?.state == .processing })
    }

    @Test(arguments: [StoreKind.postgres, .postgresAtAGlance])
    func `a batch that begins during a takeover is refused by it`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let ids = try fill(fixture.store, 1)
        let old = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let takeover = try Bystander(
            fixture, holding: "UPDATE leases SET holder = 'b', epoch = epoch + 1")
        let batch = Blocking { [store = fixture.store, step = step(ids[0], old)] in
            try store.commit([step], at: Sample.now)
        }
        try takeover.waitForOthers()
        try takeover.commit()
        #expect(try await batch.value[0].refusal == .fenced)
        #expect(try await fixture.store.withdrawal(ids[0])?.state == .pending)
    }

    @Test(arguments: [StoreKind.postgres, .postgresAtAGlance])
    func `a takeover waits for a batch that has begun`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let ids = try fill(fixture.store, 1)
        let old = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        // The batch has the lease's row, and stands before the withdrawal's.
        let other = try Bystander(fixture, holding: "SELECT 1 FROM withdrawals FOR UPDATE")
        let batch = Blocking { [store = fixture.store, step = step(ids[0], old)] in
            try store.commit([step], at: Sample.now)
        }
        try other.waitForOthers()
        let takeover = "UPDATE leases SET holder = 'b', epoch = epoch + 1"
        #expect {
            _ = try Bystander(fixture, holding: "SET lock_timeout = '50ms'; \(takeover)")
        } throws: { error in
            // lock_not_available
            (error as? StoreError)?.detail.hasPrefix("55P03") == true
        }
        try other.commit()
        #expect(try await batch.value[0].withdrawal?.state == .processing)
        let new = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        #expect(new.epoch == old.epoch + 1)
    }

    @Test(arguments: StoreKind.durable)
    func `nothing of an old holder is written after the new one has begun`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let id = try fill(fixture.store, 1)[0]
        let second = try fixture.openAgain()
        let other = try #require(second as? any ClusterStore)
        let old = try await fixture.cluster.acquire("payouts", holder: "a", life: Self.life)
        let fence = Fence(lease: old.name, epoch: old.epoch)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        // To and fro until it is refused.
        let writer = Blocking { [store = fixture.store, alice] in
            var (from, to) = (WithdrawalState.pending, WithdrawalState.processing)
            while true {
                let outcome = try store.commit(
                    [Sample.step(id, from, to, of: alice, fence: fence)], at: Sample.now)[0]
                guard case .transitioned = outcome else { return outcome }
                (from, to) = (to, from)
                signal.yield()
                // SQLite's lock is not handed on in turn.
                usleep(2_000)
            }
        }
        for await _ in begun { break }
        try fixture.expire("payouts")
        _ = try await other.acquire("payouts", holder: "b", life: Self.life)
        let atTakeover = try #require(try await second.withdrawal(id))
        #expect(try await writer.value.refusal == .fenced)
        #expect(try await second.withdrawal(id) == atTakeover)
        #expect(atTakeover.version > 1)
        await second.close()
    }
}

/// Work that blocks, beside the threads that tests share.
private struct Blocking<Value: Sendable>: Sendable {
    private let result: AsyncStream<Result<Value, any Error>>

    init(_ body: @escaping @Sendable () throws -> Value) {
        let (result, continuation) = AsyncStream<Result<Value, any Error>>.makeStream()
        self.result = result
        DispatchQueue(label: "test").async {
            continuation.yield(Result { try body() })
            continuation.finish()
        }
    }

    /// What it returned, once.
    var value: Value {
        get async throws {
            for await result in result { return try result.get() }
            throw CancellationError()
        }
    }
}
