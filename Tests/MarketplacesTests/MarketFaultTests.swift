// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import Resilience
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Every fault of the marketplaces' that a read can meet, at each of them.
@Suite(.serialized) struct MarketFaultTests {
    typealias Market = MarketStub.Market

    private static let price: Int64 = 12_900_000_000

    /// Runs `body` beside a stub that has 45 gifts for sale, and an account with 1.5 TON.
    private static func with(
        _ market: Market, attemptsMax: Int = 3, attemptTimeoutMs: Int = 15_000,
        _ body: (MarketStub, any Marketplace, MarketBench) async throws -> Void
    ) async throws {
        let stub = try MarketStub()
        try await stub.list(45, for: price, at: market)
        try await stub.setBalance(1_500_000_000, of: MarketBench.user, at: market)
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(
                market, at: stub.port, attemptsMax: attemptsMax, attemptTimeoutMs: attemptTimeoutMs)
            try await body(stub, adapter, bench)
        }
    }

    /// The path of a page of listings.
    private static func path(_ market: Market) -> String {
        switch market {
        case .mrkt: "gifts/saling"
        case .portals: "nfts/search"
        case .tonnel: "pageGifts"
        }
    }

    private static func read(
        _ adapter: any Marketplace, limit: Int = 1_000
    ) async throws(MarketplaceError) -> [Listing] {
        var listings: [Listing] = []
        for try await listing in adapter.listings(ListingFilter(), limit: limit) {
            listings.append(listing)
        }
        return listings
    }

    // MARK: - Calls

    @Test(
        arguments: Market.allCases,
        [
            (MarketStub.Fault.badGateway, CallClass.server), (.lateBadGateway, .server),
            (.rateLimit, .tooManyRequests), (.hangup, .protocol), (.lostResponse, .protocol),
            (.garbage, .protocol), (.empty, .protocol),
        ])
    func `a read that fails is made again`(
        market: Market, fault: (MarketStub.Fault, CallClass)
    ) async throws {
        try await Self.with(market) { stub, adapter, bench in
            try await stub.spoil(market, fault.0, count: 2)
            let balance = try await adapter.balance()
            #expect(balance.available == nanotons(1_500_000_000))
            #expect(bench.classes.suffix(3) == [fault.1, fault.1, .succeeded])
        }
    }

    @Test(arguments: Market.allCases)
    func `a slow read is given up, and made again`(market: Market) async throws {
        try await Self.with(market, attemptTimeoutMs: 1_500) { stub, adapter, bench in
            try await stub.spoil(market, .slow, delay: .seconds(4))
            _ = try await adapter.balance()
            #expect(bench.classes.suffix(2) == [.timeout, .succeeded])
        }
    }

    @Test(arguments: Market.allCases)
    func `a 429 waits as long as it names`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, bench in
            try await stub.spoil(market, .rateLimit, retryAfter: 1)
            let start = ContinuousClock.now
            _ = try await adapter.balance()
            #expect(ContinuousClock.now - start >= .seconds(1))
            #expect(bench.classes.suffix(2) == [.tooManyRequests, .succeeded])
        }
    }

    @Test(arguments: Market.allCases)
    func `a page of the edge with 403 is no answer, and not asked for twice`(
        market: Market
    ) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .htmlForbidden, count: 2)
            let error = await #expect(throws: MarketplaceError.self) { try await adapter.balance() }
            guard case .unauthorized(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.status == 403 && cause.attempts == 1)
        }
    }

    @Test(arguments: [Market.tonnel])
    func `a failure told with 200 is a refusal, and final`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .errorStatus)
            let error = await #expect(throws: MarketplaceError.self) { try await adapter.balance() }
            guard case .refused(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.detail == "not now" && cause.attempts == 1)
        }
    }

    // MARK: - Credentials

    @Test(arguments: Market.allCases)
    func `credentials that expire after some calls are renewed once, and the call is made again`(
        market: Market
    ) async throws {
        try await Self.with(market) { stub, adapter, bench in
            _ = try await adapter.balance()
            try await stub.expire(market, after: 2)
            for _ in 0..<5 { _ = try await adapter.balance() }
            let state = try await stub.state()
            let balance =
                market == .mrkt ? "balance" : market == .portals ? "users/wallets" : "balance/info"
            #expect(state.calls(of: market, balance) == 7, "one of them came twice")
            // mrkt renews its token with the same initData.
            #expect(bench.source.given.withLock { $0 } == (market == .mrkt ? 1 : 2))
            #expect(state.auths == (market == .mrkt ? 2 : 0))
            #expect(bench.classes.allSatisfy { $0 == .succeeded }, "it was one attempt")
        }
    }

    @Test(arguments: Market.allCases)
    func `a second refusal of the credentials is final`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .unauthorized, count: 9)
            let error = await #expect(throws: MarketplaceError.self) { try await adapter.balance() }
            guard case .unauthorized(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.status == 401 && cause.attempts == 1)
            MarketBench.expectNoSecrets(cause)
        }
    }

    // MARK: - Pages

    @Test(arguments: Market.allCases)
    func `all pages are read, with each gift once`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.list(30, for: Self.price, at: market)
            let listings = try await Self.read(adapter)
            #expect(listings.count == 75 && Set(listings.map(\.gift.id)).count == 75)
            #expect(listings.allSatisfy { $0.rawPrice == nanotons(Self.price) })
            #expect(try await Self.read(adapter, limit: 7) == Array(listings.prefix(7)))
            let calls = try await stub.state().calls(of: market, Self.path(market))
            let pages = market == .mrkt ? 4 : market == .portals ? 2 : 3
            #expect(calls == pages + 1)
        }
    }

    @Test(arguments: Market.allCases)
    func `what stands on two pages comes once`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.list(30, for: Self.price, at: market)
            try await stub.spoil(market, .duplicateIDs, path: Self.path(market), count: 9)
            let listings = try await Self.read(adapter)
            #expect(Set(listings.map(\.gift.id)).count == listings.count)
            #expect(listings.count >= 60)
        }
    }

    @Test(arguments: Market.allCases)
    func `pages in a circle end in an error`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.list(30, for: Self.price, at: market)
            try await stub.spoil(market, .cursorLoop, path: Self.path(market), count: 99)
            await #expect(
                throws: MarketplaceError.endless(
                    market: market.rawValue, problem: "its pages go in a circle")
            ) { try await Self.read(adapter) }
            #expect(try await stub.state().calls(of: market, Self.path(market)) <= 3)
        }
    }

    // MARK: - Rows

    @Test(arguments: Market.allCases)
    func `a price is read to its ninth decimal`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .nineDecimals, path: Self.path(market))
            let listing = try await Self.read(adapter, limit: 1)
            #expect(listing.map(\.rawPrice) == [nanotons(12_123_456_789)])
        }
    }

    @Test(arguments: Market.allCases)
    func `a price with more decimals than there are is refused, with its path`(
        market: Market
    ) async throws {
        try await Self.with(market, attemptsMax: 1) { stub, adapter, _ in
            try await stub.spoil(market, .tenDecimals, path: Self.path(market))
            let error = await #expect(throws: MarketplaceError.self) {
                try await Self.read(adapter, limit: 1)
            }
            guard case .unavailable(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let path =
                market == .mrkt
                ? "gifts[0].salePrice is not an amount in nanotons"
                : (market == .portals ? "results[0].price" : "[0].price")
                    + " is not an amount in TON with at most 9 decimals"
            #expect(cause.problem == "the answer's \(path)")
        }
    }

    @Test(arguments: [Market.portals, .tonnel])
    func `a price may be a number or its text`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .priceForm, path: Self.path(market))
            let listing = try await Self.read(adapter, limit: 1)
            #expect(listing.map(\.rawPrice) == [nanotons(Self.price)])
        }
    }

    @Test(arguments: Market.allCases)
    func `fields that are not known are ignored`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            let plain = try await Self.read(adapter)
            try await stub.spoil(market, .extraFields, path: Self.path(market), count: 9)
            #expect(try await Self.read(adapter) == plain)
        }
    }

    @Test(arguments: Market.allCases)
    func `attributes may be null`(market: Market) async throws {
        try await Self.with(market) { stub, adapter, _ in
            try await stub.spoil(market, .nullAttributes, path: Self.path(market))
            let listing = try #require(try await Self.read(adapter, limit: 1).first)
            #expect(listing.gift.model == nil && listing.gift.backdrop == nil)
            #expect(listing.rawPrice == nanotons(Self.price))
        }
    }

    // MARK: - Manners

    @Test(arguments: Market.allCases)
    func `calls of an account keep their distance, and say who calls`(
        market: Market
    ) async throws {
        let stub = try MarketStub()
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(market, at: stub.port) {
                $0.callInterval = .milliseconds(500)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await adapter.balance() } }
                try await group.waitForAll()
            }
        }
        let calls = try await stub.state().calls
        let times = calls.filter { $0.path != "auth" }.map(\.at).sorted()
        #expect(times.count == 4)
        // The first ones of a busy machine may come a little late.
        #expect((times.last ?? 0) - (times.first ?? 0) >= 1)
        #expect(calls.allSatisfy { $0.userAgent?.hasPrefix("teller/") == true })
        #expect(calls.allSatisfy { $0.origin == nil && !$0.hasCookie })
    }

    @Test func `by default an account is called once a second`() throws {
        let configuration = MarketplaceConfiguration(
            name: "mrkt", market: .mrkt(try MrktSettings()),
            initData: FixedInitData(try #require(MarketBench.initData(1))))
        #expect(configuration.callInterval == .seconds(1))
        let policy = try MarketplaceConfiguration.policy.policy
        #expect(policy.attemptTimeoutMs == 15_000 && policy.backoff.baseMs >= 2_000)
        #expect(UpstreamConfiguration.bodyBytesMax == 1 << 20)
    }
}
