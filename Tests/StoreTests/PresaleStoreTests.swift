// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import TellerProtocol
import Testing

/// Presales, on every store. Tests named "the original …" are of the defects of the system this
/// service replaces.
@Suite struct PresaleStoreTests {
    private let id = Sample.dealID()

    @Test(arguments: StoreKind.allCases)
    func `delivery gives the price to the seller, less the commission, and the collateral back`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let outcomes = try await floor.run(
            Sample.presale(of: floor.alice, id, price: 1_050),
            Sample.buy(id, by: floor.bob, price: 1_050))
        #expect(outcomes[1].deal?.state == .bought)
        #expect(try await floor.money(floor.alice) == [9_790, 210])
        #expect(try await floor.money(floor.bob) == [8_950, 1_050])
        let delivered = try await floor.run(
            Sample.deliver(id, by: floor.alice), at: 2 * Sample.hour - 1)
        #expect(delivered[0].deal?.state == .delivered)
        // 1 % of 1,050 is 10.5: the commission is rounded down.
        #expect(delivered[0].deal?.commission == Sample.amount(10))
        #expect(try await floor.money(floor.alice) == [11_040, 0])
        #expect(try await floor.money(floor.bob) == [8_950, 0])
        let events = try await floor.store.dealEvents(of: id, after: 0, limit: 10)
        #expect(events.map(\.kind) == [.opened, .bought, .delivered])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `the original gave an overdue buyer 10 %; he gets the price back and the compensation`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        _ = try await floor.run(
            Sample.presale(of: floor.alice, id), Sample.buy(id, by: floor.bob))
        try await floor.settleAll(at: 2 * Sample.hour)
        #expect(try await floor.store.deal(id)?.state == .overdue)
        #expect(try await floor.money(floor.bob) == [10_100, 0])
        #expect(try await floor.money(floor.alice) == [9_900, 0])
        let kinds = try await floor.fixture.store.entries(of: floor.bob, before: nil, limit: 2)
            .map(\.kind)
        #expect(kinds == [.compensation, .release])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `the original settled presales that were far ahead; only those that are overdue are due`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let (ahead, overdue) = (Sample.dealID(), Sample.dealID())
        _ = try await floor.run(
            Sample.presale(of: floor.alice, ahead, lasting: 90 * Sample.hour),
            Sample.presale(of: floor.alice, overdue, lasting: 1), Sample.buy(ahead, by: floor.bob),
            Sample.buy(overdue, by: floor.bob))
        let now = Sample.hour + 1
        let due = try await floor.store.dueDeals(.presale, limit: 9, at: Sample.after(now))
        #expect(due.deals == [overdue])
        #expect(due.nextInMilliseconds == 90 * Sample.hour - 1)
        // Also who asks for the other by name can't settle it.
        let settlements = try await floor.store.settle(
            [ahead, overdue], fence: nil, at: Sample.after(now))
        #expect(settlements[0] == .unchanged && settlements[1] != .unchanged)
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `the original used local time; due is what the database's clock says, in UTC`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let clock = LedgerClock {
            Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        }
        let ids = WithdrawalIDGenerator(clock: clock)
        let (soon, later) = (DealID(ids.next().uuid), DealID(ids.next().uuid))
        for (id, lasting) in [(soon, Int64(3_000)), (later, Sample.hour)] {
            let end = clock.now().adding(milliseconds: lasting)
            let open = OpenDeal(
                id: id, item: "gift",
                terms: .auction(
                    AuctionTerms(
                        startBid: Sample.amount(1), step: Sample.share(1), endsAt: end)),
                commissionRate: .zero, lifeMaxMilliseconds: Sample.hour)
            let outcome = try await floor.store.decide(
                [DealCommand(account: floor.alice, action: .open(open), key: nil)], at: nil)
            #expect(outcome[0].refusal == nil)
        }
        var due = try await floor.store.dueDeals(.auction, limit: 9, at: nil)
        while due.deals.isEmpty {
            try await Task.sleep(for: .milliseconds(50))
            due = try await floor.store.dueDeals(.auction, limit: 9, at: nil)
        }
        #expect(due.deals == [soon])
        let wait = try #require(due.nextInMilliseconds)
        #expect((Sample.hour / 2..<Sample.hour).contains(wait))
    }

    @Test(arguments: StoreKind.allCases)
    func `what nobody buys in time expires, and what nobody bought can be cancelled`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let cancelled = Sample.dealID()
        let outcomes = try await floor.run(
            Sample.presale(of: floor.alice, id), Sample.presale(of: floor.alice, cancelled),
            Sample.cancel(.presale, cancelled, by: floor.alice))
        #expect(outcomes[2].deal?.state == .cancelled)
        #expect(try await floor.money(floor.alice) == [9_800, 200])
        let late = try await floor.run(Sample.buy(id, by: floor.bob), at: Sample.hour)
        #expect(late[0].refusal == .ended(.open))
        try await floor.settleAll(at: Sample.hour)
        #expect(try await floor.store.deal(id)?.state == .expired)
        #expect(try await floor.money(floor.alice) == [10_000, 0])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `a presale is refused with its reason, and nothing changes`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind, funds: 1_000)
        let auction = Sample.dealID()
        let outcomes = try await floor.run(
            Sample.presale(of: floor.alice, Sample.dealID(), price: 5_001 * 1_000),
            Sample.presale(of: floor.alice, id), Sample.deliver(id, by: floor.alice),
            Sample.buy(id, by: floor.alice), Sample.buy(id, by: floor.bob, price: 999),
            Sample.buy(id, by: Sample.account("bob", tenant: "other")),
            Sample.auction(of: floor.alice, auction), Sample.buy(auction, by: floor.bob),
            Sample.buy(id, by: floor.bob), Sample.buy(id, by: floor.carol),
            Sample.cancel(.presale, id, by: floor.alice), Sample.deliver(id, by: floor.bob))
        #expect(
            outcomes.map(\.refusal) == [
                .insufficientFunds, nil, .notBought, .ownDeal,
                .priceDiffers(price: Sample.amount(1_000)), .dealNotFound, nil, .dealNotFound, nil,
                .alreadyBought, .alreadyBought, .notSeller,
            ])
        let late = try await floor.run(Sample.deliver(id, by: floor.alice), at: 2 * Sample.hour)
        #expect(late[0].refusal == .ended(.bought))
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `a key executes once for each of a presale's calls`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        let other = Sample.dealID()
        let outcomes = try await floor.run(
            Sample.presale(of: floor.alice, id, key: "k"),
            Sample.presale(of: floor.alice, other, key: "k"),
            Sample.presale(of: floor.alice, other, price: 5, key: "k"),
            Sample.buy(id, by: floor.bob, key: "k"), Sample.buy(id, by: floor.bob, key: "k"),
            Sample.buy(other, by: floor.bob, key: "k"),
            Sample.deliver(id, by: floor.alice, key: "k"),
            Sample.deliver(id, by: floor.alice, key: "k"),
            Sample.cancel(.presale, id, by: floor.alice, key: "k"))
        #expect(
            outcomes.map { if case .replayed = $0 { true } else { false } } == [
                false, true, false, false, true, false, false, true, false,
            ])
        #expect(outcomes[2].refusal == .keyReused(fields: ["price"]))
        #expect(outcomes[5].refusal == .keyReused(fields: ["presaleId"]))
        #expect(outcomes[7].deal?.state == .delivered)
        #expect(outcomes[8].refusal == .ended(.delivered))
        #expect(try await floor.money(floor.alice) == [10_990, 0])
        try await floor.expectSound()
    }

    // MARK: - Settlement

    @Test(arguments: StoreKind.allCases)
    func `the longest due come first, of one kind, in bounded numbers`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let ids = (0..<4).map { _ in Sample.dealID() }
        _ = try await floor.run(
            Sample.auction(of: floor.alice, ids[0], lasting: 30),
            Sample.auction(of: floor.alice, ids[1], lasting: 10),
            Sample.auction(of: floor.alice, ids[2], lasting: 20),
            Sample.presale(of: floor.alice, ids[3], lasting: 5))
        let due = try await floor.store.dueDeals(.auction, limit: 2, at: Sample.after(25))
        #expect(due.deals == [ids[1], ids[2]] && due.nextInMilliseconds == 5)
        let all = try await floor.store.dueDeals(.auction, limit: 9, at: Sample.after(30))
        #expect(all.deals == [ids[1], ids[2], ids[0]] && all.nextInMilliseconds == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func `what was settled is not settled again`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.bid(100, on: id, by: floor.bob))
        let end = Sample.after(Sample.hour)
        let twice = try await floor.store.settle([id, id], fence: nil, at: end)
        #expect(twice[1] == .unchanged)
        #expect(try await floor.store.settle([id], fence: nil, at: end) == [.unchanged])
        #expect(try await floor.money(floor.alice) == [10_095, 0])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `one that can't be settled is set aside until it is taken up`(
        kind: StoreKind
    ) async throws {
        // Nine quintillion and more: what the seller would get does not fit.
        let floor = try DealFloor(kind, funds: .max - 10)
        let other = Sample.dealID()
        _ = try await floor.run(
            Sample.auction(of: floor.alice, id), Sample.auction(of: floor.alice, other),
            Sample.bid(1_000, on: id, by: floor.bob))
        let end = Sample.after(Sample.hour)
        let settlements = try await floor.store.settle([id, other], fence: nil, at: end)
        #expect(settlements[0] == .impossible("balanceOverflow"))
        guard case .settled = settlements[1] else { return #expect(Bool(false)) }
        let store = floor.store
        #expect(try await store.setAside(id, error: "no room", fence: nil))
        #expect(try await store.dueDeals(.auction, limit: 9, at: end).deals == [])
        #expect(try await store.settle([id], fence: nil, at: end) == [.unchanged])
        #expect(try await store.dealsSetAside(limit: 9).map(\.error) == ["no room"])
        #expect(try await floor.fixture.store.totals().dealsSetAside == 1)
        #expect(try await !store.setAside(other, error: "ended", fence: nil))
        #expect(try await store.takeUp(id))
        #expect(try await !store.takeUp(id))
        #expect(try await floor.fixture.store.totals().dealsSetAside == 0)
        #expect(try await store.dueDeals(.auction, limit: 9, at: end).deals == [id])
        try await floor.expectSound()
    }

    @Test(arguments: StoreKind.allCases)
    func `a worker whose lease has been taken settles nothing`(kind: StoreKind) async throws {
        let floor = try DealFloor(kind)
        _ = try await floor.run(Sample.auction(of: floor.alice, id))
        let old = try await floor.fixture.cluster.acquire("a", holder: "x", life: .seconds(9))
        try floor.fixture.expire("a")
        let new = try await floor.fixture.openClusterAgain().acquire(
            "a", holder: "y", life: .seconds(9))
        let end = Sample.after(Sample.hour)
        let fences = [old, new].map { Fence(lease: $0.name, epoch: $0.epoch) }
        #expect(try await floor.store.settle([id], fence: fences[0], at: end) == [.fenced])
        #expect(try await !floor.store.setAside(id, error: "x", fence: fences[0]))
        #expect(try await floor.store.deal(id)?.state == .open)
        guard case .settled = try await floor.store.settle([id], fence: fences[1], at: end)[0]
        else { return #expect(Bool(false)) }
    }

    @Test(arguments: StoreKind.allCases)
    func `lists are of a tenant, newest first, and go on where the page before ended`(
        kind: StoreKind
    ) async throws {
        let floor = try DealFloor(kind)
        let ids = (0..<5).map { _ in Sample.dealID() }
        for (place, id) in ids.enumerated() {
            _ = try await floor.run(
                Sample.auction(of: place == 2 ? floor.bob : floor.alice, id))
        }
        _ = try await floor.run(
            Sample.auction(of: Sample.account("alice", tenant: "other"), Sample.dealID()),
            Sample.presale(of: floor.alice, Sample.dealID()),
            Sample.cancel(.auction, ids[4], by: floor.alice))
        func list(
            seller: AccountKey? = nil, state: DealState? = nil, before: DealID? = nil,
            limit: Int = 9
        ) async throws -> [DealID] {
            try await floor.store.deals(
                DealPage(
                    kind: .auction, tenant: floor.alice.tenant, seller: seller?.account,
                    state: state, before: before, limit: limit)
            ).map(\.id)
        }
        #expect(try await list() == ids.reversed())
        #expect(try await list(limit: 2) == [ids[4], ids[3]])
        #expect(try await list(before: ids[3], limit: 2) == [ids[2], ids[1]])
        #expect(try await list(seller: floor.bob) == [ids[2]])
        #expect(try await list(state: .open, limit: 1) == [ids[3]])
        #expect(
            try await list(seller: floor.alice, state: .open, before: ids[3])
                == [ids[1], ids[0]])
    }
}
