// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import TON
import TellerProtocol
import TestSupport
import Testing

/// Money that goes from a marketplace to our wallet on the chain, and back.
@Suite(.serialized) struct MarketLoopTests {
    typealias Market = MarketStub.Market

    private static let balance: Int64 = 5_000_000_000

    private static func with(
        _ market: Market,
        _ body: (TONSandbox, MarketStub, any Marketplace) async throws -> Void
    ) async throws {
        let sandbox = try TONSandbox()
        let stub = try MarketStub(over: sandbox)
        try await stub.setBalance(balance, of: MarketBench.user, at: market)
        let wallet = try #require(try await stub.state().depositWallets[.tonnel])
        let depositAddress = try WrittenTONAddress(wallet, on: .mainnet)
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(market, at: stub.port) {
                $0.tonnel { $0.depositAddress = depositAddress }
            }
            try await body(sandbox, stub, adapter)
        }
    }

    @Test(arguments: Market.allCases)
    func `a withdrawal arrives at our wallet`(market: Market) async throws {
        try await Self.with(market) { sandbox, stub, adapter in
            let receipt = try await adapter.withdraw(
                nanotons(1_500_000_000), to: MarketBench.wallet)
            #expect(receipt.state == .accepted)
            try await sandbox.mine()
            let received = try await sandbox.received(by: MarketBench.wallet.rawText)
            let sent = try await stub.state().withdrawals.map(\.sent)
            // portals keeps 0.05 TON of it.
            #expect(sent == [market == .portals ? 1_450_000_000 : 1_500_000_000])
            #expect(received.map(\.value) == sent)
            let left = try await adapter.balance().available
            #expect(left == nanotons(Self.balance - 1_500_000_000))
            guard adapter.features.contains(.withdrawalStatus) else { return }
            let id = try #require(receipt.remoteID)
            let status = try await adapter.withdrawalStatus(of: id)
            #expect(status == .completed)
        }
    }

    @Test(arguments: Market.allCases)
    func `a lost answer to a withdrawal is settled by balance and chain`(
        market: Market
    ) async throws {
        try await Self.with(market) { sandbox, stub, adapter in
            let path = [
                Market.mrkt: "transactions/withdraw", .portals: "users/wallets/withdraw",
                .tonnel: "balance/withdraw",
            ]
            try await stub.spoil(market, .lostResponse, path: path[market])
            let receipt = try await adapter.withdraw(
                nanotons(1_500_000_000), to: MarketBench.wallet)
            #expect(receipt.state == .unknown && receipt.message != nil)
            let left = try await adapter.balance().available
            #expect(left == nanotons(Self.balance - 1_500_000_000))
            try await sandbox.mine()
            let received = try await sandbox.received(by: MarketBench.wallet.rawText)
            #expect(received.count == 1)
        }
    }

    @Test(arguments: Market.allCases)
    func `a deposit is credited when it has arrived with its comment, once`(
        market: Market
    ) async throws {
        try await Self.with(market) { sandbox, _, adapter in
            let target = try await adapter.depositTarget()
            func progress() async throws -> DepositProgress? {
                guard adapter.features.contains(.depositProgress) else { return nil }
                return try await adapter.depositProgress(of: target)
            }
            let waiting =
                adapter.features.contains(.depositProgress)
                ? DepositProgress.waiting : nil
            #expect(try await progress() == waiting)
            let address = target.address.address.rawText
            try await sandbox.deposit(to: address, amount: 9_000_000_000, comment: "another's")
            try await sandbox.deposit(to: address, amount: 250_000_001, comment: target.comment)
            try await sandbox.mine()
            let credited = try await progress()
            #expect(credited == waiting.map { _ in .credited(nanotons(250_000_001)) })
            for _ in 0..<2 {
                _ = try await progress()
                let balance = try await adapter.balance().available
                #expect(balance == nanotons(Self.balance + 250_000_001))
            }
        }
    }

    @Test(arguments: Market.allCases)
    func `over random faults outcomes say what was carried out, and nothing is done twice`(
        market: Market
    ) async throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        let (gifts, price) = (40, Int64(1_000_000_000))
        let stub = try MarketStub()
        try await stub.list(gifts, for: price, at: market)
        try await stub.setBalance(200_000_000_000, of: MarketBench.user, at: market)
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(market, at: stub.port)
            var ids: [MarketItemID] = []
            for try await listing in adapter.listings(ListingFilter(), limit: gifts) {
                ids.append(listing.gift.id)
            }
            try await stub.spoilAtRandom(percent: 40, seed: seed)
            var (bought, open, paidOut, unpaid) = (Set<String>(), Set<String>(), 0, 0)
            for id in ids {
                switch try? await adapter.buy(id, for: nanotons(price)) {
                case .bought: bought.insert(id.text)
                case .unknown: open.insert(id.text)
                case .refused, nil: break
                }
                let receipt = try? await adapter.withdraw(
                    nanotons(100_000_000), to: MarketBench.wallet)
                switch receipt?.state {
                case .accepted: paidOut += 1
                case .unknown: unpaid += 1
                case .rejected, nil: break
                }
            }
            try await stub.clear()
            // What is open is found among the account's gifts.
            var own = Set<String>()
            for try await item in adapter.ownItems() { own.insert(item.gift.id.text) }
            let state = try await stub.state()
            #expect(Set(state.sales.map(\.item)) == own, "seed \(seed)")
            #expect(state.sales.count == own.count, "seed \(seed)")
            #expect(
                bought.isSubset(of: own) && own.isSubset(of: bought.union(open)), "seed \(seed)")
            let payments = paidOut...(paidOut + unpaid)
            #expect(payments.contains(state.withdrawals.count), "seed \(seed)")
            #expect(!bought.isEmpty && !open.isEmpty, "seed \(seed)")
            let paid = state.sales.reduce(0) { $0 + $1.paid }
            let withdrawn = state.withdrawals.reduce(0) { $0 + $1.amount }
            let left = try await adapter.balance().available
            #expect(left == nanotons(200_000_000_000 - paid - withdrawn), "seed \(seed)")
        }
    }
}
