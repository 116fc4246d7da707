// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import Testing

/// Auctions, on every store. Tests named "the original …" are of the defects of the system this
/// service replaces.
@Suite struct AuctionStoreTests {
    private let id = Sample.dealID()

    @Test(arguments: StoreKind.allCases)
    func `the highest bid goes to the seller, less the commission`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(100, on: id, by: floor.bob),
            Sample.bid(119, on: id, by: floor.carol))
        #expect(outcomes.map(\.deal?.version) == [1, 2, 3])
        #expect(outcomes[2].deal?.buyer == floor.carol)
        #expect(try await floor.money(floor.carol) == [9_881, 119])
        #expect(try await floor.settleAll(at: Sample.hour - 1) == [])
        let settlements = try await floor.settleAll(at: Sample.hour)
        guard case .settled(let deal) = settlements.first else { return #expect(Bool(false)) }
        // 5 % of 119 is 5.95: the commission is rounded down.
        #expect(deal.state == .sold && deal.commission == Sample.amount(5) && deal.bidCount == 2)
        #expect(try await floor.money(floor.alice) == [10_114, 0])
        #expect(try await floor.money(floor.bob) == [10_000, 0])
        #expect(try await floor.money(floor.carol) == [9_881, 0])
        #expect(try await floor.store.deal(id) == deal)
        let events = try await floor.store.dealEvents(of: id, after: 0, limit: 10)
        #expect(events.map(\.kind) == [.opened, .bid, .bid, .sold])
        #expect(events.map(\.account) == [nil, floor.bob, floor.carol, nil])
        #expect(try await floor.store.dealEvents(of: id, after: 2, limit: 1) == [events[2]])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `an entry names its deal`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(100, on: id, by: floor.bob))
        _ = try await floor.settleAll(at: Sample.hour)
        let bids = try await floor.fixture.store.entries(of: floor.bob, before: nil, limit: 2)
        #expect(bids.map(\.kind) == [.capture, .hold])
        #expect(bids.allSatisfy { $0.reference == "auction/\(id)" && $0.withdrawalID == nil })
        let sales = try await floor.fixture.store.entries(of: floor.alice, before: nil, limit: 1)
        #expect(sales.map(\.kind) == [.proceeds] && sales[0].availableDelta == 95)
    }

    @Test(arguments: StoreKind.allCases)
    func `the original froze the winner's bid for ever; a bid that ends is held no more`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(100, on: id, by: floor.bob),
            Sample.bid(200, on: id, by: floor.carol))
        #expect(try await floor.money(floor.bob) == [10_000, 0])
        try await floor.settleAll(at: Sample.hour)
        #expect(try await floor.money(floor.carol) == [9_800, 0])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `the original took the market's 1 % of auctions; the auction's own rate counts`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id, commission: 500),
            Sample.bid(10_000, on: id, by: floor.bob))
        try await floor.settleAll(at: Sample.hour)
        #expect(try await floor.money(floor.alice) == [19_500, 0])
    }

    @Test(arguments: StoreKind.allCases)
    func `the original computed shares in floating point; a share of any amount is exact`(
        kind: StoreKind
    ) async throws {
        // 2⁵³ + 1 has no neighbour in Double, and 5 % of it is 450,359,962,737,049.65.
        let price: Int64 = 9_007_199_254_740_993
        let floor = try DealFloor(kind, funds: price)
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(price, on: id, by: floor.bob))
        try await floor.settleAll(at: Sample.hour)
        #expect(
            try await floor.money(floor.alice) == [price + price - 450_359_962_737_049, 0])
        #expect(try await floor.store.deal(id)?.commission.rawValue == 450_359_962_737_049)
    }

    @Test(arguments: StoreKind.allCases)
    func `an auction without bids ends unsold, and one may be cancelled`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let (unsold, cancelled, released) = (id, Sample.dealID(), Sample.dealID())
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, unsold), Sample.auction(of: floor.alice, cancelled),
            Sample.auction(of: floor.alice, released),
            Sample.cancel(.auction, cancelled, by: floor.alice),
            Sample.bid(100, on: released, by: floor.bob),
            Sample.cancel(.auction, released, by: floor.alice),
            Sample.cancel(.auction, released, by: floor.bob, releasingBid: true),
            Sample.cancel(.auction, released, by: floor.alice, releasingBid: true))
        #expect(outcomes[3].deal?.state == .cancelled)
        #expect(outcomes[5].refusal == .hasBids)
        #expect(outcomes[6].refusal == .notSeller)
        #expect(outcomes[7].deal?.state == .cancelled)
        #expect(try await floor.money(floor.bob) == [10_000, 0])
        #expect(try await floor.settleAll(at: Sample.hour).count == 1)
        #expect(try await floor.store.deal(unsold)?.state == .unsold)
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `a bid is refused with its reason, and changes nothing`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        let stranger = Sample.account("bob", tenant: "other")
        let presale = Sample.dealID()
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(99, on: id, by: floor.bob),
            Sample.bid(100, on: id, by: floor.alice), Sample.bid(10_001, on: id, by: floor.bob),
            Sample.bid(100, on: id, by: stranger),
            Sample.bid(100, on: id, by: Sample.account("nobody")),
            Sample.bid(100, on: Sample.dealID(), by: floor.bob),
            Sample.presale(of: floor.alice, presale), Sample.bid(2_000, on: presale, by: floor.bob),
            Sample.bid(1_001, on: id, by: floor.bob),
            // 10 % more than 1,001 is 1,101.1: the step is rounded up.
            Sample.bid(1_101, on: id, by: floor.carol))
        #expect(
            outcomes.map(\.refusal) == [
                nil, .bidTooLow(minimum: Sample.amount(100)), .ownDeal, .insufficientFunds,
                .dealNotFound, .accountNotFound, .dealNotFound, nil, .dealNotFound, nil,
                .bidTooLow(minimum: Sample.amount(1_102)),
            ])
        #expect(try await floor.money(floor.bob) == [8_999, 1_001])
        #expect(try await floor.store.deal(id)?.version == 2)
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `who raises his own bid needs only the difference`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind, funds: 1_000)
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(800, on: id, by: floor.bob),
            Sample.bid(1_000, on: id, by: floor.bob), Sample.bid(1_100, on: id, by: floor.bob))
        #expect(outcomes.map(\.refusal) == [nil, nil, nil, .insufficientFunds])
        #expect(try await floor.money(floor.bob) == [0, 1_000])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `a bid in the instant of the end is late, whether the worker has come or not`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let other = Sample.dealID()
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.auction(of: floor.alice, other))
        let before = try await floor.run(
            Sample.bid(100, on: id, by: floor.bob), at: Sample.hour - 1)
        #expect(before[0].refusal == nil)
        let at = try await floor.run(Sample.bid(200, on: id, by: floor.carol), at: Sample.hour)
        #expect(at[0].refusal == .ended(.open))
        let cancel = try await floor.run(
            Sample.cancel(.auction, id, by: floor.alice, releasingBid: true), at: Sample.hour)
        #expect(cancel[0].refusal == .ended(.open))
        try await floor.settleAll(at: Sample.hour)
        let after = try await floor.run(
            Sample.bid(200, on: id, by: floor.carol), at: Sample.hour + 1)
        #expect(after[0].refusal == .ended(.sold))
        // A clock that steps back opens nothing again.
        let back = try await floor.run(Sample.bid(200, on: id, by: floor.carol), at: 5)
        #expect(back[0].refusal == .ended(.sold))
    }

    @Test(arguments: StoreKind.allCases)
    func `an end that is not ahead, or too far, is refused`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        let range = DealRefusal.endOutOfRange(
            after: Sample.now, until: Sample.after(100 * Sample.hour))
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, id, lasting: 0),
            Sample.auction(of: floor.alice, id, lasting: 100 * Sample.hour + 1),
            Sample.auction(of: floor.alice, id, lasting: 100 * Sample.hour))
        #expect(outcomes.map(\.refusal) == [range, range, nil])
    }

    @Test(arguments: StoreKind.allCases)
    func `a key executes once and names what differs`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        let (first, again) = (Sample.dealID(), Sample.dealID())
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, first, key: "k"),
            Sample.auction(of: floor.alice, again, key: "k"),
            Sample.auction(of: floor.alice, again, start: 7, lasting: 9, key: "k"),
            Sample.bid(100, on: first, by: floor.bob, key: "k"),
            Sample.bid(200, on: first, by: floor.carol, key: "k"),
            Sample.bid(100, on: first, by: floor.bob, key: "k"),
            Sample.bid(300, on: first, by: floor.bob, key: "k"))
        #expect(outcomes[1].deal?.id == first)
        guard case .replayed(_, let opened, let record) = outcomes[1] else {
            return #expect(Bool(false), "\(outcomes[1])")
        }
        #expect(opened.kind == .opened && record.firstSeenAt == Sample.now)
        #expect(outcomes[2].refusal == .keyReused(fields: ["startBid", "endsAt"]))
        // Bids of two accounts with one key are two.
        guard case .replayed(let now, let bid, _) = outcomes[5] else {
            return #expect(Bool(false), "\(outcomes[5])")
        }
        #expect(bid.amount == Sample.amount(100) && bid.sequence == 2)
        #expect(now.buyer == floor.carol && now.version == 3)
        #expect(outcomes[6].refusal == .keyReused(fields: ["amount"]))
        let late = try await floor.run(
            Sample.bid(100, on: first, by: floor.bob, key: "k"), at: StoreFixture.outcomeLife)
        #expect(late[0].refusal == .keyExpired(first, .open))
        #expect(try await floor.store.deal(again) == nil)
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `a refusal does not burn the key`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        let outcomes = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(50, on: id, by: floor.bob, key: "k"),
            Sample.bid(150, on: id, by: floor.bob, key: "k"))
        #expect(outcomes[1].refusal != nil && outcomes[2].refusal == nil)
    }

    @Test(arguments: StoreKind.durable)
    func `equal calls at the same time open one auction and bid once`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let store = floor.store
        let opened = try await withThrowingTaskGroup(of: DealID?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let open = Sample.auction(of: floor.alice, Sample.dealID(), key: "k")
                    return try await store.decide([open], at: Sample.now)[0].deal?.id
                }
            }
            return try await group.reduce(into: Set<DealID?>()) { $0.insert($1) }
        }
        #expect(opened.count == 1)
        let auction = try #require(opened.first ?? nil)
        let bids = try await withThrowingTaskGroup(of: Int64?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let bid = Sample.bid(100, on: auction, by: floor.bob, key: "b")
                    switch try await store.decide([bid], at: Sample.now)[0] {
                    case .done(_, let event, _), .replayed(_, let event, _): return event.sequence
                    case .refused: return nil
                    }
                }
            }
            return try await group.reduce(into: Set<Int64?>()) { $0.insert($1) }
        }
        #expect(bids == [2])
        try await floor.expectSound()
    }
}
