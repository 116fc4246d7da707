// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import TON
import TellerProtocol
import TestSupport
import Testing

/// portals' documented answers, read into exact values, and the requests that ask for them.
@Suite(.serialized) struct GoldenPortalsTests {
    static let row = """
        {"id":"65c83c42-0ab7-42cc-a46d-6158057a7216","tg_id":"294992","collection_id":"060d4cef-3a21-47e6-98fc-cd338ae0b5e0",
          "external_collection_number":41771,"name":"Toy Bear","photo_url":"https://nft.fragment.com/gift/toybear-41771.large.jpg","price":"44",
          "attributes":[{"type":"model","value":"Wizard","rarity_per_mille":1.5},{"type":"symbol","value":"Champagne","rarity_per_mille":0.2},
            {"type":"backdrop","value":"Silver Blue","rarity_per_mille":2}],
          "listed_at":"2026-06-12T16:28:05.550053Z","status":"listed","emoji_id":"5289667857599197149","has_animation":true,"floor_price":"31.43",
          "unlocks_at":"2026-03-10T11:04:26Z"}
        """
    static let id = MarketItemID("65c83c42-0ab7-42cc-a46d-6158057a7216")
    static let gift = Gift(
        id: id, telegramID: "294992", collection: "Toy Bear", number: 41_771,
        model: GiftTrait(name: "Wizard", perMillion: 1_500),
        symbol: GiftTrait(name: "Champagne", perMillion: 200),
        backdrop: GiftTrait(name: "Silver Blue", perMillion: 2_000))
    private static let wallet = MarketBench.wallet.friendlyText(isBounceable: false)

    @Test func `listings, by collection ids that are looked up once`() async throws {
        let collections = """
            {"collections":[{"id":"060d4cef-3a21-47e6-98fc-cd338ae0b5e0","name":"Toy Bear","short_name":"toybear","photo_url":"","day_volume":"1",
            "volume":"2","floor_price":"31.43","supply":9}]}
            """
        let answers = [
            "GET nfts/search": #"{"results":[\#(Self.row)]}"#, "GET collections": collections,
        ]
        try await ScriptedMarket.with(.portals, answers) { scripted in
            var filter = ListingFilter()
            filter.collections = ["Toy Bear"]
            filter.backdrops = ["Silver Blue", "Black"]
            filter.priceMin = nanotons(100_000_000)
            filter.order = .modelRarity(isAscending: false)
            let page = try await scripted.market.listings(filter, at: nil)
            let price = nanotons(44_000_000_000)
            #expect(
                page.items == [
                    Listing(
                        gift: Self.gift, price: price, rawPrice: price,
                        listedAt: Timestamp("2026-06-12T16:28:05.550Z"))
                ])
            #expect(page.next == nil)
            _ = try await scripted.market.listings(filter, at: PageCursor("50"))
            let rest =
                "&limit=50&sort_by=model_rarity%20desc&status=listed&exclude_bundled=true"
                + "&premarket_status=without_premarket"
                + "&collection_ids=060d4cef-3a21-47e6-98fc-cd338ae0b5e0"
                + "&filter_by_backdrops=Silver%20Blue%2CBlack&min_price=0.1"
            #expect(
                scripted.seen.map(\.line) == [
                    "GET collections?limit=100", "GET nfts/search?offset=0" + rest,
                    "GET nfts/search?offset=50" + rest,
                ])
            #expect(
                scripted.seen.allSatisfy {
                    $0.headers["authorization"]?.hasPrefix("tma query_id=AAHq&user=") == true
                })
            filter.collections = ["No Such"]
            await #expect(
                throws: MarketplaceError.invalid(
                    market: "portals", problem: "there is no collection of a name in the filter")
            ) { try await scripted.market.listings(filter, at: nil) }
        }
    }

    @Test func `listings, by collection names`() async throws {
        try await ScriptedMarket.with(
            .portals, ["GET nfts/search": #"{"results":[]}"#],
            configure: { $0.portals { $0.collectionFilter = .names } }
        ) { scripted in
            var filter = ListingFilter()
            filter.collections = ["Toy Bear", "Plush Pepe"]
            let page = try await scripted.market.listings(filter, at: nil)
            #expect(page.items.isEmpty)
            #expect(
                scripted.seen[0].target.hasSuffix(
                    "&filter_by_collections=Toy%20Bear%2CPlush%20Pepe"))
            filter.models = ["a,b"]
            await #expect(throws: MarketplaceError.self) {
                try await scripted.market.listings(filter, at: nil)
            }
            #expect(scripted.seen.count == 1)
        }
    }

    @Test func `balance`() async throws {
        let answer = #"{"balance":"12.345678901","frozen_funds":"0.5"}"#
        try await ScriptedMarket.with(.portals, ["GET users/wallets/": answer]) { scripted in
            let balance = try await scripted.market.balance()
            #expect(
                balance
                    == MarketBalance(
                        available: nanotons(12_345_678_901), frozen: nanotons(500_000_000)))
        }
    }

    @Test(arguments: [
        (#"{"id":"d9c1"}"#, "d9c1"), (#""d9c1""#, "d9c1"),
        (#"{"id":"d9c1","address":"WALLET","comment":"other","amount":null}"#, "other"),
    ])
    func `deposit target, however it is told`(answer: String, comment: String) async throws {
        let answers = [
            "POST deposits": answer.replacing("WALLET", with: Self.wallet),
            "GET market/config": #"{"deposit_wallet":"\#(Self.wallet)"}"#,
        ]
        try await ScriptedMarket.with(.portals, answers) { scripted in
            let target = try await scripted.market.depositTarget()
            #expect(target.address.address == MarketBench.wallet && target.comment == comment)
            #expect(target.id == MarketDepositID("d9c1"))
            #expect(scripted.seen[0].body == "")
        }
    }

    @Test(arguments: [
        (
            #"{"statuses":[{"id":"d9c1","status":"completed","amount":"1.5","created_at":"x"}]}"#,
            DepositProgress.credited(nanotons(1_500_000_000))
        ),
        (#"{"statuses":[{"id":"d9c1","status":"pending","amount":"1.5"}]}"#, .waiting),
        (
            #"[{"id":"d9c1","status":"completed","amount":1.5}]"#,
            .credited(nanotons(1_500_000_000))
        ),
        (
            #"{"deposits":[{"id":"d9c1","status":"completed","amount":"0"}]}"#,
            .credited(nanotons(0))
        ),
        (#"{"results":[]}"#, .waiting),
    ])
    func `deposit progress, under whichever key`(
        answer: String, progress: DepositProgress
    ) async throws {
        try await ScriptedMarket.with(.portals, ["GET deposits/statuses": answer]) { scripted in
            let address = try WrittenTONAddress(Self.wallet, on: .mainnet)
            let target = DepositTarget(
                address: address, comment: "d9c1", id: MarketDepositID("d9c1"))
            let told = try await scripted.market.depositProgress(of: target)
            #expect(told == progress)
            #expect(scripted.seen[0].line == "GET deposits/statuses?ids=d9c1")
        }
    }

    @Test func `withdrawal and its status`() async throws {
        let answers = [
            "POST users/wallets/withdraw": #"{"id":"w-1"}"#,
            "GET users/wallets/withdrawals/statuses": """
            {"statuses":[{"id":"w-1","status":"pending","amount":"1.5","external_address":"\(Self.wallet)","created_at":"x"},
            {"id":"w-2","status":"completed","amount":"1"},{"id":"w-3","status":"Failed","amount":"1"},
            {"id":"w-4","status":"on_hold","amount":"1"},{"id":"w-5","status":"<script>","amount":"1"}]}
            """,
        ]
        try await ScriptedMarket.with(.portals, answers) { scripted in
            let receipt = try await scripted.market.withdraw(
                nanotons(1_500_000_000), to: MarketBench.wallet)
            #expect(receipt == WithdrawReceipt(.accepted, remoteID: MarketWithdrawalID("w-1")))
            #expect(
                scripted.seen[0].body == #"{"amount":"1.5","external_address":"\#(Self.wallet)"}"#)
            let expected: [(String, WithdrawalStatus?)] = [
                ("w-1", .pending), ("w-2", .completed), ("w-3", .failed),
                ("w-4", .other("on_hold")), ("w-5", .other("unspecified")), ("w-6", nil),
            ]
            for (id, status) in expected {
                let told = try await scripted.market.withdrawalStatus(of: MarketWithdrawalID(id))
                #expect(told == status)
            }
        }
    }

    @Test(
        arguments: [
            (#"{"status":"success"}"#, WithdrawReceipt.State.accepted, nil),
            (#"{"status":"completed","message":"x"}"#, .accepted, nil),
            (#"{"status":"failed","message":"too little"}"#, .rejected, "too little"),
            (#"{"status":"whatever"}"#, .unknown, nil), ("[]", .unknown, nil),
        ] as [(String, WithdrawReceipt.State, String?)])
    func `withdrawal as a payout`(
        answer: String, state: WithdrawReceipt.State, message: String?
    ) async throws {
        try await ScriptedMarket.with(
            .portals, ["POST payouts": answer],
            configure: { $0.portals { $0.withdrawForm = .payouts } }
        ) { scripted in
            let receipt = try await scripted.market.withdraw(
                nanotons(500_000_000), to: MarketBench.wallet)
            #expect(receipt.state == state && receipt.remoteID == nil)
            if state == .rejected { #expect(receipt.message == message) }
            #expect(
                scripted.seen[0].body == #"{"amount":"0.5","wallet":"\#(Self.wallet)"}"#)
            await #expect(
                throws: MarketplaceError.unsupported(market: "portals", call: "withdrawals")
            ) { try await scripted.market.withdrawalStatus(of: MarketWithdrawalID("1")) }
        }
    }

    @Test func `purchase, made and refused`() async throws {
        let refused = """
            {"total_requested":1,"total_purchased":0,"total_failed":1,"total_spent":"0",
             "purchase_results":[{"id":"\(Self.id)","status":"failed","reason":"INSUFFICIENT_BALANCE","price":"44",
               "error_message":"Insufficient balance to purchase this NFT"}]}
            """
        try await ScriptedMarket.with(.portals, ["POST nfts": refused]) { scripted in
            let outcome = try await scripted.market.buy(Self.id, for: nanotons(44_000_000_000))
            #expect(outcome == .refused("INSUFFICIENT_BALANCE"))
            #expect(
                scripted.seen[0].body == #"{"nft_details":[{"id":"\#(Self.id)","price":"44"}]}"#)
        }
        let made = #"{"purchase_results":[{"id":"\#(Self.id)","status":"success"}]}"#
        try await ScriptedMarket.with(.portals, ["POST nfts": made]) { scripted in
            let outcome = try await scripted.market.buy(Self.id, for: nanotons(1))
            #expect(outcome == .bought)
        }
    }

    @Test func `own items, the listed ones and the others`() async throws {
        try await ScriptedMarket.with(
            .portals, ["GET nfts/owned": #"{"nfts":[\#(Self.row)]}"#]
        ) { scripted in
            let listed = try await scripted.market.ownItems(at: nil)
            #expect(
                listed.items == [OwnItem(gift: Self.gift, listedFor: nanotons(44_000_000_000))])
            let others = try await scripted.market.ownItems(at: listed.next)
            #expect(others.items == [OwnItem(gift: Self.gift)] && others.next == nil)
            #expect(
                scripted.seen.map(\.line) == [
                    "GET nfts/owned?offset=0&limit=50&status=listed",
                    "GET nfts/owned?offset=0&limit=50&status=unlisted",
                ])
        }
    }
}
