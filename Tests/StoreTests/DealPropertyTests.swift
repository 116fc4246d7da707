// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// The same sale as the stores keep, told as simply as it can be: one thing after the other, in
/// plain integers.
private struct SimpleModel {
    struct Sale {
        let isAuction: Bool
        let seller: Int
        /// The start bid or the price.
        let price: Int64
        let step: Int64
        let rate: Int64
        let end: Int64
        let overdue: Int64
        var state = "OPEN"
        var buyer: Int?
        var bid: Int64 = 0
        var collateral: Int64 { isAuction ? 0 : price * 2 / 10 }
    }

    var available: [Int64]
    var held: [Int64]
    var sales: [Sale] = []
    var kept: Int64 = 0

    init(accounts: Int, funds: Int64) {
        available = Array(repeating: funds, count: accounts)
        held = Array(repeating: 0, count: accounts)
    }

    private mutating func hold(_ amount: Int64, of who: Int) {
        available[who] -= amount
        held[who] += amount
    }

    mutating func open(_ sale: Sale, at now: Int64) -> String {
        guard sale.end > now else { return "endOutOfRange" }
        guard available[sale.seller] >= sale.collateral else { return "insufficientFunds" }
        hold(sale.collateral, of: sale.seller)
        sales.append(sale)
        return "done"
    }

    private func isOver(_ sale: Sale, _ now: Int64) -> Bool {
        switch sale.state {
        case "OPEN": now >= sale.end
        case "BOUGHT": now >= sale.overdue
        default: true
        }
    }

    mutating func bid(_ amount: Int64, on place: Int, by who: Int, at now: Int64) -> String {
        let sale = sales[place]
        guard sale.isAuction else { return "dealNotFound" }
        if isOver(sale, now) { return "ended" }
        if sale.seller == who { return "ownDeal" }
        let raise = max(1, (sale.bid * sale.step + 9_999) / 10_000)
        guard amount >= (sale.buyer == nil ? sale.price : sale.bid + raise) else {
            return "bidTooLow"
        }
        guard available[who] + (sale.buyer == who ? sale.bid : 0) >= amount else {
            return "insufficientFunds"
        }
        if let outbid = sale.buyer { hold(-sale.bid, of: outbid) }
        hold(amount, of: who)
        sales[place].buyer = who
        sales[place].bid = amount
        return "done"
    }

    mutating func buy(_ place: Int, by who: Int, at now: Int64) -> String {
        let sale = sales[place]
        if sale.isAuction { return "dealNotFound" }
        if isOver(sale, now) { return "ended" }
        if sale.state == "BOUGHT" { return "alreadyBought" }
        if sale.seller == who { return "ownDeal" }
        guard available[who] >= sale.price else { return "insufficientFunds" }
        hold(sale.price, of: who)
        sales[place].buyer = who
        sales[place].bid = sale.price
        sales[place].state = "BOUGHT"
        return "done"
    }

    mutating func deliver(_ place: Int, by who: Int, at now: Int64) -> String {
        let sale = sales[place]
        if sale.isAuction { return "dealNotFound" }
        if isOver(sale, now) { return "ended" }
        if sale.seller != who { return "notSeller" }
        guard sale.state == "BOUGHT" else { return "notBought" }
        sell(place, as: "DELIVERED")
        return "done"
    }

    private mutating func sell(_ place: Int, as state: String) {
        let sale = sales[place]
        let commission = sale.bid * sale.rate / 10_000
        if let buyer = sale.buyer { held[buyer] -= sale.bid }
        available[sale.seller] += sale.bid - commission
        kept += commission
        hold(-sale.collateral, of: sale.seller)
        sales[place].state = state
    }

    mutating func cancel(_ place: Int, by who: Int, releasing: Bool, at now: Int64) -> String {
        let sale = sales[place]
        if isOver(sale, now) { return "ended" }
        if sale.seller != who { return "notSeller" }
        if sale.state == "BOUGHT" { return "alreadyBought" }
        if sale.buyer != nil, !releasing { return "hasBids" }
        if let buyer = sale.buyer { hold(-sale.bid, of: buyer) }
        hold(-sale.collateral, of: sale.seller)
        sales[place].state = "CANCELLED"
        return "done"
    }

    mutating func settle(at now: Int64) {
        for (place, sale) in sales.enumerated()
        where ["OPEN", "BOUGHT"].contains(sale.state) && isOver(sale, now) {
            if sale.isAuction, sale.buyer != nil {
                sell(place, as: "SOLD")
            } else if sale.state == "BOUGHT", let buyer = sale.buyer {
                hold(-sale.price, of: buyer)
                hold(-sale.collateral, of: sale.seller)
                available[sale.seller] -= sale.price / 10
                available[buyer] += sale.price / 10
                sales[place].state = "OVERDUE"
            } else {
                hold(-sale.collateral, of: sale.seller)
                sales[place].state = sale.isAuction ? "UNSOLD" : "EXPIRED"
            }
        }
    }
}

/// Random schedules of deals, with a clock that jumps, against `SimpleModel`.
@Suite struct DealPropertyTests {
    private static let funds: Int64 = 5_000

    private func label(_ outcome: DealOutcome) -> String {
        switch outcome {
        case .done: "done"
        case .replayed: "replayed"
        case .refused(let refusal): "\(refusal)".split(separator: "(").first.map(String.init) ?? ""
        }
    }

    @Test(arguments: StoreKind.allCases, [UInt64](1...4))
    func `any schedule ends as the simple model says, and no nanoton is lost`(
        kind: StoreKind, seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        let fixture = try kind.open()
        let store = try #require(fixture.store as? any DealStore)
        let accounts = (0..<5).map { Sample.account("account-\($0)") }
        _ = try fixture.store.commit(
            accounts.map { Sample.credit($0, Self.funds) }, at: Sample.now)
        var model = SimpleModel(accounts: accounts.count, funds: Self.funds)
        var ids: [DealID] = []
        var now: Int64 = 0
        for step in 0..<(kind == .inMemory ? 1_500 : 400) {
            // Mostly forward, now and then far, and sometimes a little back.
            now += [0, 1, 3, 10, 40, 200, -15].randomElement(using: &random) ?? 0
            let next = next(on: &model, &ids, accounts, at: now, &random)
            guard let (command, expected) = next else {
                try await settle(store, at: Sample.after(now))
                model.settle(at: now)
                continue
            }
            let outcome = try await store.decide([command], at: Sample.after(now))[0]
            #expect(label(outcome) == expected, "seed \(seed), step \(step)")
            guard label(outcome) == expected else { return }
            try await compare(model, accounts, ids, step, fixture, store)
        }
        // In the end everything ends, and every hold with it.
        try await settle(store, at: Sample.after(now + 10_000))
        model.settle(at: now + 10_000)
        try await compare(model, accounts, ids, .max, fixture, store)
        #expect(model.held.allSatisfy { $0 == 0 })
        #expect(
            model.available.reduce(model.kept, +) == Self.funds * Int64(accounts.count))
        #expect(try await fixture.store.audit(after: nil, limit: 100).violations == [])
    }

    private func settle(_ store: any DealStore, at time: Timestamp) async throws {
        for kind in DealKind.allCases {
            let due = try await store.dueDeals(kind, limit: 10_000, at: time)
            _ = try await store.settle(due.deals, fence: nil, at: time)
        }
    }

    /// A random command, and what the model says of it; nil to settle what is due.
    private func next(
        on model: inout SimpleModel, _ ids: inout [DealID], _ accounts: [AccountKey],
        at now: Int64, _ random: inout SeededRandom
    ) -> (DealCommand, expected: String)? {
        let who = Int.random(in: 0..<accounts.count, using: &random)
        let kind = Int.random(in: 0..<10, using: &random)
        guard kind > 0, !ids.isEmpty else {
            let sale = SimpleModel.Sale(
                isAuction: Bool.random(using: &random), seller: who,
                price: .random(in: 1...900, using: &random),
                step: .random(in: 1...3_000, using: &random),
                rate: .random(in: 0...2_000, using: &random),
                end: now + .random(in: -2...250, using: &random),
                overdue: now + 250 + .random(in: 0...250, using: &random))
            let id = Sample.dealID()
            let expected = model.open(sale, at: now)
            if expected == "done" { ids.append(id) }
            return (open(sale, id, by: accounts[who], at: now), expected)
        }
        let place = Int.random(in: 0..<ids.count, using: &random)
        let sale = model.sales[place]
        let seller = accounts[sale.seller]
        switch kind {
        case 1...4:
            let amount = Int64.random(in: 1...(sale.bid + sale.price / 2 + 300), using: &random)
            return (
                Sample.bid(amount, on: ids[place], by: accounts[who]),
                model.bid(amount, on: place, by: who, at: now)
            )
        case 5...6:
            return (
                Sample.buy(ids[place], by: accounts[who]), model.buy(place, by: who, at: now)
            )
        case 7:
            return (
                Sample.deliver(ids[place], by: seller),
                model.deliver(place, by: sale.seller, at: now)
            )
        case 8:
            let releasing = Bool.random(using: &random)
            return (
                Sample.cancel(
                    sale.isAuction ? .auction : .presale, ids[place], by: seller,
                    releasingBid: releasing),
                model.cancel(place, by: sale.seller, releasing: releasing, at: now)
            )
        default: return nil
        }
    }

    private func open(
        _ sale: SimpleModel.Sale, _ id: DealID, by seller: AccountKey, at now: Int64
    ) -> DealCommand {
        sale.isAuction
            ? Sample.auction(
                of: seller, id, start: sale.price, step: sale.step, commission: sale.rate,
                lasting: sale.end)
            : Sample.presale(
                of: seller, id, price: sale.price, commission: sale.rate, lasting: sale.end,
                grace: sale.overdue - sale.end)
    }

    private func compare(
        _ model: SimpleModel, _ accounts: [AccountKey], _ ids: [DealID], _ step: Int,
        _ fixture: StoreFixture, _ store: any DealStore
    ) async throws {
        for (place, key) in accounts.enumerated() {
            let account = try await fixture.store.account(key)
            #expect(account?.available.rawValue == model.available[place], "step \(step)")
            #expect(account?.held.rawValue == model.held[place], "step \(step)")
        }
        // The deals of a busy store are compared now and then.
        guard step % 50 == 0 || step == .max else { return }
        var commission: Int64 = 0
        for (sale, id) in zip(model.sales, ids) {
            let deal = try #require(try await store.deal(id))
            #expect(deal.state.rawValue == sale.state, "step \(step)")
            #expect(deal.buyer == sale.buyer.map { accounts[$0] }, "step \(step)")
            #expect(deal.bid.rawValue == sale.bid, "step \(step)")
            commission += deal.commission.rawValue
        }
        #expect(commission == model.kept, "step \(step)")
        let totals = try await fixture.store.totals()
        #expect(totals.held == totals.heldByDeals)
    }
}
