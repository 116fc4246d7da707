// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import Resilience
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Answers of the wrong type, too large, from elsewhere, or with a secret in them.
@Suite(.serialized) struct OddMarketAnswerTests {
    typealias Market = MarketStub.Market

    private static let balances = [
        Market.mrkt: "GET balance", .portals: "GET users/wallets/", .tonnel: "POST balance/info",
    ]
    private static let listings = [
        Market.mrkt: "POST gifts/saling", .portals: "GET nfts/search", .tonnel: "POST pageGifts",
    ]
    private static let purchases = [
        Market.mrkt: "POST gifts/buy", .portals: "POST nfts", .tonnel: "POST buyGift/1",
    ]

    @Test(arguments: [
        (Market.mrkt, #"{"hard":"1500000000"}"#, "hard is not an amount in nanotons"),
        (.mrkt, #"{"hard":1.5}"#, "hard is not an amount in nanotons"),
        (.mrkt, #"{"hard":-1}"#, "hard is not an amount in nanotons"),
        (.mrkt, #"{"hard":9223372036854775808}"#, "hard is not an amount in nanotons"),
        (.mrkt, #"{"hard":null}"#, "hard is not an amount in nanotons"),
        (.mrkt, #"{"balance":{"soft":1}}"#, "balance.hard is missing"),
        (.mrkt, "[]", "is not an object"),
        (.portals, #"{"balance":true}"#, "balance is not an amount in TON"),
        (.portals, #"{"balance":""}"#, "balance is not an amount in TON with at most 9 decimals"),
        (.portals, #"{"balance":"-1"}"#, "balance is not an amount in TON with at most 9 decimals"),
        (.portals, #"{"balance":"1","frozen_funds":[]}"#, "frozen_funds is not an amount in TON"),
        (.tonnel, #"{"status":"success"}"#, "balance is missing"),
        (.tonnel, #"{"balance":1}"#, "status is missing"),
        (.tonnel, #"{"status":"maybe","balance":1}"#, "status is not known"),
        (
            .tonnel, #"{"status":"success","balance":0.1234567891}"#,
            "balance is not an amount in TON with at most 9 decimals"
        ),
    ])
    func `a balance of the wrong type is refused, with its path`(
        market: Market, answer: String, problem: String
    ) async throws {
        let call = try #require(Self.balances[market])
        try await ScriptedMarket.with(market, [call: answer]) { scripted in
            let error = await #expect(throws: MarketplaceError.self) {
                try await scripted.market.balance()
            }
            guard case .unavailable(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.problem.hasSuffix(problem), "\(cause.problem)")
        }
    }

    @Test(arguments: [
        (Market.mrkt, #""number":1234"#, #""number":"1234""#, "gifts[0].number is not a whole"),
        (.mrkt, #""modelName":"Sad Cat""#, #""modelName":7"#, "gifts[0].modelName is not a string"),
        (
            .mrkt, #""modelRarityPerMille":5"#, #""modelRarityPerMille":"5""#,
            "gifts[0].modelRarityPerMille is not a number"
        ),
        (
            .mrkt, #""id":"1f0a6f7e-2c6b-4d0e-9f53-0b0f0f6a51aa""#, #""id":"a b""#,
            "gifts[0].id is no"
        ),
        (.mrkt, #""collectionName":"Plush Pepe","#, "", "gifts[0].collectionName is missing"),
        (
            .portals, #""listed_at":"2026-06-12T16:28:05.550053Z""#, #""listed_at":"today""#,
            "results[0].listed_at is not a time in UTC"
        ),
        (.portals, #""price":"44""#, #""price":{}"#, "results[0].price is not an amount in TON"),
        (.portals, #""value":"Wizard""#, #""value":1"#, "results[0].attributes[0].value is not"),
        (.tonnel, #""gift_id":4840785"#, #""gift_id":1.5"#, "[0].gift_id is not an id"),
        (.tonnel, #""model":"Zebra (1.5%)""#, #""model":[]"#, "[0].model is not a string"),
    ])
    func `a row of the wrong type is refused, with its path`(
        market: Market, right: String, wrong: String, problem: String
    ) async throws {
        let call = try #require(Self.listings[market])
        let answer =
            switch market {
            case .mrkt: #"{"gifts":[\#(GoldenMrktTests.row)]}"#
            case .portals: #"{"results":[\#(GoldenPortalsTests.row)]}"#
            case .tonnel: "[\(GoldenTonnelTests.row)]"
            }
        let spoilt = answer.replacing(right, with: wrong)
        #expect(spoilt != answer)
        try await ScriptedMarket.with(market, [call: spoilt]) { scripted in
            let error = await #expect(throws: MarketplaceError.self) {
                try await scripted.market.listings(ListingFilter(), at: nil)
            }
            guard case .unavailable(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.problem.contains(problem), "\(cause.problem)")
        }
    }

    @Test(arguments: [
        (Market.tonnel, #""asset":"TON""#, #""asset":"USDT""#),
        (.tonnel, #""price":12.9,"#, #""price":null,"#),
    ])
    func `what is not for sale for TON is left out`(
        market: Market, right: String, wrong: String
    ) async throws {
        let rows = [GoldenTonnelTests.row, GoldenTonnelTests.row.replacing(right, with: wrong)]
        let answer = "[\(rows.joined(separator: ","))]"
        try await ScriptedMarket.with(market, ["POST pageGifts": answer]) { scripted in
            let page = try await scripted.market.listings(ListingFilter(), at: nil)
            #expect(page.items.count == 1)
        }
    }

    @Test func `a wallet that was garbled on the way is refused`() async throws {
        let wallet = MarketBench.wallet.friendlyText(isBounceable: false)
        let garbled = wallet.replacing("M", with: "N")
        #expect(garbled != wallet)
        let answer = #"{"payerId":"a1","walletForPayment":"\#(garbled)"}"#
        try await ScriptedMarket.with(.mrkt, ["GET me": answer]) { scripted in
            let error = await #expect(throws: MarketplaceError.self) {
                try await scripted.market.depositTarget()
            }
            #expect("\(String(describing: error))".contains("walletForPayment is not an address"))
        }
    }

    @Test(arguments: [
        (Market.mrkt, "[{}]"), (.mrkt, "{}"),
        (.mrkt, #"[{"type":"gift","userGift":{"id":"2","isMine":true}}]"#),
        (.mrkt, #"[{"type":"gift","userGift":{"id":"1","isMine":false}}]"#),
        (.portals, "{}"), (.portals, #"{"purchase_results":[]}"#),
        (.portals, #"{"purchase_results":[{"id":"2","status":"success"}]}"#),
        (.portals, #"{"purchase_results":[{"id":"1","status":"pending"}]}"#),
        (.tonnel, "{}"), (.tonnel, #"{"status":"pending"}"#), (.tonnel, "[]"), (.tonnel, ""),
    ])
    func `an answer to a purchase that decides nothing leaves it unknown`(
        market: Market, answer: String
    ) async throws {
        let call = try #require(Self.purchases[market])
        try await ScriptedMarket.with(market, [call: answer], attemptsMax: 3) { scripted in
            let outcome = try await scripted.market.buy(MarketItemID("1"), for: nanotons(1))
            guard case .unknown = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(scripted.seen.count == 1)
        }
    }

    @Test(arguments: Market.allCases, [408, 499, 500, 503, 302, 400, 404, 409, 422])
    func `what a status says of a purchase`(market: Market, status: Int) async throws {
        let call = try #require(Self.purchases[market])
        let elsewhere = ["location": "http://127.0.0.1:1/else"]
        let steps = [call: Step.answer(status, #"{"message":"no"}"#, headers: elsewhere)]
        try await ScriptedMarket.with(market, steps: steps, attemptsMax: 3) { scripted in
            let outcome = try await scripted.market.buy(MarketItemID("1"), for: nanotons(1))
            if [400, 404, 409, 422].contains(status) {
                #expect(outcome == .refused("no"))
            } else if case .unknown = outcome {
            } else {
                Issue.record("\(outcome)")
            }
            #expect(scripted.seen.count == 1)
        }
    }

    @Test(arguments: Market.allCases)
    func `a redirect to elsewhere is not followed`(market: Market) async throws {
        let call = try #require(Self.balances[market])
        let elsewhere = ["location": "http://127.0.0.2:1/else"]
        try await ScriptedMarket.with(market, steps: [call: Step.answer(302, headers: elsewhere)]) {
            scripted in
            let error = await #expect(throws: MarketplaceError.self) {
                try await scripted.market.balance()
            }
            guard case .unavailable(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.code == .protocol && cause.status == 302)
        }
    }

    @Test(arguments: Market.allCases)
    func `an answer beyond a mebibyte is cut off`(market: Market) async throws {
        let answer = #"{"padding":"\#(String(repeating: "x", count: 1 << 20))"}"#
        let calls = [try #require(Self.balances[market]), try #require(Self.purchases[market])]
        let answers = Dictionary(uniqueKeysWithValues: calls.map { ($0, answer) })
        try await ScriptedMarket.with(market, answers) { scripted in
            let error = await #expect(throws: MarketplaceError.self) {
                try await scripted.market.balance()
            }
            #expect("\(String(describing: error))".contains("larger than 1048576 bytes"))
            let outcome = try await scripted.market.buy(MarketItemID("1"), for: nanotons(1))
            guard case .unknown(let why) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(why.contains("larger than 1048576 bytes"))
        }
    }

    @Test(arguments: Market.allCases)
    func `secrets that are sent back are told nowhere`(market: Market) async throws {
        let initData = try #require(MarketBench.initData(1))
        MarketBench.expectNoSecrets(initData)
        // Each of them had what it could send back.
        let own =
            switch market {
            case .mrkt: "mrkt-token-1"
            case .portals: ""
            case .tonnel: MarketBench.passphrase
            }
        let echo = #"{"message":"bad hash=SECRET1hash, SECRET1sign, \#(own)"}"#
        let calls = [try #require(Self.balances[market]), try #require(Self.purchases[market])]
        let steps = Dictionary(uniqueKeysWithValues: calls.map { ($0, Step.answer(400, echo)) })
        try await ScriptedMarket.with(market, steps: steps) { scripted in
            let error = await #expect(throws: MarketplaceError.self) {
                try await scripted.market.balance()
            }
            let outcome = try await scripted.market.buy(MarketItemID("1"), for: nanotons(1))
            guard case .refused(let reason) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason.contains("bad"))
            for value in [outcome, error as Any] { MarketBench.expectNoSecrets(value) }
        }
    }
}
