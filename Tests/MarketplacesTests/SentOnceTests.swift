// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import Resilience
import TON
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Purchases and withdrawals: sent at most once, whatever happens to them.
@Suite(.serialized) struct SentOnceTests {
    typealias Market = MarketStub.Market

    private static let price: Int64 = 12_900_000_000
    private static let balance: Int64 = 100_000_000_000

    private enum Act: CaseIterable {
        case buy
        case withdraw
    }

    private enum End: Equatable {
        case done
        case refused(String)
        case unknown
        case notSent(MarketplaceError)
    }

    /// Runs `body` beside a stub with a gift for sale and an account that can buy it.
    private static func with(
        _ market: Market, attemptTimeoutMs: Int = 15_000,
        _ body: (MarketStub, any Marketplace, MarketBench) async throws -> Void
    ) async throws {
        let stub = try MarketStub()
        try await stub.list(1, for: price, at: market)
        try await stub.setBalance(balance, of: MarketBench.user, at: market)
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(
                market, at: stub.port, attemptTimeoutMs: attemptTimeoutMs)
            try await body(stub, adapter, bench)
        }
    }

    private static func path(_ act: Act, _ market: Market) -> String {
        switch (act, market) {
        case (.buy, .mrkt): "gifts/buy"
        case (.buy, .portals): "nfts"
        case (.buy, .tonnel): "buyGift/*"
        case (.withdraw, .mrkt): "transactions/withdraw"
        case (.withdraw, .portals): "users/wallets/withdraw"
        case (.withdraw, .tonnel): "balance/withdraw"
        }
    }

    private static func perform(_ act: Act, _ adapter: any Marketplace) async throws -> End {
        switch act {
        case .buy:
            var id: MarketItemID?
            for try await listing in adapter.listings(ListingFilter(), limit: 1) {
                id = listing.gift.id
            }
            return await buy(try #require(id), for: price, adapter)
        case .withdraw:
            do throws(MarketplaceError) {
                let receipt = try await adapter.withdraw(
                    nanotons(1_500_000_000), to: MarketBench.wallet)
                switch receipt.state {
                case .accepted: return .done
                case .rejected: return .refused(receipt.message ?? "")
                case .unknown: return .unknown
                }
            } catch {
                return .notSent(error)
            }
        }
    }

    private static func buy(
        _ id: MarketItemID, for price: Int64, _ adapter: any Marketplace
    ) async -> End {
        do throws(MarketplaceError) {
            switch try await adapter.buy(id, for: nanotons(price)) {
            case .bought: return .done
            case .refused(let reason): return .refused(reason)
            case .unknown(let why):
                MarketBench.expectNoSecrets(why)
                return .unknown
            }
        } catch {
            MarketBench.expectNoSecrets(error)
            return .notSent(error)
        }
    }

    private static let acts = Market.allCases.flatMap { market in
        Act.allCases.map { (market, $0) }
    }

    // MARK: - Carried out

    @Test(arguments: acts)
    private func `without a fault it is done, once`(market: Market, act: Act) async throws {
        try await Self.with(market) { stub, adapter, _ in
            #expect(try await Self.perform(act, adapter) == .done)
            let state = try await stub.state()
            #expect(state.sales.count + state.withdrawals.count == 1)
            let user = "\(MarketBench.user)"
            let left = try await adapter.balance().available.rawValue
            #expect(state.balances[market]?[user] == left)
            if act == .buy {
                let paid = market == .tonnel ? 14_190_000_000 : Self.price
                #expect(left == Self.balance - paid)
                var own: [OwnItem] = []
                for try await item in adapter.ownItems() { own.append(item) }
                #expect(own.map(\.gift.id.text) == state.sales.map(\.item))
            } else {
                let wallet = MarketBench.wallet.friendlyText(isBounceable: false)
                #expect(state.withdrawals.map(\.wallet) == [wallet])
                #expect(state.withdrawals.map(\.amount) == [1_500_000_000])
            }
        }
    }

    @Test(
        arguments: acts,
        [MarketStub.Fault.lostResponse, .lateBadGateway, .garbage, .empty, .slow])
    private func `a lost answer leaves it unknown, and carried out once`(
        act: (Market, Act), fault: MarketStub.Fault
    ) async throws {
        let (market, act) = act
        try await Self.with(market, attemptTimeoutMs: fault == .slow ? 2_000 : 15_000) {
            stub, adapter, _ in
            try await stub.spoil(
                market, fault, path: Self.path(act, market), delay: .seconds(5))
            #expect(try await Self.perform(act, adapter) == .unknown)
            // It may go on behind an answer that nobody waits for.
            try await Self.expect(1, act, stub, market, calls: 1)
        }
    }

    @Test(
        arguments: acts,
        [MarketStub.Fault.badGateway, .hangup, .rateLimit, .htmlForbidden, .errorStatus])
    private func `what fails before it is carried out is not sent again`(
        act: (Market, Act), fault: MarketStub.Fault
    ) async throws {
        let (market, act) = act
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, fault, path: Self.path(act, market), count: 2)
            let end = try await Self.perform(act, adapter)
            // portals' 403 may mean the credentials, so it leads to others and one more sending.
            let isRenewed = market == .portals && fault == .htmlForbidden
            try await Self.expect(0, act, stub, market, calls: isRenewed ? 2 : 1)
            switch (fault, end) {
            case (.badGateway, .unknown), (.hangup, .unknown): break
            case (.rateLimit, .notSent(.unavailable(let error))): #expect(error.status == 429)
            case (.htmlForbidden, .notSent(.unauthorized(let error))): #expect(error.status == 403)
            // An answer that portals' own calls don't give decides nothing.
            case (.errorStatus, .unknown): #expect(market == .portals)
            case (.errorStatus, .refused("not now")): #expect(market != .portals)
            default: Issue.record("\(end)")
            }
        }
    }

    @Test(arguments: acts)
    private func `a 401 leads to other credentials and one more sending`(
        market: Market, act: Act
    ) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .unauthorized, path: Self.path(act, market))
            #expect(try await Self.perform(act, adapter) == .done)
            try await Self.expect(1, act, stub, market, calls: 2)
        }
    }

    @Test(arguments: acts)
    private func `a second 401 is final, and nothing was carried out`(
        market: Market, act: Act
    ) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .unauthorized, path: Self.path(act, market), count: 9)
            guard case .notSent(.unauthorized(let error)) = try await Self.perform(act, adapter)
            else {
                Issue.record("it was sent")
                return
            }
            #expect(error.status == 401 && !error.mayHaveBeenProcessed)
            try await Self.expect(0, act, stub, market, calls: 2)
        }
    }

    @Test(arguments: acts)
    private func `what is lost after a renewal is unknown, and sent no third time`(
        market: Market, act: Act
    ) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .unauthorized, path: Self.path(act, market))
            try await stub.spoil(market, .lostResponse, path: Self.path(act, market))
            #expect(try await Self.perform(act, adapter) == .unknown)
            try await Self.expect(1, act, stub, market, calls: 2)
        }
    }

    // MARK: - Refused

    @Test(arguments: Market.allCases)
    func `another price, a sold gift and too little money are refusals`(
        market: Market
    ) async throws {
        try await Self.with(market) { stub, adapter, _ in
            var id: MarketItemID?
            for try await listing in adapter.listings(ListingFilter(), limit: 1) {
                id = listing.gift.id
            }
            let gift = try #require(id)
            func reason(_ code: String) -> String {
                market == .mrkt
                    ? "it was sold, has another price, or the balance is too low" : code
            }
            let other = await Self.buy(gift, for: Self.price + 1, adapter)
            #expect(other == .refused(reason("PRICE_CHANGED")))
            try await stub.setBalance(Self.price - 1, of: MarketBench.user, at: market)
            let poor = await Self.buy(gift, for: Self.price, adapter)
            #expect(poor == .refused(reason("INSUFFICIENT_BALANCE")))
            try await stub.setBalance(Self.balance, of: MarketBench.user, at: market)
            #expect(await Self.buy(gift, for: Self.price, adapter) == .done)
            let sold = await Self.buy(gift, for: Self.price, adapter)
            #expect(sold == .refused(reason("SOLD")))
            try await Self.expect(1, .buy, stub, market, calls: 4)
        }
    }

    @Test(arguments: Market.allCases)
    func `a withdrawal of more than there is is rejected, and one of nothing not sent`(
        market: Market
    ) async throws {
        try await Self.with(market) { stub, adapter, _ in
            let receipt = try await adapter.withdraw(
                nanotons(Self.balance + 1), to: MarketBench.wallet)
            #expect(receipt == WithdrawReceipt(.rejected, message: "INSUFFICIENT_BALANCE"))
            await #expect(throws: MarketplaceError.self) {
                try await adapter.withdraw(.zero, to: MarketBench.wallet)
            }
            try await Self.expect(0, .withdraw, stub, market, calls: 1)
        }
    }

    // MARK: - Never sent

    @Test(arguments: acts)
    private func `where nobody listens, nothing was sent`(market: Market, act: Act) async throws {
        let stub = try MarketStub()
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(market, at: stub.port)
            stub.stop()
            let end =
                act == .buy
                ? await Self.buy(MarketItemID("1"), for: 1, adapter)
                : try await Self.perform(act, adapter)
            guard case .notSent(.unavailable(let error)) = end else {
                Issue.record("\(end)")
                return
            }
            #expect(!error.mayHaveBeenProcessed)
        }
    }

    @Test func `who leaves while it waits for its turn has sent nothing`() async throws {
        let stub = try MarketStub()
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(.tonnel, at: stub.port) {
                $0.callInterval = .seconds(30)
            }
            _ = try await adapter.balance()
            let waiting = Task { await Self.buy(MarketItemID("1"), for: 1, adapter) }
            waiting.cancel()
            #expect(await waiting.value == .notSent(.cancelled))
            #expect(try await stub.state().calls.count == 1)
        }
    }

    @Test func `who leaves while it is under way does not know`() async throws {
        try await Self.with(.portals) { stub, adapter, _ in
            try await stub.spoil(
                .portals, .slow, path: "users/wallets/withdraw", delay: .seconds(30))
            let leaving = Task { try await Self.perform(.withdraw, adapter) }
            while try await stub.state().withdrawals.isEmpty {
                try await Task.sleep(for: .milliseconds(20))
            }
            leaving.cancel()
            #expect(try await leaving.value == .unknown)
        }
    }

    private static func expect(
        _ executions: Int, _ act: Act, _ stub: MarketStub, _ market: Market, calls: Int,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let state = try await stub.state()
        let made = act == .buy ? state.sales.count : state.withdrawals.count
        #expect(made == executions, sourceLocation: location)
        #expect(state.calls(of: market, path(act, market)) == calls, sourceLocation: location)
    }
}
