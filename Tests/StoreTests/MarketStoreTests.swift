// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization
import TellerProtocol
import Testing

/// Operations at marketplaces, on every store.
@Suite struct MarketStoreTests {
    private let alice = Sample.account("alice")

    private func buy(
        item: String = "gift-1", price: Int64 = 5, market: String = "mrkt", key: String? = nil,
        tenant: String = "shop"
    ) -> MarketOperation {
        MarketOperation(
            id: MarketOperationID(Sample.id().uuid),
            tenant: Sample.account("a", tenant: tenant).tenant,
            market: market, action: .buy(item: item, price: Sample.amount(price)),
            key: key.map(Sample.key), createdAt: Sample.now)
    }

    private func withdraw(_ amount: Int64, key: String? = nil) -> MarketOperation {
        MarketOperation(
            id: MarketOperationID(Sample.id().uuid), tenant: alice.tenant, market: "mrkt",
            action: .withdraw(Sample.amount(amount), to: alice), key: key.map(Sample.key),
            createdAt: Sample.now)
    }

    private func store(_ kind: StoreKind) throws -> (any MarketStore, StoreFixture) {
        let fixture = try kind.open()
        return (try #require(fixture.store as? any MarketStore), fixture)
    }

    @Test(arguments: StoreKind.allCases)
    func `a key keeps one operation of its tenant and action`(kind: StoreKind) async throws {
        let (store, _) = try store(kind)
        let first = buy(key: "k")
        #expect(try await store.add(first) == .added(first))
        #expect(try await store.add(buy(key: "k")) == .replayed(first))
        #expect(
            try await store.add(buy(item: "x", price: 6, market: "portals", key: "k"))
                == .keyReused(fields: ["market", "itemId", "price"]))
        let others = [
            withdraw(5, key: "k"), buy(key: "k", tenant: "other"), buy(key: "l"), buy(), buy(),
        ]
        for other in others { #expect(try await store.add(other) == .added(other)) }
        #expect(
            try await store.add(withdraw(6, key: "k")) == .keyReused(fields: ["amount"]))
        for kept in [first] + others {
            #expect(try await store.marketOperation(kept.id) == kept)
        }
    }

    @Test(arguments: StoreKind.durable)
    func `equal calls at the same time keep one operation`(kind: StoreKind) async throws {
        let (store, _) = try store(kind)
        let ids = try await withThrowingTaskGroup(of: MarketOperationID?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    switch try await store.add(self.buy(key: "k")) {
                    case .added(let kept), .replayed(let kept): return kept.id
                    case .keyReused: return nil
                    }
                }
            }
            return try await group.reduce(into: Set<MarketOperationID?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && !ids.contains(nil))
    }

    @Test(arguments: StoreKind.allCases)
    func `a step is written once, along the drawing, and all of it is kept`(
        kind: StoreKind
    ) async throws {
        let (store, _) = try store(kind)
        let first = withdraw(7)
        _ = try await store.add(first)
        var sending = first
        sending.state = .sending
        sending.version = 2
        sending.balanceBefore = Sample.amount(100)
        sending.sentAt = Sample.after(1)
        sending.updatedAt = Sample.after(2)
        #expect(try await store.update(sending, fence: nil))
        #expect(try await !store.update(sending, fence: nil))
        var done = sending
        done.version = 3
        done.state = .notExecuted
        #expect(try await !store.update(done, fence: nil), "SENDING may not end so")
        done.state = .accepted
        done.remoteID = "r-1"
        done.detail = "on its way"
        #expect(try await store.update(done, fence: nil))
        done.version = 4
        done.state = .done
        done.deposit = 77
        done.transactionHash = String(repeating: "a", count: 64)
        #expect(try await store.openMarketOperations(of: "mrkt", limit: 9).map(\.id) == [first.id])
        #expect(try await store.update(done, fence: nil))
        #expect(try await store.marketOperation(first.id) == done)
        #expect(try await store.openMarketOperations(of: "mrkt", limit: 9) == [])
        var again = done
        again.version = 5
        #expect(try await !store.update(again, fence: nil), "it has ended")
    }

    @Test(arguments: StoreKind.allCases)
    func `open ones are of a market, oldest first`(kind: StoreKind) async throws {
        let (store, _) = try store(kind)
        let kept = [buy(), buy(market: "portals"), withdraw(1), buy(tenant: "other")]
        for operation in kept { _ = try await store.add(operation) }
        let open = try await store.openMarketOperations(of: "mrkt", limit: 9)
        #expect(open == [kept[0], kept[2], kept[3]])
        #expect(try await store.openMarketOperations(of: "mrkt", limit: 1) == [kept[0]])
    }

    @Test(arguments: StoreKind.allCases)
    func `those that nobody knows are counted`(kind: StoreKind) async throws {
        let (store, fixture) = try store(kind)
        let kept = [buy(), withdraw(1), buy(market: "portals")]
        for operation in kept { _ = try await store.add(operation) }
        for var operation in kept.suffix(2) {
            for state in [MarketOperationState.sending, .unknown] {
                operation.state = state
                operation.version += 1
                operation.updatedAt = Sample.after(operation.version)
                #expect(try await store.update(operation, fence: nil))
            }
        }
        let totals = try await fixture.store.totals()
        #expect(totals.operationsUnknown == 2)
        #expect(totals.oldestUnknown == Sample.now)
    }

    @Test(arguments: StoreKind.allCases)
    func `a worker whose lease has been taken writes nothing`(kind: StoreKind) async throws {
        let (store, fixture) = try store(kind)
        let first = buy()
        _ = try await store.add(first)
        let old = try await fixture.cluster.acquire("m", holder: "x", life: .seconds(9))
        try fixture.expire("m")
        let new = try await fixture.openClusterAgain().acquire(
            "m", holder: "y", life: .seconds(9))
        var sending = first
        sending.state = .sending
        sending.version = 2
        let fences = [old, new].map { Fence(lease: $0.name, epoch: $0.epoch) }
        #expect(try await !store.update(sending, fence: fences[0]))
        #expect(try await store.update(sending, fence: fences[1]))
    }

    @Test(
        arguments: [MarketOperationState.unknown, .done],
        [MarketOperationState.done, .notExecuted])
    func `an operator is heard although the worker writes meanwhile, unless that ended it`(
        meanwhile: MarketOperationState, verdict: MarketOperationState
    ) async throws {
        let (kept, _) = try store(.inMemory)
        var operation = buy()
        _ = try await kept.add(operation)
        for state in [MarketOperationState.sending, .unknown] {
            operation.state = state
            operation.version += 1
            #expect(try await kept.update(operation, fence: nil))
        }
        let busy = BusyMarketStore(kept: kept, meanwhile: meanwhile)
        let resolution = try await busy.resolve(
            operation.id, as: verdict, detail: "by an operator", at: Sample.after(9))
        let found = try #require(try await kept.marketOperation(operation.id))
        if meanwhile == .unknown {
            #expect(resolution == .resolved(found))
            #expect(found.state == verdict)
            #expect(found.detail == "by an operator")
            #expect(found.updatedAt == Sample.after(9))
        } else {
            #expect(resolution == .notUnknown(.done))
            #expect(found.detail == "learnt by look 1")
        }
        let again = try await busy.resolve(operation.id, as: verdict, detail: "", at: Sample.now)
        #expect(again == .notUnknown(found.state))
        let other = MarketOperationID(Sample.id().uuid)
        #expect(
            try await busy.resolve(other, as: verdict, detail: "", at: Sample.now) == .missing)
    }

    @Test func `only what surely was not sent is sent again`() {
        for state in MarketOperationState.allCases where state.mayMove(to: .sending) {
            #expect(state == .pending)
        }
        for state in MarketOperationState.allCases where state.mayMove(to: .pending) {
            #expect(state == .pending || state == .sending)
        }
        for ended in MarketOperationState.allCases where ended.isEnded {
            #expect(MarketOperationState.allCases.allSatisfy { !ended.mayMove(to: $0) })
        }
    }
}

/// A store whose worker writes after each of the first looks at an operation.
private final class BusyMarketStore: MarketStore {
    let kept: any MarketStore
    let meanwhile: MarketOperationState
    let looks = Mutex(0)

    init(kept: any MarketStore, meanwhile: MarketOperationState) {
        self.kept = kept
        self.meanwhile = meanwhile
    }

    func add(_ operation: MarketOperation) async throws(StoreError) -> MarketAddition {
        try await kept.add(operation)
    }

    func update(_ operation: MarketOperation, fence: Fence?) async throws(StoreError) -> Bool {
        try await kept.update(operation, fence: fence)
    }

    func marketOperation(_ id: MarketOperationID) async throws(StoreError) -> MarketOperation? {
        let seen = try await kept.marketOperation(id)
        let look = looks.withLock { looks in
            looks += 1
            return looks
        }
        if var operation = seen, !operation.state.isEnded, look <= 3 {
            operation.state = meanwhile
            operation.detail = "learnt by look \(look)"
            operation.version += 1
            #expect(try await kept.update(operation, fence: nil))
        }
        return seen
    }

    func openMarketOperations(
        of market: String, limit: Int
    ) async throws(StoreError) -> [MarketOperation] {
        try await kept.openMarketOperations(of: market, limit: limit)
    }
}
