// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import TON
import TellerProtocol
import TestSupport
import Testing

/// tonnel's documented answers, read into exact values, and the requests that ask for them.
@Suite(.serialized) struct GoldenTonnelTests {
    static let row = """
        {"gift_num":35531,"customEmojiId":"5289634279544876303","gift_id":4840785,"name":"Toy Bear","model":"Zebra (1.5%)","asset":"TON","symbol":"Rabbit (0.2%)",
          "backdrop":"Burgundy (2%)","availabilityIssued":0,"availabilityTotal":0,"backdropData":{},"message_in_channel":0,"price":12.9,"status":"forsale",
          "limited":false,"auction":null,"premarket":false,"bundleData":null,"export_at":"2026-05-28T12:25:01.000Z"}
        """
    static let id = MarketItemID("4840785")
    static let gift = Gift(
        id: id, collection: "Toy Bear", number: 35_531,
        model: GiftTrait(name: "Zebra", perMillion: 15_000),
        symbol: GiftTrait(name: "Rabbit", perMillion: 2_000),
        backdrop: GiftTrait(name: "Burgundy", perMillion: 20_000))
    private static let initData = "query_id=AAHq&user=%7B%22id%22%3A777%2C"

    @Test func `listings, whose price the buyer pays with a fee`() async throws {
        for (fee, price) in [(1_000, 14_190_000_000), (600, 13_674_000_000)] as [(Int, Int64)] {
            try await ScriptedMarket.with(
                .tonnel, ["POST pageGifts": "[\(Self.row)]"],
                configure: { $0.tonnel { $0.buyerFeeBasisPoints = fee } }
            ) { scripted in
                let page = try await scripted.market.listings(ListingFilter(), at: nil)
                #expect(
                    page.items == [
                        Listing(
                            gift: Self.gift, price: nanotons(price),
                            rawPrice: nanotons(12_900_000_000))
                    ])
                #expect(page.next == nil)
            }
        }
    }

    @Test func `what is asked for, in the words of its database`() async throws {
        try await ScriptedMarket.with(.tonnel, ["POST pageGifts": "[]"]) { scripted in
            var filter = ListingFilter()
            filter.collections = ["Toy Bear"]
            filter.models = ["Wizard"]
            filter.symbols = ["A.b", "C"]
            filter.number = 5
            filter.priceMax = nanotons(100_000_000_000)
            filter.order = .price(isAscending: true)
            _ = try await scripted.market.listings(filter, at: PageCursor("2"))
            let body = try JSONValue.parse(Array(scripted.seen[0].body.utf8))
            #expect(body["page"]?.int == 2 && body["limit"]?.int == 30)
            #expect(body["sort"]?.string == #"{"price":1,"gift_id":-1}"#)
            #expect(
                body["filter"]?.string
                    == #"{"price":{"$exists":true},"buyer":{"$exists":false},"asset":"TON","#
                    + #""refunded":{"$ne":true},"export_at":{"$exists":true},"#
                    + #""gift_name":"Toy Bear","model":{"$regex":"^Wizard \\("},"#
                    + #""symbol":{"$regex":"^(?:A\\.b|C) \\("},"gift_num":5}"#)
            #expect(body["price_range"] == .array([.number("0"), .number("100")]))
            #expect(body["user_auth"]?.string == "" && body["authData"] == nil)
        }
    }

    @Test func `auctions`() async throws {
        let auction = """
            {"auction_id":"6870aa","startingBid":5,"auctionStartTime":"2026-05-28T12:25:01.000Z","auctionEndTime":"2026-05-28T13:25:01Z",
            "bidHistory":[{"bidder":123,"amount":6.5,"timestamp":"2026-05-28T12:30:01.5Z"},{"bidder":7,"amount":6.25,"timestamp":"2026-05-28T12:29:01Z"}],
            "status":"active"}
            """
        let row = Self.row.replacing(#""auction":null"#, with: #""auction":\#(auction)"#)
        try await ScriptedMarket.with(.tonnel, ["POST pageGifts": "[\(row),\(Self.row)]"]) {
            scripted in
            let page = try await scripted.market.auctions(at: nil)
            #expect(page.items.count == 1 && scripted.market.features == .auctions)
            let listing = try #require(page.items.first)
            #expect(listing.gift == Self.gift && listing.auctionID == "6870aa")
            #expect(listing.startingBid == nanotons(5_000_000_000))
            #expect(listing.highestBid == nanotons(6_500_000_000))
            #expect(listing.startsAt == Timestamp("2026-05-28T12:25:01.000Z"))
            #expect(listing.endsAt == Timestamp("2026-05-28T13:25:01.000Z"))
            #expect(listing.bids.map(\.bidder) == [123, 7])
            #expect(listing.bids[0].at == Timestamp("2026-05-28T12:30:01.500Z"))
            let body = try JSONValue.parse(Array(scripted.seen[0].body.utf8))
            #expect(
                body["filter"]?.string
                    == #"{"auction_id":{"$exists":true},"status":"active","asset":"TON"}"#)
            #expect(body["sort"]?.string == #"{"auctionEndTime":1,"gift_id":-1}"#)
        }
    }

    @Test func `balance and deposit target`() async throws {
        let answer = """
            {"status":"success","balance":123.123123123,"memo":"tnl-8841","transferGift":false,"usdtBalance":0,"tonnelBalance":0,"referrer":0,
            "photo_url":"https://…","name":"Alice"}
            """
        let address = try WrittenTONAddress(
            MarketBench.wallet.friendlyText(isBounceable: false), on: .mainnet)
        try await ScriptedMarket.with(
            .tonnel, ["POST balance/info": answer],
            configure: { $0.tonnel { $0.depositAddress = address } }
        ) { scripted in
            let balance = try await scripted.market.balance()
            #expect(balance == MarketBalance(available: nanotons(123_123_123_123)))
            let target = try await scripted.market.depositTarget()
            #expect(target == DepositTarget(address: address, comment: "tnl-8841"))
            let body = scripted.seen[0].body
            #expect(
                body.hasPrefix(#"{"authData":"\#(Self.initData)"#) && body.hasSuffix(#","ref":""}"#)
            )
            #expect(scripted.seen[0].headers["authorization"] == nil)
        }
        try await ScriptedMarket.with(.tonnel, [:]) { scripted in
            await #expect(throws: MarketplaceError.self) {
                try await scripted.market.depositTarget()
            }
            #expect(scripted.seen.isEmpty)
        }
    }

    @Test(arguments: [
        (#"{"status":"success"}"#, WithdrawReceipt(.accepted)),
        (#"{"status":"error","message":"low"}"#, WithdrawReceipt(.rejected, message: "low")),
    ])
    func `withdrawal`(answer: String, expected: WithdrawReceipt) async throws {
        let wallet = MarketBench.wallet.friendlyText(isBounceable: false)
        try await ScriptedMarket.with(.tonnel, ["POST balance/withdraw": answer]) { scripted in
            let receipt = try await scripted.market.withdraw(
                nanotons(1_500_000_000), to: MarketBench.wallet)
            #expect(receipt == expected)
            #expect(
                scripted.seen[0].body.hasSuffix(
                    #","wallet":"\#(wallet)","amount":1.5,"asset":"TON"}"#))
        }
    }

    @Test(arguments: [
        (#"{"status":"success"}"#, BuyOutcome.bought),
        (#"{"status":"error","message":"Gift is sold"}"#, .refused("Gift is sold")),
    ])
    func `purchase, with the raw price and a token`(
        answer: String, expected: BuyOutcome
    ) async throws {
        try await ScriptedMarket.with(.tonnel, ["POST buyGift/4840785": answer]) { scripted in
            let outcome = try await scripted.market.buy(Self.id, for: nanotons(12_900_000_000))
            #expect(outcome == expected)
            let body = try JSONValue.parse(Array(scripted.seen[0].body.utf8))
            #expect(body["price"] == .number("12.9") && body["asset"]?.string == "TON")
            #expect(body["timestamp"]?.string == "1700000000")
            #expect(body["wtf"]?.string?.hasPrefix("U2FsdGVkX1") == true)
            #expect(body["authData"]?.string?.hasPrefix(Self.initData) == true)
        }
    }

    @Test func `own items, the listed ones and the others`() async throws {
        let unlisted = Self.row.replacing(#""price":12.9,"#, with: "")
        try await ScriptedMarket.with(.tonnel, ["POST pageGifts": "[\(unlisted)]"]) { scripted in
            let listed = try await scripted.market.ownItems(at: nil)
            #expect(listed.items == [OwnItem(gift: Self.gift)])
            let others = try await scripted.market.ownItems(at: listed.next)
            #expect(others.next == nil)
            let bodies = try scripted.seen.map { try JSONValue.parse(Array($0.body.utf8)) }
            #expect(
                bodies.map { $0["filter"]?.string } == [
                    #"{"seller":777,"buyer":{"$exists":false},"refunded":{"$ne":true},"#
                        + #""$or":[{"price":{"$exists":true}},{"auction_id":{"$exists":true}}]}"#,
                    #"{"seller":777,"buyer":{"$exists":false},"refunded":{"$ne":true},"#
                        + #""price":{"$exists":false}}"#,
                ])
            #expect(
                bodies.allSatisfy { $0["user_auth"]?.string?.hasPrefix(Self.initData) == true })
        }
    }
}
