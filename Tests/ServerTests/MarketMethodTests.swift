// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// `market.*` through the real program, before marketplaces that keep count of what they carry out.
@Suite(.serialized) struct MarketMethodTests {
    private static let user: Int64 = 777
    private static let initData =
        "query_id=AAHq&user=%7B%22id%22%3A777%7D&auth_date=1700000000&hash=SECRET1&signature=SECRET2"
    private let alice = Sample.account("alice")

    /// The settings of accounts at all three.
    private static func settings(_ stub: MarketStub, _ more: [String] = []) -> [String] {
        var settings = more
        for market in MarketStub.Market.allCases {
            let prefix = "markets.\(market.rawValue)."
            let urls = market == .tonnel ? ["readUrl", "writeUrl"] : ["url"]
            settings += urls.map { "\(prefix)\($0)=\(stub.url(market))" }
            settings += ["\(prefix)initData=\(initData)", "\(prefix)callInterval=0s"]
        }
        return settings + [
            "markets.tonnel.telegramUserId=\(user)", "markets.tonnel.passphrase=pass-SECRET-phrase",
        ]
    }

    private static func isState(
        _ state: MarketOrderState, _ id: MarketOperationID, _ client: TellerClient
    ) async throws -> Bool {
        try await eventually(within: 30) {
            try await client.market.operation(operationId: id).operation.state == state
        }
    }

    private static func firstListing(
        _ market: MarketStub.Market, _ client: TellerClient
    ) async throws -> MarketListing {
        let page = try await client.market.listings(market: market.rawValue)
        return try #require(page.listings.first)
    }

    // MARK: - Reading

    @Test func `what is configured is listed, and its secrets never show`() async throws {
        let stub = try MarketStub()
        let server = try TellerProcess(settings: Self.settings(stub))
        let client = try server.client()
        let markets = try await client.market.list().markets
        #expect(markets.map(\.market) == ["mrkt", "portals", "tonnel"])
        #expect(markets.map(\.kind) == [.mrkt, .portals, .tonnel])
        #expect(markets.allSatisfy { !$0.canWithdraw })
        #expect(markets.map(\.hasAuctions) == [false, false, true])
        #expect(markets.map(\.tellsWithdrawals) == [false, true, false])
        let upstreams = try await client.upstream.list().upstreams.map(\.name)
        #expect(Set(upstreams).isSuperset(of: ["mrkt", "portals", "tonnel", "tonnel-write"]))
        let tasks = try await client.task.list().tasks.map(\.name)
        #expect(Set(tasks).isSuperset(of: ["market-mrkt", "market-portals", "market-tonnel"]))
        try await stub.spoil(.portals, .unauthorized, path: "users/wallets", count: 20)
        await expect(.marketRefused) { _ = try await client.market.balance(market: "portals") }
        #expect(!server.log.contains("SECRET"))
        await client.shutDown()
    }

    @Test(arguments: MarketStub.Market.allCases)
    func `listings come page by page, each cursor with its own question`(
        market: MarketStub.Market
    ) async throws {
        let stub = try MarketStub()
        try await stub.list(115, for: 2_000_000_000, at: market)
        let server = try TellerProcess(settings: Self.settings(stub))
        let client = try server.client()
        let name = market.rawValue
        var (seen, pages): (Set<String>, Int) = ([], 0)
        var cursor: String?
        repeat {
            let page = try await client.market.listings(
                market: name, priceMin: Sample.amount(1), order: .priceAscending, cursor: cursor)
            #expect(page.listings.allSatisfy { $0.quotedPrice.rawValue == 2_000_000_000 })
            #expect(page.listings.allSatisfy { $0.price >= $0.quotedPrice })
            seen.formUnion(page.listings.map(\.itemId))
            cursor = page.nextCursor
            pages += 1
            if let cursor {
                await expect(.cursorInvalid) {
                    _ = try await client.market.listings(market: name, cursor: cursor)
                }
            }
        } while cursor != nil && pages < 20
        #expect(seen.count == 115)
        #expect(pages > 2)
        await expect(.cursorInvalid) {
            _ = try await client.market.listings(market: name, cursor: "TQ")
        }
        await expect(.invalidParams) {
            _ = try await client.market.listings(
                market: name, models: (0...64).map { "Model \($0)" })
        }
        await expect(.invalidParams) {
            _ = try await client.market.listings(
                market: name, priceMin: Sample.amount(2), priceMax: Sample.amount(1))
        }
        await client.shutDown()
    }

    @Test func `a balance is asked for, with where to pay`() async throws {
        let stub = try MarketStub()
        for market in MarketStub.Market.allCases {
            try await stub.setBalance(7_500_000_001, of: Self.user, at: market)
        }
        let server = try TellerProcess(settings: Self.settings(stub))
        let client = try server.client()
        for market in MarketStub.Market.allCases {
            let balance = try await client.market.balance(market: market.rawValue)
            #expect(balance.available.rawValue == 7_500_000_001)
            #expect(balance.deposit == nil)
        }
        let known = try await client.market.balance(market: "mrkt", withDepositTarget: true)
        let target = try #require(known.deposit)
        #expect(target.address.hasPrefix("UQ") && !target.comment.isEmpty)
        // No call of tonnel's tells its wallet, and none is configured.
        await expect(.marketUnsupported) {
            _ = try await client.market.balance(market: "tonnel", withDepositTarget: true)
        }
        await client.shutDown()
    }

    @Test func `initData is read anew once somebody has written it`() async throws {
        let stub = try MarketStub()
        let file = "/tmp/teller-init-data-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let server = try TellerProcess(settings: [
            "markets.portals.url=\(stub.url(.portals))", "markets.portals.initDataFile=\(file)",
            "markets.portals.callInterval=0s",
        ])
        let call = #"{"jsonrpc":"2.0","id":1,"method":"market.balance","params":"#
        let missing = try server.post(call + #"{"market":"portals"}}"#).body
        #expect(missing.contains(#""MARKET_UNAVAILABLE","retryable":true"#), "\(missing)")
        #expect(
            FileManager.default.createFile(
                atPath: file, contents: Data("\(Self.initData)\n".utf8),
                attributes: [.posixPermissions: 0o600]))
        let client = try server.client()
        #expect(
            try await eventually(within: 30) {
                try await client.market.balance(market: "portals").available == .zero
            }, "\(server.log)")
        await client.shutDown()
    }

    // MARK: - Buying

    @Test(arguments: MarketStub.Market.allCases)
    func `a gift is bought once, however often it is asked for`(
        market: MarketStub.Market
    ) async throws {
        let stub = try MarketStub()
        try await stub.list(3, for: 2_000_000_000, at: market)
        try await stub.setBalance(100_000_000_000, of: Self.user, at: market)
        let server = try TellerProcess(
            market == .mrkt ? .postgres : .sqlite, settings: Self.settings(stub))
        let client = try server.client()
        let name = market.rawValue
        let listing = try await Self.firstListing(market, client)
        let key = Sample.key("gift-1")
        func buy(_ price: Nanotons) async throws -> MarketBuyResult {
            try await client.market.buy(
                market: name, itemId: listing.itemId, price: price, idempotencyKey: key)
        }
        let first = try await buy(listing.quotedPrice)
        #expect(!first.replayed && first.operation.state == .pending)
        #expect(first.operation.action == .buy && first.operation.itemId == listing.itemId)
        let id = first.operation.operationId
        #expect(try await Self.isState(.done, id, client), "\(server.log)")
        let again = try await buy(listing.quotedPrice)
        #expect(again.replayed && again.operation.operationId == id)
        #expect(again.operation.state == .done && again.operation.sentAt != nil)
        await expect(.keyReused, fields: ["price"]) { _ = try await buy(Sample.amount(1)) }
        // What is sold can't be bought again; that is the marketplace's word.
        let second = try await client.market.buy(
            market: name, itemId: listing.itemId, price: listing.quotedPrice)
        #expect(try await Self.isState(.refused, second.operation.operationId, client))
        #expect(try await stub.state().sales.map(\.item) == [listing.itemId])
        await client.shutDown()
    }

    @Test func `a lost answer is unknown until the gift is found, and nothing is sent meanwhile`()
        async throws
    {
        let stub = try MarketStub()
        try await stub.list(2, for: 2_000_000_000, at: .mrkt)
        try await stub.setBalance(100_000_000_000, of: Self.user, at: .mrkt)
        let server = try TellerProcess(settings: Self.settings(stub))
        let client = try server.client()
        let page = try await client.market.listings(market: "mrkt").listings
        try await stub.spoil(.mrkt, .lostResponse, path: "gifts/buy")
        // As long as its own gifts can't be seen, nobody knows.
        try await stub.spoil(.mrkt, .errorStatus, path: "gifts", count: 1)
        var ids: [MarketOperationID] = []
        for listing in page {
            ids.append(
                try await client.market.buy(
                    market: "mrkt", itemId: listing.itemId, price: listing.quotedPrice
                ).operation.operationId)
        }
        #expect(try await Self.isState(.unknown, ids[0], client), "\(server.log)")
        #expect(try await client.market.operation(operationId: ids[1]).operation.state == .pending)
        #expect(try await Self.isState(.done, ids[0], client), "\(server.log)")
        #expect(try await Self.isState(.done, ids[1], client), "\(server.log)")
        #expect(try await stub.state().calls(of: .mrkt, "gifts/buy") == 2)
        #expect(try await stub.state().sales.count == 2)
        await client.shutDown()
    }

    /// Dies at once after the answer: the order is kept, and nothing has been sent or all is known.
    @Test func `an order survives the program's death`() async throws {
        let stub = try MarketStub()
        try await stub.list(1, for: 2_000_000_000, at: .portals)
        try await stub.setBalance(100_000_000_000, of: Self.user, at: .portals)
        let server = try TellerProcess(settings: Self.settings(stub))
        var client = try server.client()
        let listing = try await Self.firstListing(.portals, client)
        // The answer comes late, so that death finds the call under way.
        try await stub.spoil(.portals, .slow, path: "nfts", delay: .seconds(3))
        let id = try await client.market.buy(
            market: "portals", itemId: listing.itemId, price: listing.quotedPrice
        ).operation.operationId
        #expect(try await Self.isState(.sending, id, client), "\(server.log)")
        #expect(try await eventually { try await stub.state().sales.count == 1 })
        server.kill(SIGKILL)
        await client.shutDown()
        try server.start()
        client = try server.client()
        #expect(try await Self.isState(.done, id, client), "\(server.log)")
        #expect(try await stub.state().calls(of: .portals, "nfts") == 1)
        #expect(try await stub.state().sales.count == 1)
        await client.shutDown()
    }

    @Test func `an operator ends what nobody knows, once`() async throws {
        let stub = try MarketStub()
        try await stub.list(1, for: 2_000_000_000, at: .portals)
        try await stub.setBalance(100_000_000_000, of: Self.user, at: .portals)
        let server = try TellerProcess(settings: Self.settings(stub))
        let client = try server.client()
        let listing = try await Self.firstListing(.portals, client)
        try await stub.spoil(.portals, .hangup, path: "nfts")
        let id = try await client.market.buy(
            market: "portals", itemId: listing.itemId, price: listing.quotedPrice
        ).operation.operationId
        #expect(try await Self.isState(.unknown, id, client), "\(server.log)")
        func markets(_ arguments: [String]) throws -> TestProcess.Outcome {
            try TellerProcess.command(["markets"] + arguments + ["--store", server.store])
        }
        let open = try markets(["operations", "portals"])
        #expect(open.status == 0)
        #expect(open.output.contains("\(id)  UNKNOWN  portals  buy \(listing.itemId)"))
        let resolve = ["resolve", "\(id)", "not-executed", "--note", "asked their support"]
        let resolved = try markets(resolve)
        #expect(resolved.status == 0, "\(resolved.output)")
        let order = try await client.market.operation(operationId: id).operation
        #expect(order.state == .notExecuted)
        #expect(order.detail == "by an operator: asked their support")
        let again = try markets(resolve)
        #expect(again.status == 1)
        #expect(again.output.contains("NOT_EXECUTED, not UNKNOWN"))
        #expect(try markets(["operations", "portals"]).output.isEmpty)
        #expect(try markets(["resolve", "nonsense", "done", "--note", "x"]).status == 64)
        await client.shutDown()
    }

    // MARK: - Withdrawing

    @Test func `what comes back from a marketplace is credited, once its wallet is named`()
        async throws
    {
        let bench = try await TONBench(.v4r2, balance: nil)
        let stub = try MarketStub(over: bench.sandbox)
        try await stub.setBalance(9_000_000_000, of: Self.user, at: .portals)
        let settings = Self.settings(stub, bench.settings)
        let first = try TellerProcess(.postgres, settings: settings)
        var client = try first.client()
        #expect(try await client.market.list().markets.allSatisfy(\.canWithdraw))
        let key = Sample.key("home-1")
        let order = try await client.market.withdraw(
            market: "portals", amount: Sample.amount(5_000_000_000), accountId: alice,
            idempotencyKey: key
        ).operation
        #expect(order.action == .withdraw && order.accountId == alice)
        #expect(try await Self.isState(.accepted, order.operationId, client), "\(first.log)")
        // Nobody has said which wallets are the marketplace's, so it is left to an operator.
        var source = ""
        #expect(
            try await eventually(within: 30) {
                let deposits = try await client.deposit.list(state: .unmatched).deposits
                source = deposits.first?.source ?? ""
                return !source.isEmpty
            }, "\(first.log)")
        await client.shutDown()
        first.kill(SIGTERM)
        #expect(first.waitForExit() == 0)

        let second = try TellerProcess(
            .postgres, settings: settings + ["markets.portals.senders=\(source)"], sharing: first)
        client = try second.client()
        #expect(try await Self.isState(.done, order.operationId, client), "\(second.log)")
        let done = try await client.market.withdraw(
            market: "portals", amount: Sample.amount(5_000_000_000), accountId: alice,
            idempotencyKey: key)
        #expect(done.replayed && done.operation.transactionHash != nil)
        let sent = try #require(try await stub.state().withdrawals.first)
        #expect(
            try await client.account.get(accountId: alice).account.available.rawValue == sent.sent)
        #expect(try await stub.state().withdrawals.count == 1)
        await client.shutDown()
    }

    @Test func `what can't be kept is refused`() async throws {
        let stub = try MarketStub()
        let server = try TellerProcess(settings: Self.settings(stub))
        let client = try server.client()
        let some = Sample.amount(1)
        await expect(.marketNotFound) { _ = try await client.market.balance(market: "other") }
        await expect(.marketNotFound) { _ = try await client.market.listings(market: "other") }
        await expect(.marketNotFound) {
            _ = try await client.market.buy(market: "other", itemId: "1", price: some)
        }
        await expect(.amountOutOfRange) {
            _ = try await client.market.buy(market: "mrkt", itemId: "1", price: .zero)
        }
        await expect(.amountOutOfRange) {
            _ = try await client.market.withdraw(market: "mrkt", amount: .zero, accountId: alice)
        }
        for item in ["a b", "\u{1B}[2J", "é"] {
            await expect(.invalidParams, fields: ["itemId"]) {
                _ = try await client.market.buy(market: "mrkt", itemId: item, price: some)
            }
        }
        await expect(.noHotWallet) {
            _ = try await client.market.withdraw(market: "mrkt", amount: some, accountId: alice)
        }
        let unknown = try #require(MarketOperationID("019ac0f2-7d10-7c3a-8b5e-4f60718293a4"))
        await expect(.operationNotFound) {
            _ = try await client.market.operation(operationId: unknown)
        }
        await client.shutDown()
    }

    @Test func `orders are their tenant's, and need the scope to spend`() async throws {
        let stub = try MarketStub()
        let server = try TellerProcess(
            settings: Self.settings(stub, ["access.tokens=required"]))
        func header(_ tenant: String, _ scopes: String) throws -> [String] {
            let made = try TellerProcess.command([
                "token", "create", "--name", tenant, "--tenant", tenant, "--scopes", scopes,
                "--store", server.store,
            ])
            let lines = made.output.split(separator: "\n").map(String.init)
            let token = try #require(lines.first { $0.hasPrefix("tlr_") }, "\(made.output)")
            return ["-H", "authorization: Bearer \(token)"]
        }
        func call(_ method: String, _ params: String, _ header: [String]) throws -> JSONValue {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"market.\#(method)","params":\#(params)}"#
            return try JSONValue.parse(Array(try server.post(body, header).body.utf8))
        }
        let both = "market:read,market:write"
        let (one, other) = (try header("one", both), try header("other", both))
        let reader = try header("reader", "market:read")
        // The same key in two tenants is two orders.
        let params = #"{"market":"mrkt","itemId":"1","price":"5","idempotencyKey":"k"}"#
        let id = try #require(
            try call("buy", params, one)["result"]?["operation"]?["operationId"]?.string)
        let second = try call("buy", params, other)["result"]
        #expect(second?["replayed"]?.bool == false)
        #expect(second?["operation"]?["operationId"]?.string != id)
        let ask = #"{"operationId":"\#(id)"}"#
        #expect(try call("operation", ask, one)["result"] != nil)
        for stranger in [other, reader] {
            let error = try call("operation", ask, stranger)["error"]
            #expect(error?["data"]?["reason"]?.string == "OPERATION_NOT_FOUND")
        }
        let refused = try call("buy", params, reader)["error"]
        #expect(refused?["data"]?["reason"]?.string == "PERMISSION_DENIED")
    }

    @Test(
        arguments: [
            (["url=https://x.example"], "needs one of markets.mrkt.initDataFile"),
            (["initData=a b"], "ASCII characters without spaces"),
            (["initData=a", "initDataFile=/x"], "only one of"),
            (["initData=a", "url=http://x.example"], "needs https"),
            (["initData=a", "senders=UQnobody"], "markets.mrkt.senders"),
            (["initData=a", "callInterval=2m"], "at most 1m"),
        ])
    func `a wrong account stops the start`(settings: [String], problem: String) throws {
        let outcome = try TellerProcess.command(
            ["serve"] + settings.flatMap { ["--set", "markets.mrkt.\($0)"] })
        #expect(outcome.status == 78)
        #expect(outcome.output.contains(problem), "\(outcome.output)")
    }

    private func expect(
        _ reason: ErrorReason, fields: [String]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void
    ) async {
        do {
            try await call()
            Issue.record("nothing was refused", sourceLocation: sourceLocation)
        } catch TellerError.rpc(let refusal) {
            #expect(refusal.reason == reason.rawValue, sourceLocation: sourceLocation)
            if let fields {
                #expect(refusal.fields.map(\.path) == fields, sourceLocation: sourceLocation)
            }
        } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
        }
    }
}
