// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// `presale.*` through the real program and the real client.
@Suite struct PresaleMethodTests {
    @Test func `shares are rounded down, and entries name their presale`() async throws {
        let bench = try await SaleBench()
        let (client, alice, bob) = (bench.client, bench.alice, bench.bob)
        let deliverBy = SaleBench.after(SaleBench.hour)
        let opened = try await client.presale.open(
            accountId: alice, item: "gift-2", price: Sample.amount(1_000_099), deliverBy: deliverBy)
        let id = opened.presale.presaleId
        #expect(opened.presale.state == .open)
        #expect(opened.presale.collateral == Sample.amount(200_019))
        #expect(opened.presale.compensation == Sample.amount(100_009))
        #expect(opened.presale.commissionBasisPoints == 100)
        #expect(opened.presale.deliverBy == deliverBy)
        #expect(opened.presale.overdueAt == deliverBy.adding(milliseconds: 48 * SaleBench.hour))
        #expect(try await bench.money(alice) == [-200_019, 200_019])

        let bought = try await client.presale.buy(
            accountId: bob, presaleId: id, price: Sample.amount(1_000_099))
        #expect(bought.presale.state == .bought)
        #expect(bought.presale.buyerId == bob)
        #expect(bought.sequence == 2)
        #expect(try await bench.money(bob) == [-1_000_099, 1_000_099])

        let delivered = try await client.presale.deliver(accountId: alice, presaleId: id)
        #expect(delivered.presale.state == .delivered)
        #expect(delivered.presale.commission == Sample.amount(10_000))
        #expect(delivered.presale == (try await client.presale.get(presaleId: id).presale))
        #expect(try await bench.money(alice) == [990_099, 0])
        #expect(try await bench.money(bob) == [-1_000_099, 0])
        let entries = try await client.account.entries(accountId: alice).entries
        #expect(entries.map(\.kind) == [.release, .proceeds, .hold, .credit])
        #expect(entries.dropLast().allSatisfy { $0.reference == "presale/\(id)" })
        await client.shutDown()
    }

    @Test(arguments: ServerStore.allCases)
    func `what is not delivered in time is given back with a compensation`(
        kind: ServerStore
    ) async throws {
        let bench = try await SaleBench(kind, settings: ["presale.grace=500ms"])
        let (client, alice, bob) = (bench.client, bench.alice, bench.bob)
        let bought = try await bench.openPresale(lasting: 4_000).presaleId
        let expired = try await bench.openPresale(lasting: 4_000).presaleId
        _ = try await client.presale.buy(accountId: bob, presaleId: bought)
        #expect(try await bench.money(alice) == [-400_000, 400_000])
        func isIn(_ state: PresaleState, _ id: DealID) async throws -> Bool {
            try await client.presale.get(presaleId: id).presale.state == state
        }
        #expect(try await eventually(within: 20) { try await isIn(.expired, expired) })
        #expect(try await eventually(within: 20) { try await isIn(.overdue, bought) })
        #expect(try await bench.money(alice) == [-100_000, 0])
        #expect(try await bench.money(bob) == [100_000, 0])
        let entries = try await client.account.entries(accountId: bob).entries
        #expect(entries.map(\.kind) == [.compensation, .release, .hold, .credit])
        for (id, state) in [(bought, "OVERDUE"), (expired, "EXPIRED")] {
            let refusal = await expectRefusal(.presaleEnded) {
                _ = try await client.presale.deliver(accountId: alice, presaleId: id)
            }
            #expect(refusal?.details["state"] == state)
        }
        await client.shutDown()
    }

    @Test func `each refusal has its reason and changes nothing`() async throws {
        let bench = try await SaleBench()
        let (client, alice, bob, carol) = (bench.client, bench.alice, bench.bob, bench.carol)
        let id = try await bench.openPresale().presaleId
        let auction = try await bench.openAuction().auctionId
        func buy(
            _ account: AccountID, _ presale: DealID, price: Int64? = nil
        ) async throws {
            _ = try await client.presale.buy(
                accountId: account, presaleId: presale, price: price.map(Sample.amount))
        }
        await expectRefusal(.ownSale) { try await buy(alice, id) }
        let differs = await expectRefusal(.priceDiffers) {
            try await buy(bob, id, price: 999_999)
        }
        #expect(differs?.fields.map(\.path) == ["price"])
        #expect(differs?.details["price"] == "1000000")
        await expectRefusal(.accountNotFound) { try await buy(Sample.account("nobody"), id) }
        await expectRefusal(.presaleNotFound) { try await buy(bob, auction) }
        await expectRefusal(.notBought) {
            _ = try await client.presale.deliver(accountId: alice, presaleId: id)
        }
        await expectRefusal(.notSeller) {
            _ = try await client.presale.cancel(accountId: bob, presaleId: id)
        }
        let dear = try await client.presale.open(
            accountId: alice, item: "dear", price: Sample.amount(SaleBench.funds + 1),
            deliverBy: SaleBench.after(SaleBench.hour)
        ).presale.presaleId
        await expectRefusal(.insufficientFunds) { try await buy(bob, dear) }
        await expectRefusal(.insufficientFunds) {
            _ = try await bench.openPresale(6 * SaleBench.funds)
        }
        await expectRefusal(.accountNotFound) {
            _ = try await client.presale.open(
                accountId: Sample.account("nobody"), item: "x", price: Sample.amount(1_000),
                deliverBy: SaleBench.after(SaleBench.hour))
        }
        #expect(try await bench.money(bob) == [0, 0])

        try await buy(bob, id, price: 1_000_000)
        await expectRefusal(.alreadyBought) { try await buy(carol, id) }
        await expectRefusal(.alreadyBought) {
            _ = try await client.presale.cancel(accountId: alice, presaleId: id)
        }
        await expectRefusal(.notSeller) {
            _ = try await client.presale.deliver(accountId: bob, presaleId: id)
        }
        let cancelled = try await client.presale.cancel(accountId: alice, presaleId: dear)
        #expect(cancelled.presale.state == .cancelled)
        await expectRefusal(.presaleEnded) { try await buy(bob, dear) }
        #expect(try await bench.money(alice) == [-200_000, 200_000])
        await client.shutDown()
    }

    @Test func `a key executes once, and stands for its params`() async throws {
        let bench = try await SaleBench()
        let client = bench.client
        let key = Sample.key("k")
        let deliverBy = SaleBench.after(SaleBench.hour)
        func open(_ price: Int64) async throws -> PresaleOpenResult {
            try await client.presale.open(
                accountId: bench.alice, item: "gift", price: Sample.amount(price),
                deliverBy: deliverBy, idempotencyKey: key)
        }
        let first = try await open(1_000)
        let id = first.presale.presaleId
        #expect(try await open(1_000).presale == first.presale)
        let reused = await expectRefusal(.keyReused) { _ = try await open(1_001) }
        #expect(reused?.fields.map(\.path) == ["price"])

        func buy(price: Int64? = nil) async throws -> PresaleBuyResult {
            try await client.presale.buy(
                accountId: bench.bob, presaleId: id, price: price.map(Sample.amount),
                idempotencyKey: key)
        }
        #expect(try await !buy().replayed)
        await expectRefusal(.keyReused) { _ = try await buy(price: 1_000) }
        func deliver() async throws -> PresaleDeliverResult {
            try await client.presale.deliver(
                accountId: bench.alice, presaleId: id, idempotencyKey: key)
        }
        #expect(try await deliver().sequence == 3)
        #expect(try await deliver().replayed)
        // The step of then, and the presale of now.
        let replayed = try await buy()
        #expect(replayed.replayed)
        #expect(replayed.sequence == 2)
        #expect(replayed.presale.state == .delivered)
        #expect(try await bench.money(bench.alice) == [990, 0])
        #expect(try await bench.money(bench.bob) == [-1_000, 0])
        // Without a key the same again is another call.
        await expectRefusal(.presaleEnded) {
            _ = try await client.presale.deliver(accountId: bench.alice, presaleId: id)
        }
        await client.shutDown()
    }

    @Test(arguments: ServerStore.allCases)
    func `a hundred buyers at once are one buyer`(kind: ServerStore) async throws {
        let bench = try await SaleBench(kind)
        let client = bench.client
        let id = try await bench.openPresale().presaleId
        let buyers = (0..<100).map { Sample.account("buyer-\($0)") }
        for buyer in buyers {
            _ = try await client.account.credit(
                accountId: buyer, amount: Sample.amount(1_000_000))
        }
        let reasons = await withTaskGroup(of: String?.self) { group in
            for buyer in buyers {
                group.addTask {
                    do {
                        _ = try await client.presale.buy(accountId: buyer, presaleId: id)
                        return nil
                    } catch TellerError.rpc(let refusal) {
                        return refusal.reason
                    } catch {
                        return "\(error)"
                    }
                }
            }
            return await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(reasons.count { $0 == nil } == 1)
        #expect(Set(reasons.compactMap { $0 }) == ["ALREADY_BOUGHT"])
        var held: Int64 = 0
        for buyer in buyers {
            held += try await client.account.get(accountId: buyer).account.held.rawValue
        }
        #expect(held == 1_000_000)
        await client.shutDown()
    }

    @Test func `another tenant sees and changes nothing, and scopes hold`() async throws {
        let bench = try await SaleBench()
        let presale = try await bench.openPresale().presaleId
        let auction = try await bench.openAuction().auctionId
        func client(_ name: String, _ extra: [String]) throws -> TellerClient {
            let made = try TellerProcess.command(
                ["token", "create", "--name", name, "--store", bench.server.store] + extra)
            let lines = made.output.split(separator: "\n").map(String.init)
            let token = try #require(lines.first { $0.hasPrefix("tlr_") }, "\(made.output)")
            let secret = try #require(BearerToken(token))
            return try bench.server.client { $0.token = secret }
        }
        let stranger = try client("stranger", ["--tenant", "other"])
        _ = try await stranger.account.credit(
            accountId: bench.bob, amount: Sample.amount(SaleBench.funds))
        await expectRefusal(.presaleNotFound) {
            _ = try await stranger.presale.get(presaleId: presale)
        }
        await expectRefusal(.presaleNotFound) {
            _ = try await stranger.presale.buy(accountId: bench.bob, presaleId: presale)
        }
        await expectRefusal(.presaleNotFound) {
            _ = try await stranger.presale.cancel(accountId: bench.alice, presaleId: presale)
        }
        await expectRefusal(.auctionNotFound) {
            _ = try await stranger.auction.bid(
                accountId: bench.bob, auctionId: auction, amount: Sample.amount(1_000))
        }
        await expectRefusal(.auctionNotFound) {
            for try await _ in stranger.auction.watch(auctionId: auction) {}
        }
        #expect(try await stranger.presale.list().presales.isEmpty)
        #expect(try await stranger.auction.list(accountId: bench.alice).auctions.isEmpty)

        let reader = try client("reader", ["--scopes", "auction:read,presale:read"])
        #expect(try await reader.presale.list().presales.count == 1)
        #expect(try await reader.auction.get(auctionId: auction).auction.state == .open)
        await expectRefusal(.permissionDenied) {
            _ = try await reader.presale.buy(accountId: bench.bob, presaleId: presale)
        }
        await expectRefusal(.permissionDenied) {
            _ = try await reader.auction.bid(
                accountId: bench.bob, auctionId: auction, amount: Sample.amount(1_000))
        }
        for client in [bench.client, stranger, reader] { await client.shutDown() }
    }

    @Test func `wrong params name their path`() async throws {
        let bench = try await SaleBench()
        for milliseconds in [-1_000, 91 * 24 * SaleBench.hour] {
            let refusal = await expectRefusal(.invalidParams) {
                _ = try await bench.openPresale(lasting: milliseconds)
            }
            #expect(refusal?.fields.map(\.path) == ["deliverBy"])
        }
        for price: Int64 in [0, 1_000_000_000_000_001] {
            let refusal = await expectRefusal(.amountOutOfRange) {
                _ = try await bench.openPresale(price)
            }
            #expect(refusal?.fields.map(\.path) == ["price"])
        }
        let answer = try bench.server.post(
            """
            {"jsonrpc":"2.0","id":1,"method":"presale.buy","params":\
            {"accountId":"bob","presaleId":"not-a-uuid"}}
            """)
        let data = try JSONValue.parse(Array(answer.body.utf8))["error"]?["data"]
        #expect(data?["reason"]?.string == "INVALID_PARAMS")
        #expect(data?["fields"]?.elements?.compactMap { $0["path"]?.string } == ["presaleId"])
        await bench.client.shutDown()
    }

    @Test(
        arguments: [
            ("presale.compensation=2001", "presale.compensation"),
            ("presale.collateral=10001", "presale.collateral"),
            ("auction.commission=-1", "auction.commission"),
            ("sales.amountMax=0", "sales.amountMax"), ("presale.grace=soon", "presale.grace"),
        ])
    func `rules that make no sense stop the start`(setting: String, word: String) throws {
        let outcome = try TellerProcess.command(["serve", "--set", setting])
        #expect(outcome.status == 78)
        #expect(outcome.output.contains(word), "\(outcome.output)")
    }

    @Test(arguments: ServerStore.allCases)
    func `what was set aside is listed, and settled when it is taken up`(
        kind: ServerStore
    ) async throws {
        let bench = try await SaleBench(kind)
        let id = try await bench.openAuction(lasting: 3_000).auctionId
        func command(_ arguments: String...) throws -> TestProcess.Outcome {
            try TellerProcess.command(["sales"] + arguments + ["--store", bench.server.store])
        }
        let none = try command("set-aside")
        #expect(none.status == 0)
        #expect(none.output.isEmpty)
        let early = try command("take-up", "\(id)")
        #expect(early.status == 1)
        #expect(early.output.contains("not set aside"))
        #expect(try command("take-up", "7").status == 64)

        // As a worker would leave it.
        let statement = "UPDATE deals SET set_aside = 'broken' WHERE item = 'gift-1'"
        switch kind {
        case .sqlite:
            try TestProcess.runChecked([
                "sqlite3", "-cmd", ".timeout 10000",
                String(bench.server.store.dropFirst("sqlite:".count)), statement,
            ])
        case .postgres: try SharedCluster.get().sql(statement, in: bench.server.store)
        }
        let listed = try command("set-aside")
        #expect(listed.output.contains("\(id)  auction OPEN"), "\(listed.output)")
        #expect(listed.output.contains("broken"))
        #expect(try await bench.client.auction.get(auctionId: id).auction.setAside == "broken")
        try await Task.sleep(for: .seconds(3))
        #expect(try await bench.client.auction.get(auctionId: id).auction.state == .open)
        let taken = try command("take-up", "\(id)")
        #expect(taken.status == 0, "\(taken.output)")
        #expect(
            try await eventually {
                try await bench.client.auction.get(auctionId: id).auction.state == .unsold
            })
        await bench.client.shutDown()
    }
}
