// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// Auctions and presales through the real program and the real client, settled by its workers.
@Suite struct SaleMethodTests {
    private let alice = Sample.account("alice")
    private let bob = Sample.account("bob")
    private let carol = Sample.account("carol")

    private func soon(_ milliseconds: Int64) -> Timestamp {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000) + milliseconds)
    }

    private func withMoney(_ client: TellerClient) async throws {
        for account in [alice, bob, carol] {
            _ = try await client.account.credit(
                accountId: account, amount: Sample.amount(1_000_000))
        }
    }

    private func money(_ account: AccountID, _ client: TellerClient) async throws -> [Int64] {
        let account = try await client.account.get(accountId: account).account
        return [account.available.rawValue, account.held.rawValue]
    }

    private func reason(
        _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) async -> ErrorReason? {
        do {
            try await body()
            Issue.record("it was not refused", sourceLocation: sourceLocation)
            return nil
        } catch TellerError.rpc(let error) {
            return ErrorReason(rawValue: error.reason)
        } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
            return nil
        }
    }

    @Test(arguments: ServerStore.allCases)
    func `an auction is watched to its end, and settled when it comes`(
        kind: ServerStore
    ) async throws {
        let server = try TellerProcess(kind)
        let client = try server.client()
        try await withMoney(client)
        let opened = try await client.auction.open(
            accountId: alice, item: "gift-1", startBid: Sample.amount(1_000),
            stepBasisPoints: 1_000, endsAt: soon(6_000), idempotencyKey: Sample.key("a-1"))
        let id = opened.auction.auctionId
        #expect(!opened.replayed && opened.sequence == 1 && opened.auction.state == .open)
        #expect(opened.auction.commissionBasisPoints == 500)
        let events = client.auction.watch(auctionId: id)
        let watcher = Task {
            var steps: [AuctionStep] = []
            for try await event in events { steps.append(event.step) }
            return steps
        }
        for (bidder, amount) in [(bob, Int64(1_000)), (carol, 1_100), (bob, 5_000)] {
            let bid = try await client.auction.bid(
                accountId: bidder, auctionId: id, amount: Sample.amount(amount))
            #expect(bid.auction.highestBidderId == bidder)
        }
        #expect(try await money(carol, client) == [1_000_000, 0])
        #expect(try await money(bob, client) == [995_000, 5_000])
        // What has been seen is not told again.
        let all = try await watcher.value
        #expect(Array(all.suffix(4)) == [.bid, .bid, .bid, .sold], "\(all)")
        let sold = try #require(events.result?.auction)
        #expect(sold.state == .sold && sold.commission == Sample.amount(250))
        #expect(try await money(alice, client) == [1_004_750, 0])
        #expect(try await money(bob, client) == [995_000, 0])
        let kinds = try await client.account.entries(accountId: alice).entries.map(\.kind)
        #expect(kinds == [.proceeds, .credit])
        let replayed = try await client.auction.open(
            accountId: alice, item: "gift-1", startBid: Sample.amount(1_000),
            stepBasisPoints: 1_000, endsAt: opened.auction.endsAt,
            idempotencyKey: Sample.key("a-1"))
        #expect(replayed.replayed && replayed.sequence == 1 && replayed.auction == sold)
        let status = try await client.task.status(task: "auctions-checker").task
        #expect(status.state == .running && status.progress?.contains("settled 1") == true)
        await client.shutDown()
    }

    @Test(arguments: ServerStore.allCases)
    func `a presale is delivered, and another is overdue`(kind: ServerStore) async throws {
        let server = try TellerProcess(kind, settings: ["presale.grace=2s"])
        let client = try server.client()
        try await withMoney(client)
        var ids: [DealID] = []
        for item in ["gift-1", "gift-2"] {
            let opened = try await client.presale.open(
                accountId: alice, item: item, price: Sample.amount(10_000), deliverBy: soon(4_000))
            ids.append(opened.presale.presaleId)
            #expect(opened.presale.collateral == Sample.amount(2_000))
            let bought = try await client.presale.buy(
                accountId: bob, presaleId: opened.presale.presaleId,
                price: Sample.amount(10_000))
            #expect(bought.presale.state == .bought && bought.presale.buyerId == bob)
        }
        #expect(try await money(alice, client) == [996_000, 4_000])
        let delivered = try await client.presale.deliver(accountId: alice, presaleId: ids[0])
        #expect(delivered.presale.state == .delivered)
        #expect(delivered.presale.commission == Sample.amount(100))
        for _ in 0..<200 {
            if try await client.presale.get(presaleId: ids[1]).presale.state == .overdue { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await client.presale.get(presaleId: ids[1]).presale.state == .overdue)
        // 9,900 of the first, and a compensation of 1,000 for the second.
        #expect(try await money(alice, client) == [1_008_900, 0])
        #expect(try await money(bob, client) == [991_000, 0])
        let list = try await client.presale.list(state: .overdue).presales
        #expect(list.map(\.presaleId) == [ids[1]])
        await client.shutDown()
    }

    @Test func `calls are refused with the contract's reasons`() async throws {
        let server = try TellerProcess()
        let client = try server.client()
        try await withMoney(client)
        let auction = try await client.auction.open(
            accountId: alice, item: "gift", startBid: Sample.amount(100), stepBasisPoints: 500,
            endsAt: soon(3_600_000)
        ).auction.auctionId
        let presale = try await client.presale.open(
            accountId: alice, item: "gift", price: Sample.amount(100), deliverBy: soon(3_600_000)
        ).presale.presaleId
        func bid(_ who: AccountID, _ amount: Int64, on id: DealID) async -> ErrorReason? {
            await reason {
                _ = try await client.auction.bid(
                    accountId: who, auctionId: id, amount: Sample.amount(amount))
            }
        }
        #expect(await bid(bob, 99, on: auction) == .bidTooLow)
        #expect(await bid(alice, 100, on: auction) == .ownSale)
        #expect(await bid(bob, 1_000_001, on: auction) == .insufficientFunds)
        #expect(await bid(Sample.account("nobody"), 100, on: auction) == .accountNotFound)
        #expect(await bid(bob, 100, on: presale) == .auctionNotFound)
        _ = try await client.auction.bid(
            accountId: bob, auctionId: auction, amount: Sample.amount(100))
        #expect(
            await reason {
                _ = try await client.auction.cancel(accountId: alice, auctionId: auction)
            } == .hasBids)
        #expect(
            await reason {
                _ = try await client.auction.cancel(
                    accountId: bob, auctionId: auction, releaseBid: true)
            } == .notSeller)
        #expect(
            await reason {
                _ = try await client.presale.deliver(accountId: alice, presaleId: presale)
            } == .notBought)
        #expect(
            await reason {
                _ = try await client.presale.buy(
                    accountId: bob, presaleId: presale, price: Sample.amount(99))
            } == .priceDiffers)
        #expect(
            await reason {
                _ = try await client.presale.open(
                    accountId: alice, item: "gift", price: .zero, deliverBy: soon(1_000_000))
            } == .amountOutOfRange)
        #expect(
            await reason {
                _ = try await client.auction.open(
                    accountId: alice, item: "gift", startBid: Sample.amount(1),
                    stepBasisPoints: 1, endsAt: soon(-1_000))
            } == .invalidParams)
        let cancelled = try await client.auction.cancel(
            accountId: alice, auctionId: auction, releaseBid: true)
        #expect(cancelled.auction.state == .cancelled)
        #expect(await bid(carol, 1_000, on: auction) == .auctionEnded)
        #expect(try await money(bob, client) == [1_000_000, 0])
        await client.shutDown()
    }

    @Test func `lists go on where the page before ended`() async throws {
        let server = try TellerProcess()
        let client = try server.client()
        var ids: [DealID] = []
        for number in 0..<5 {
            let opened = try await client.auction.open(
                accountId: alice, item: "gift-\(number)", startBid: Sample.amount(1),
                stepBasisPoints: 1, endsAt: soon(3_600_000))
            ids.insert(opened.auction.auctionId, at: 0)
        }
        var found: [DealID] = []
        var cursor: String?
        repeat {
            let page = try await client.auction.list(accountId: alice, limit: 2, cursor: cursor)
            found += page.auctions.map(\.auctionId)
            cursor = page.nextCursor
        } while cursor != nil
        #expect(found == ids)
        #expect(try await client.auction.list(accountId: bob).auctions.isEmpty)
        #expect(
            await reason { _ = try await client.auction.list(cursor: "nonsense") }
                == .cursorInvalid)
        await client.shutDown()
    }
}
