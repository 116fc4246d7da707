// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// `auction.*` through the real program and the real client.
@Suite struct AuctionMethodTests {
    @Test func `a step is rounded up, and the commission down`() async throws {
        let bench = try await SaleBench()
        let (bob, carol) = (bench.bob, bench.carol)
        let id = try await bench.openAuction(lasting: 4_000).auctionId
        let first = try await bench.client.auction.bid(
            accountId: bob, auctionId: id, amount: Sample.amount(1_005))
        // A tenth of 1,005 are 100.5.
        #expect(first.auction.minimumBid == Sample.amount(1_106))
        #expect(try await bench.money(bob) == [-1_005, 1_005])
        _ = try await bench.client.auction.bid(
            accountId: carol, auctionId: id, amount: Sample.amount(2_019))
        #expect(try await bench.money(bob) == [0, 0])
        let sold = try #require(try await bench.steps(of: id).result)
        #expect(sold == (try await bench.client.auction.get(auctionId: id).auction))
        #expect(sold.state == .sold)
        #expect(sold.bidCount == 2)
        // Five percent of 2,019 are 100.95.
        #expect(sold.commission == Sample.amount(100))
        #expect(sold.minimumBid == nil)
        #expect(try await bench.money(bench.alice) == [1_919, 0])
        #expect(try await bench.money(carol) == [-2_019, 0])
        let entries = try await bench.client.account.entries(accountId: carol).entries
        #expect(entries.map(\.kind) == [.capture, .hold, .credit])
        #expect(entries.dropLast().allSatisfy { $0.reference == "auction/\(id)" })
        await expectRefusal(.auctionEnded) {
            _ = try await bench.client.auction.bid(
                accountId: bob, auctionId: id, amount: Sample.amount(9_999))
        }
        await bench.client.shutDown()
    }

    @Test func `an auction without bids ends unsold, and one that is cancelled gives the bid back`()
        async throws
    {
        let bench = try await SaleBench()
        let unsold = try await bench.steps(of: bench.openAuction(lasting: 1_500).auctionId)
        #expect(unsold.events.map(\.step) == [.opened, .unsold])
        #expect(unsold.result?.state == .unsold)
        #expect(unsold.result?.commission == nil)

        let id = try await bench.openAuction().auctionId
        _ = try await bench.client.auction.bid(
            accountId: bench.bob, auctionId: id, amount: Sample.amount(1_000))
        await expectRefusal(.hasBids) {
            _ = try await bench.client.auction.cancel(accountId: bench.alice, auctionId: id)
        }
        await expectRefusal(.notSeller) {
            _ = try await bench.client.auction.cancel(
                accountId: bench.bob, auctionId: id, releaseBid: true)
        }
        let cancelled = try await bench.client.auction.cancel(
            accountId: bench.alice, auctionId: id, releaseBid: true)
        #expect(cancelled.auction.state == .cancelled)
        #expect(cancelled.sequence == 3)
        #expect(try await bench.money(bench.bob) == [0, 0])
        let refusal = await expectRefusal(.auctionEnded) {
            _ = try await bench.client.auction.cancel(
                accountId: bench.alice, auctionId: id, releaseBid: true)
        }
        #expect(refusal?.details["state"] == "CANCELLED")
        await bench.client.shutDown()
    }

    @Test func `each refusal of a bid has its reason and changes nothing`() async throws {
        let bench = try await SaleBench()
        let client = bench.client
        let id = try await bench.openAuction().auctionId
        let presale = try await bench.openPresale().presaleId
        func bid(_ account: AccountID, _ nanotons: Int64, on auction: DealID) async throws {
            _ = try await client.auction.bid(
                accountId: account, auctionId: auction, amount: Sample.amount(nanotons),
                idempotencyKey: Sample.key("bid"))
        }
        let low = await expectRefusal(.bidTooLow) { try await bid(bench.bob, 999, on: id) }
        #expect(low?.fields.map(\.path) == ["amount"])
        #expect(low?.details["minimumBid"] == "1000")
        await expectRefusal(.bidTooLow) { try await bid(bench.bob, 0, on: id) }
        await expectRefusal(.ownSale) { try await bid(bench.alice, 1_000, on: id) }
        await expectRefusal(.accountNotFound) {
            try await bid(Sample.account("nobody"), 1_000, on: id)
        }
        await expectRefusal(.insufficientFunds) {
            try await bid(bench.bob, SaleBench.funds + 1, on: id)
        }
        await expectRefusal(.auctionNotFound) { try await bid(bench.bob, 1_000, on: presale) }
        let unknown = try #require(DealID("019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6072"))
        await expectRefusal(.auctionNotFound) { try await bid(bench.bob, 1_000, on: unknown) }
        await expectRefusal(.auctionNotFound) {
            _ = try await client.auction.get(auctionId: presale)
        }
        await expectRefusal(.auctionNotFound) { _ = try await bench.steps(of: presale) }
        #expect(try await client.auction.get(auctionId: id).auction.bidCount == 0)
        // None of them has used the key up.
        try await bid(bench.bob, SaleBench.funds, on: id)
        #expect(try await bench.money(bench.bob) == [-SaleBench.funds, SaleBench.funds])
        let next = await expectRefusal(.bidTooLow) {
            _ = try await client.auction.bid(
                accountId: bench.carol, auctionId: id, amount: Sample.amount(SaleBench.funds))
        }
        #expect(next?.details["minimumBid"] == "11000000000")
        // Whoever raises his own bid needs the difference only.
        _ = try await client.account.credit(
            accountId: bench.bob, amount: Sample.amount(1_000_000_000))
        _ = try await client.auction.bid(
            accountId: bench.bob, auctionId: id, amount: Sample.amount(11_000_000_000))
        await client.shutDown()
    }

    @Test func `a key executes once, and stands for its params`() async throws {
        let bench = try await SaleBench()
        let client = bench.client
        let endsAt = SaleBench.after(SaleBench.hour)
        func open(_ item: String = "gift", step: Int = 1, startBid: Int64 = 1) async throws
            -> AuctionOpenResult
        {
            try await client.auction.open(
                accountId: bench.alice, item: item, startBid: Sample.amount(startBid),
                stepBasisPoints: step, endsAt: endsAt, idempotencyKey: Sample.key("k"))
        }
        let first = try await open()
        let id = first.auction.auctionId
        let again = try await open()
        #expect(!first.replayed)
        #expect(again.replayed)
        #expect(again.auction == first.auction)
        #expect(again.firstSeenAt == first.firstSeenAt)
        let reused = await expectRefusal(.keyReused) { _ = try await open("another", step: 2) }
        #expect(Set(reused?.fields.map(\.path) ?? []) == ["item", "stepBasisPoints"])

        func bid(_ nanotons: Int64) async throws -> AuctionBidResult {
            try await client.auction.bid(
                accountId: bench.bob, auctionId: id, amount: Sample.amount(nanotons),
                idempotencyKey: Sample.key("k"))
        }
        #expect(try await bid(10).sequence == 2)
        _ = try await client.auction.bid(
            accountId: bench.carol, auctionId: id, amount: Sample.amount(20))
        let replayed = try await bid(10)
        // The step that was made then, and the auction as it is now.
        #expect(replayed.replayed)
        #expect(replayed.sequence == 2)
        #expect(replayed.auction.highestBidderId == bench.carol)
        #expect(try await bench.money(bench.bob) == [0, 0])
        let other = await expectRefusal(.keyReused) { _ = try await bid(11) }
        #expect(other?.fields.map(\.path) == ["amount"])

        func cancel(_ releaseBid: Bool?) async throws -> AuctionCancelResult {
            try await client.auction.cancel(
                accountId: bench.alice, auctionId: id, releaseBid: releaseBid,
                idempotencyKey: Sample.key("k"))
        }
        #expect(try await cancel(true).sequence == 4)
        #expect(try await cancel(true).replayed)
        await expectRefusal(.keyReused) { _ = try await cancel(nil) }
        #expect(try await open().auction.state == .cancelled)
        await client.shutDown()
    }

    @Test func `the header is the same key as the param`() throws {
        let server = try TellerProcess(settings: ["withdraw.requireKey=true"])
        func open(_ header: [String]) throws -> JSONValue {
            let answer = try server.post(
                """
                {"jsonrpc":"2.0","id":1,"method":"auction.open","params":{"accountId":"alice",\
                "item":"gift","startBid":"1","stepBasisPoints":1,\
                "endsAt":"\(Self.end)"}}
                """, header)
            return try JSONValue.parse(Array(answer.body.utf8))
        }
        let without = try open([])
        #expect(without["error"]?["data"]?["reason"]?.string == "KEY_REQUIRED")
        let first = try open(["-H", "idempotency-key: k-1"])
        let again = try open(["-H", "idempotency-key: k-1"])
        #expect(first["result"]?["replayed"]?.bool == false, "\(first)")
        #expect(again["result"]?["replayed"]?.bool == true)
        #expect(
            again["result"]?["auction"]?["auctionId"]
                == first["result"]?["auction"]?["auctionId"])
    }

    /// One moment for calls that must be equal.
    private static let end = SaleBench.after(SaleBench.hour)

    @Test func `a watcher sees each step in order, and resumes by its cursor`() async throws {
        let bench = try await SaleBench(.postgres)
        let other = try await SaleBench(.postgres, sharing: bench)
        let id = try await bench.openAuction().auctionId
        let isSeen = Shared(false)
        let watcher = Task { [client = other.client] in
            var events: [AuctionEvent] = []
            let watch = client.auction.watch(
                auctionId: id, options: CallOptions(deadline: .seconds(60)))
            for try await event in watch {
                events.append(event)
                isSeen.withLock { $0 = true }
            }
            return events
        }
        #expect(try await eventually { isSeen.withLock { $0 } })
        var amount: Int64 = 1_000
        for number in 0..<120 {
            // Through either instance: one gives a signal, the other is found by looking.
            let bidder = number % 2 == 0 ? bench : other
            _ = try await bidder.client.auction.bid(
                accountId: number % 3 == 0 ? bench.bob : bench.carol, auctionId: id,
                amount: Sample.amount(amount))
            amount += amount / 10 + 1
        }
        _ = try await bench.client.auction.cancel(
            accountId: bench.alice, auctionId: id, releaseBid: true)
        let events = try await watcher.value
        #expect(events.map(\.step) == [.opened] + Array(repeating: .bid, count: 120) + [.cancelled])
        let amounts = events.compactMap(\.amount)
        #expect(amounts.count == 120)
        #expect(amounts == amounts.sorted())
        #expect(events[1].bidderId == bench.bob)
        for position in [0, 60, 119, 121] {
            let rest = try await bench.steps(of: id, after: events[position].cursor)
            #expect(rest.events.map(\.cursor) == events[(position + 1)...].map(\.cursor))
            #expect(rest.result?.state == .cancelled)
        }
        let another = try await bench.openAuction().auctionId
        await expectRefusal(.cursorInvalid) {
            _ = try await bench.steps(of: another, after: events[0].cursor)
        }
        await bench.client.shutDown()
        await other.client.shutDown()
    }

    @Test func `wrong params name their path`() async throws {
        let bench = try await SaleBench()
        let cases: [(path: String, params: String)] = [
            ("item", #""item":"","startBid":"1","stepBasisPoints":1,"endsAt":"\#(Self.end)""#),
            (
                "item",
                #""item":"\#(String(repeating: "x", count: 129))","startBid":"1","stepBasisPoints":1,"#
                    + #""endsAt":"\#(Self.end)""#
            ),
            ("startBid", #""item":"x","startBid":1,"stepBasisPoints":1,"endsAt":"\#(Self.end)""#),
            (
                "stepBasisPoints",
                #""item":"x","startBid":"1","stepBasisPoints":0,"endsAt":"\#(Self.end)""#
            ),
            (
                "stepBasisPoints",
                #""item":"x","startBid":"1","stepBasisPoints":10001,"endsAt":"\#(Self.end)""#
            ),
            ("endsAt", #""item":"x","startBid":"1","stepBasisPoints":1,"endsAt":"tomorrow""#),
            (
                "surprise",
                #""item":"x","startBid":"1","stepBasisPoints":1,"endsAt":"\#(Self.end)","surprise":1"#
            ),
        ]
        for (path, params) in cases {
            let answer = try bench.server.post(
                #"{"jsonrpc":"2.0","id":1,"method":"auction.open","params":{"accountId":"alice",\#(params)}}"#
            )
            let data = try JSONValue.parse(Array(answer.body.utf8))["error"]?["data"]
            #expect(data?["reason"]?.string == "INVALID_PARAMS", "\(path): \(answer.body)")
            #expect(data?["fields"]?.elements?.compactMap { $0["path"]?.string } == [path])
        }
        // The end is judged by the store's clock.
        for milliseconds in [-1_000, 91 * 24 * SaleBench.hour] {
            let refusal = await expectRefusal(.invalidParams) {
                _ = try await bench.openAuction(lasting: milliseconds)
            }
            #expect(refusal?.fields.map(\.path) == ["endsAt"])
        }
        for startBid: Int64 in [0, 1_000_000_000_000_001] {
            let refusal = await expectRefusal(.amountOutOfRange) {
                _ = try await bench.client.auction.open(
                    accountId: bench.alice, item: "x", startBid: Sample.amount(startBid),
                    stepBasisPoints: 1, endsAt: Self.end)
            }
            #expect(refusal?.fields.map(\.path) == ["startBid"])
        }
        await bench.client.shutDown()
    }

    @Test func `pages are complete, newest first, and filtered`() async throws {
        let bench = try await SaleBench()
        let client = bench.client
        var ids: [DealID] = []
        for _ in 0..<7 { ids.append(try await bench.openAuction().auctionId) }
        _ = try await bench.openPresale()
        _ = try await client.auction.open(
            accountId: bench.bob, item: "his", startBid: Sample.amount(1), stepBasisPoints: 1,
            endsAt: Self.end)
        _ = try await client.auction.cancel(accountId: bench.alice, auctionId: ids[3])
        var found: [DealID] = []
        var cursor: String?
        repeat {
            let page = try await client.auction.list(
                accountId: bench.alice, limit: 3, cursor: cursor)
            found += page.auctions.map(\.auctionId)
            cursor = page.nextCursor
            guard let cursor else { break }
            await expectRefusal(.cursorInvalid) {
                _ = try await client.auction.list(accountId: bench.bob, cursor: cursor)
            }
            await expectRefusal(.cursorInvalid) {
                _ = try await client.presale.list(accountId: bench.alice, cursor: cursor)
            }
        } while true
        #expect(found == ids.reversed())
        #expect(try await client.auction.list().auctions.count == 8)
        let cancelled = try await client.auction.list(state: .cancelled).auctions
        #expect(cancelled.map(\.auctionId) == [ids[3]])
        let nobody = try await client.auction.list(accountId: Sample.account("nobody"))
        #expect(nobody.auctions.isEmpty)
        await client.shutDown()
    }
}
