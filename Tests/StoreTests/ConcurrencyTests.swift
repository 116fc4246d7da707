// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Ledger
import Synchronization
import TellerProtocol
import TestSupport
import Testing

/// Many at once, at random, and against the model.
@Suite struct ConcurrencyTests {
    @Test(arguments: StoreKind.durable)
    func `several processes migrate an empty store at once`(kind: StoreKind) async throws {
        let location = try kind.open()
        // The fixture's own store has migrated; opening many again must find nothing to do.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { await (try location.openAgain()).close() } }
            try await group.waitForAll()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `equal commands from many callers execute once`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let alice = Sample.account("alice")
        _ = try fixture.store.commit([Sample.credit(alice, 1_000_000)], at: Sample.now)
        let stores =
            kind == .inMemory ? [fixture.store] : [fixture.store, try fixture.openAgain()]
        let bookkeepers = try stores.map { store in
            let policy = try #require(
                WithdrawalPolicy(
                    minimum: Sample.amount(1), maximum: Sample.amount(1000),
                    fee: Sample.amount(5)))
            return Bookkeeper(store: store, policy: policy, clock: LedgerClock { Sample.now })
        }
        let destination = Destination(
            rawAddress: "0:" + String(repeating: "a", count: 64), isBounceable: false)
        let ids = try await withThrowingTaskGroup(of: WithdrawalID?.self) { group in
            for caller in 0..<400 {
                let bookkeeper = bookkeepers[caller % bookkeepers.count]
                group.addTask {
                    try await bookkeeper.commit(
                        bookkeeper.creation(
                            account: alice, amount: Sample.amount(100), destination: destination,
                            comment: nil, key: Sample.key("same")
                        )
                    ).withdrawal?.id
                }
            }
            return try await group.reduce(into: Set<WithdrawalID?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(!ids.contains(WithdrawalID?.none))
        #expect(try await fixture.store.account(alice)?.held == Sample.amount(105))
    }

    @Test(arguments: StoreKind.durable, [UInt64.random(in: .min ... .max)])
    func `overlapping batches of several processes neither deadlock nor lose money`(
        kind: StoreKind, seed: UInt64
    ) async throws {
        let fixture = try kind.open()
        let accounts = (0..<8).map { Sample.account("a\($0)") }
        _ = try fixture.store.commit(
            accounts.map { Sample.credit($0, 1_000_000) }, at: Sample.now)
        let stores = [fixture.store, try fixture.openAgain(), try fixture.openAgain()]
        let failures = Mutex<[StoreError]>([])
        let created = Mutex<[(id: WithdrawalID, account: AccountKey)]>([])
        DispatchQueue.concurrentPerform(iterations: stores.count) { index in
            var random = SeededRandom(seed: seed &+ UInt64(index))
            for _ in 0..<40 {
                let commands = (0..<12).map { _ -> LedgerCommand in
                    let account = accounts[Int(random.next() % 8)]
                    let known = created.withLock { ids in
                        ids.isEmpty ? nil : ids[Int(random.next() % UInt64(ids.count))]
                    }
                    switch (random.next() % 4, known) {
                    case (0, _): return Sample.credit(account, 10)
                    case (1, let (id, owner)?):
                        return Sample.step(id, .pending, .cancelled, of: owner)
                    default:
                        return Sample.create(account, 10, key: "k\(random.next() % 200)")
                    }
                }
                do throws(StoreError) {
                    let outcomes = try stores[index].commit(commands, at: Sample.now)
                    let ids = outcomes.compactMap { outcome in
                        if case .created(let withdrawal, _) = outcome {
                            (withdrawal.id, withdrawal.account)
                        } else {
                            nil
                        }
                    }
                    created.withLock { $0 += ids }
                } catch {
                    failures.withLock { $0.append(error) }
                }
            }
        }
        #expect(failures.withLock { $0.map(\.debugDescription) } == [], "seed \(seed)")
        let audit = try await fixture.store.audit(after: nil, limit: 100)
        #expect(audit.violations == [], "seed \(seed)")
        for store in stores { await store.close() }
    }

    @Test(arguments: StoreKind.durable, [UInt64.random(in: .min ... .max)])
    func `random batches do on a store what they do on the model`(
        kind: StoreKind, seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        let store = try kind.open().store
        let model = InMemoryLedgerStore(outcomeLifeMilliseconds: StoreFixture.outcomeLife)
        let accounts = (0..<4).map { Sample.account("a\($0)") }
        var ids: [(id: WithdrawalID, account: AccountKey)] = []
        for round in 0..<120 {
            let now = Sample.now.adding(milliseconds: Int64(round) * 40_000)
            let commands = (0..<Int(random.next() % 20 + 1)).map { _ -> LedgerCommand in
                let account = accounts[Int(random.next() % 4)]
                let key = random.next() % 3 == 0 ? nil : "k\(random.next() % 30)"
                switch random.next() % 5 {
                case 0: return Sample.credit(account, Int64(random.next() % 500), key: key)
                case 1, 2:
                    let id = Sample.id()
                    ids.append((id, account))
                    return Sample.create(
                        account, Int64(random.next() % 3 + 100), key: key,
                        comment: random.next() % 2 == 0 ? nil : "наличные", id: id)
                default:
                    let states = WithdrawalState.allCases
                    let known = ids.randomElement(using: &random) ?? (Sample.id(), account)
                    return Sample.step(
                        known.id, states[Int(random.next() % UInt64(states.count))],
                        states[Int(random.next() % UInt64(states.count))], of: known.account,
                        hash: "h", returned: [nil, 0, 60, 101].randomElement(using: &random) ?? nil)
                }
            }
            let outcomes = try store.commit(commands, at: now)
            let expected = try model.commit(commands, at: now)
            #expect(outcomes == expected, "seed \(seed), round \(round)")
            guard outcomes == expected else { return }
        }
        for account in accounts {
            #expect(try await store.account(account) == model.account(account), "seed \(seed)")
            #expect(
                try await store.entries(of: account, before: nil, limit: 10_000)
                    == model.entries(of: account, before: nil, limit: 10_000), "seed \(seed)")
        }
        for (id, _) in ids {
            #expect(try await store.withdrawal(id) == model.withdrawal(id), "seed \(seed)")
        }
        #expect(try await store.audit(after: nil, limit: 100).violations == [], "seed \(seed)")
    }
}
