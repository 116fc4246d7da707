// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import TON
import TellerProtocol
import TestSupport
import Testing

/// mrkt's documented answers, read into exact values, and the requests that ask for them.
@Suite(.serialized) struct GoldenMrktTests {
    static let row = """
        {"id":"1f0a6f7e-2c6b-4d0e-9f53-0b0f0f6a51aa","giftId":"5170145012310081615","name":"PlushPepe-1234","title":"Plush Pepe #1234",
          "collectionName":"Plush Pepe","number":1234,"modelName":"Sad Cat","modelRarityPerMille":5,"symbolName":"Anchor","symbolRarityPerMille":4,
          "backdropName":"Onyx Black","backdropRarityPerMille":20,"backdropColorsCenterColor":5065301,"backdropColorsEdgeColor":3422528,
          "backdropColorsSymbolColor":0,"backdropColorsTextColor":14277081,"salePrice":125500000000,"isOnSale":true,"isListed":true,"isOnAuction":false,
          "isLocked":false,"isMine":false,"premarketStatus":null,"salesCount":3,"exportDate":"2026-01-10T12:00:00Z","unlockDate":null}
        """
    static let id = MarketItemID("1f0a6f7e-2c6b-4d0e-9f53-0b0f0f6a51aa")
    static let gift = Gift(
        id: id, telegramID: "5170145012310081615", collection: "Plush Pepe", number: 1_234,
        model: GiftTrait(name: "Sad Cat", perMillion: 5_000),
        symbol: GiftTrait(name: "Anchor", perMillion: 4_000),
        backdrop: GiftTrait(name: "Onyx Black", perMillion: 20_000))

    @Test func `listings`() async throws {
        let answer = #"{"gifts":[\#(Self.row)],"cursor":"eyJwIjoxMjU1fQ"}"#
        try await ScriptedMarket.with(.mrkt, ["POST gifts/saling": answer]) { scripted in
            var filter = ListingFilter()
            filter.collections = ["Plush Pepe"]
            filter.models = ["Sad Cat"]
            filter.number = 1_234
            filter.priceMin = nanotons(1)
            filter.priceMax = nanotons(200_000_000_000)
            filter.order = .price(isAscending: true)
            let page = try await scripted.market.listings(filter, at: PageCursor("here"))
            let price = nanotons(125_500_000_000)
            #expect(page.items == [Listing(gift: Self.gift, price: price, rawPrice: price)])
            #expect(page.next == nil, "fewer than 20 are the last")
            #expect(
                scripted.seen.map(\.body) == [
                    #"{"count":20,"collectionNames":["Plush Pepe"],"modelNames":["Sad Cat"],"#
                        + #""number":1234,"minPrice":1,"maxPrice":200000000000,"#
                        + #""ordering":"Price","lowToHigh":true,"cursor":"here"}"#
                ])
            #expect(scripted.seen[0].headers["authorization"] == "mrkt-token-1")
            #expect(scripted.seen[0].headers["user-agent"]?.hasPrefix("teller/") == true)
            #expect(scripted.seen[0].headers["origin"] == nil)
        }
    }

    @Test func `a full page goes on at its cursor, unless that is null or empty`() async throws {
        let rows = Array(repeating: Self.row, count: 20).joined(separator: ",")
        for (cursor, next) in [(#""more""#, PageCursor("more")), ("null", nil), (#""""#, nil)] {
            let answer = #"{"gifts":[\#(rows)],"cursor":\#(cursor)}"#
            try await ScriptedMarket.with(.mrkt, ["POST gifts/saling": answer]) { scripted in
                let page = try await scripted.market.listings(ListingFilter(), at: nil)
                #expect(page.items.count == 20 && page.next == next)
                #expect(
                    scripted.seen[0].body
                        == #"{"count":20,"ordering":"None","lowToHigh":false,"cursor":""}"#)
            }
        }
    }

    @Test(arguments: [
        #"{"hard": 1500000000, "soft": 0}"#, #"{"balance":{"hard":1500000000,"soft":0}}"#,
    ])
    func `balance, at either level`(answer: String) async throws {
        try await ScriptedMarket.with(.mrkt, ["GET balance": answer]) { scripted in
            let balance = try await scripted.market.balance()
            #expect(balance == MarketBalance(available: nanotons(1_500_000_000)))
        }
    }

    @Test func `deposit target and its crediting`() async throws {
        let wallet = MarketBench.wallet.friendlyText(isBounceable: false)
        let answers = [
            "GET me": """
            {"payerId":"a1B2c3","walletForPayment":"\(wallet)","wallet":{"ton":null}}
            """,
            "GET transactions/await":
                #"[{"id":"771","value":250000000},{"id":772,"value":5}]"#,
            "POST transactions/771": "{}", "POST transactions/772": "{}",
        ]
        try await ScriptedMarket.with(.mrkt, answers) { scripted in
            let target = try await scripted.market.depositTarget()
            #expect(target.address.address == MarketBench.wallet && target.comment == "a1B2c3")
            #expect(!target.address.isBounceable && target.id == nil)
            let progress = try await scripted.market.depositProgress(of: target)
            #expect(progress == .credited(nanotons(250_000_005)))
            #expect(
                scripted.seen.suffix(2).map(\.line) == [
                    "POST transactions/771", "POST transactions/772",
                ])
            #expect(
                scripted.seen[2].body == #"{"source":null,"type":"hard","value":250000000}"#)
        }
    }

    @Test func `withdrawal, in both forms`() async throws {
        let wallet = MarketBench.wallet.friendlyText(isBounceable: false)
        let answers = [
            "POST transactions/withdraw":
                #"{"id":"90412","status":"processing","amount":1500000000}"#,
            "POST wallet/withdraw/tons": #"{"transactionId":7}"#,
        ]
        try await ScriptedMarket.with(.mrkt, answers) { scripted in
            let receipt = try await scripted.market.withdraw(
                nanotons(1_500_000_000), to: MarketBench.wallet)
            #expect(receipt == WithdrawReceipt(.accepted, remoteID: MarketWithdrawalID("90412")))
            #expect(
                scripted.seen[0].body == #"{"amount":1500000000,"wallet":"\#(wallet)"}"#)
        }
        try await ScriptedMarket.with(
            .mrkt, answers, configure: { $0.mrkt { $0.withdrawForm = .tons } }
        ) { scripted in
            let receipt = try await scripted.market.withdraw(
                nanotons(1_500_000_000), to: MarketBench.wallet)
            #expect(receipt == WithdrawReceipt(.accepted, remoteID: MarketWithdrawalID("7")))
            #expect(
                scripted.seen[0].body == #"{"nanoTONs":1500000000,"wallet":"\#(wallet)"}"#)
        }
    }

    @Test func `purchase`() async throws {
        let answer = """
            [{"type":"gift","userGift":{"id":"\(Self.id)","isMine":true,"collectionName":"Plush Pepe","number":1234}}]
            """
        try await ScriptedMarket.with(.mrkt, ["POST gifts/buy": answer]) { scripted in
            let outcome = try await scripted.market.buy(Self.id, for: nanotons(125_500_000_000))
            #expect(outcome == .bought)
            #expect(
                scripted.seen[0].body
                    == #"{"ids":["\#(Self.id)"],"prices":{"\#(Self.id)":125500000000}}"#)
        }
    }

    @Test func `own items, the listed ones and the others`() async throws {
        let answer = #"{"gifts":[\#(Self.row)],"cursor":null}"#
        try await ScriptedMarket.with(.mrkt, ["POST gifts": answer]) { scripted in
            let listed = try await scripted.market.ownItems(at: nil)
            #expect(
                listed.items == [OwnItem(gift: Self.gift, listedFor: nanotons(125_500_000_000))])
            let others = try await scripted.market.ownItems(at: listed.next)
            #expect(others.items == [OwnItem(gift: Self.gift)] && others.next == nil)
            #expect(scripted.seen[0].body.hasPrefix(#"{"isListed":true,"count":20,"cursor":"","#))
            #expect(scripted.seen[1].body.hasPrefix(#"{"isListed":false,"count":20,"cursor":"","#))
        }
    }

    @Test func `a token from elsewhere is used until it is refused`() async throws {
        let stub = try MarketStub()
        try await MarketBench.with { bench in
            let adapter = try bench.marketplace(.mrkt, at: stub.port) {
                $0.mrkt { $0.token = SecretText("mrkt-token-of-old") }
            }
            _ = try await adapter.balance()
            let state = try await stub.state()
            #expect(state.calls.map(\.path) == ["balance", "auth", "balance"])
        }
        MarketBench.expectNoSecrets(SecretText("mrkt-token"))
    }

    @Test func `a token is shown bare, or as a bearer's with a cookie`() async throws {
        try await ScriptedMarket.with(
            .mrkt, ["GET balance": #"{"hard":1}"#],
            configure: { $0.mrkt { $0.tokenScheme = .bearerAndCookie } }
        ) { scripted in
            _ = try await scripted.market.balance()
            #expect(scripted.seen[0].headers["authorization"] == "Bearer mrkt-token-1")
            #expect(scripted.seen[0].headers["cookie"] == "access_token=mrkt-token-1")
        }
    }
}
