// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// A month of purchases, withdrawals and deposits at three marketplaces that fail at random, through
/// a server that is killed now and then: afterwards their books and ours agree to the nanoton.
///
/// `TELLER_MARKET_OPERATIONS` and `TELLER_CHAOS_SEED` make a longer run, or the same one again:
///
///     TELLER_MARKET_OPERATIONS=3000 swift test --filter MarketMonthTests
@Suite(.serialized) struct MarketMonthTests {
    private static let faultPercent = 5

    static var operations: Int {
        ProcessInfo.processInfo.environment["TELLER_MARKET_OPERATIONS"].flatMap { Int($0) } ?? 60
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["TELLER_CHAOS_SEED"].flatMap { UInt64($0) }
            ?? .random(in: 0..<1_000_000)
    }

    @Test func `a month's money is where the books say, to the nanoton`() async throws {
        let seed = Self.seed
        print("a month at marketplaces: seed \(seed), \(Self.operations) operations")
        let month = try await MarketMonth(seed: seed, operations: Self.operations)
        try await month.stub.spoilAtRandom(percent: Self.faultPercent, seed: seed)
        for number in 0..<Self.operations { try await month.step(number) }
        let hasEnded = try await month.settle(within: .seconds(90 + Self.operations))
        #expect(hasEnded, "seed \(seed): \(month.server.log.suffix(3_000))")
        try await month.stub.clear()
        print("\(month.summary)")
        try await month.restart()
        try await checkPurchases(month)
        try await checkWithdrawals(month)
        try await checkBooks(month)
        await month.client.shutDown()
    }

    // MARK: - What is checked

    private func checkPurchases(_ month: MarketMonth) async throws {
        let sales = try await month.stub.state().sales
        for market in MarketStub.Market.allCases {
            let done = month.orders.filter {
                $0.market == market.rawValue && $0.action == .buy && $0.state == .done
            }
            let sold = sales.filter { $0.market == market }
            #expect(
                done.compactMap(\.itemId).sorted() == sold.map(\.item).sorted(), month.comment)
            let paid = Dictionary(sold.map { ($0.item, $0.paid) }) { first, _ in first }
            for order in done {
                let price = order.amount.rawValue
                let cost = market == .tonnel ? price + (price + 9) / 10 : price
                #expect(paid[order.itemId ?? ""] == cost, month.comment)
            }
        }
    }

    private func checkWithdrawals(_ month: MarketMonth) async throws {
        let state = try await month.stub.state()
        for market in MarketStub.Market.allCases {
            let done = month.orders.filter {
                $0.market == market.rawValue && $0.action == .withdraw && $0.state == .done
            }
            let paid = state.withdrawals.filter { $0.market == market }
            #expect(
                done.map(\.amount.rawValue).sorted() == paid.map(\.amount).sorted(), month.comment)
            #expect(Set(done.compactMap(\.transactionHash)).count == done.count, month.comment)
        }
        // What was sent has arrived, once, and is with the account it was for.
        let arrived = try await month.bench.received(by: month.bench.wallet.address)
            .filter { month.payers.contains($0.source) }
        #expect(
            arrived.map(\.value).sorted() == state.withdrawals.map(\.sent).sorted(), month.comment)
        for account in MarketMonth.accounts {
            let own = month.orders.filter { $0.accountId == account && $0.state == .done }
            let amounts = Set(own.map { "\($0.market) \($0.amount.rawValue)" })
            let sent = state.withdrawals
                .filter { amounts.contains("\($0.market.rawValue) \($0.amount)") }
                .reduce(0) { $0 + $1.sent }
            let paidOut = month.deposits.filter { $0.account == account }
                .reduce(0) { $0 + $1.amount + MarketMonth.fee }
            let found = try await month.client.account.get(accountId: account).account
            #expect(found.held == .zero, month.comment)
            #expect(
                found.available.rawValue == MarketMonth.credit + sent - paidOut,
                "\(account), \(month.comment)")
        }
    }

    private func checkBooks(_ month: MarketMonth) async throws {
        let state = try await month.stub.state()
        for market in MarketStub.Market.allCases {
            let address = try WrittenTONAddress(
                try #require(state.depositWallets[market]), on: .mainnet
            ).address
            let deposits = month.deposits.filter { $0.market == market }
            let received = try await month.bench.received(by: address)
            #expect(
                received.map { "\($0.value) \($0.comment ?? "")" }.sorted()
                    == deposits.map { "\($0.amount) \($0.comment)" }.sorted(), month.comment)
            let spent = state.sales.filter { $0.market == market }.reduce(0) { $0 + $1.paid }
            let withdrawn = state.withdrawals.filter { $0.market == market }
                .reduce(0) { $0 + $1.amount }
            let paidIn = deposits.reduce(0) { $0 + $1.amount }
            let expected = MarketMonth.opening - spent - withdrawn + paidIn
            #expect(
                state.balances[market]?["\(MarketMonth.user)"] == expected,
                "\(market), \(month.comment)")
            let told = try await month.client.market.balance(market: market.rawValue).available
            #expect(told.rawValue == expected, "\(market), \(month.comment)")
        }
        #expect(try await month.bench.sandbox.state().isConserved, month.comment)
        let agree = try await eventually(within: 60) {
            try await month.client.task.status(task: "reconciler").task.progress
                == "the books agree"
        }
        #expect(agree, month.comment)
        let dispatcher = try await month.client.task.status(task: "payout-dispatcher").task
        #expect(dispatcher.pause == nil, month.comment)
        for line in ["the books differ", "nobody asked for", "paid twice"] {
            #expect(!month.hasLogged(line), month.comment)
        }
    }
}

/// The server, the chain and the marketplaces of such a month, and what was asked of them.
final class MarketMonth {
    struct Deposit {
        let market: MarketStub.Market
        let account: AccountID
        let amount: Int64
        let comment: String
        let id: WithdrawalID
    }

    static let user: Int64 = 777
    static let accounts = ["alice", "bob", "carol"].map(Sample.account)
    /// Of each account, and of the account at each marketplace.
    static let credit: Int64 = 300_000_000_000
    static let opening: Int64 = 4_000_000_000_000
    static let fee: Int64 = 1_000_001
    private static let price: Int64 = 1_234_567_891
    /// An operator looks after what nobody knows for so long.
    private static let patience: Duration = .seconds(40)

    let bench: TONBench
    let stub: MarketStub
    let server: TellerProcess
    private(set) var client: TellerClient
    /// Where the marketplaces pay from, in raw form.
    let payers: Set<String>
    private(set) var deposits: [Deposit] = []
    /// As last seen.
    var orders: [MarketOrder] { ended + open }
    private var open: [MarketOrder] = []
    private var ended: [MarketOrder] = []
    private var items: [MarketStub.Market: [String]] = [:]
    private var random: SeededRandom
    private var logs = ""
    private var kills = 0
    private var resolved = 0
    private var unknownSince: [MarketOperationID: ContinuousClock.Instant] = [:]

    init(seed: UInt64, operations: Int) async throws {
        random = SeededRandom(seed: seed)
        bench = try await TONBench(.v5r1)
        stub = try MarketStub(over: bench.sandbox)
        let state = try await stub.state()
        payers = Set(
            try state.payingWallets.values.map {
                try WrittenTONAddress($0, on: .mainnet).address.rawText
            })
        for market in MarketStub.Market.allCases {
            try await stub.setBalance(Self.opening, of: Self.user, at: market)
            try await stub.list(operations, for: Self.price, at: market)
        }
        server = try TellerProcess(settings: Self.settings(stub, state, bench))
        client = try server.client { $0.deadline = .seconds(5) }
        for account in Self.accounts {
            _ = try await client.account.credit(
                accountId: account, amount: Sample.amount(Self.credit),
                idempotencyKey: Sample.key("opening-\(account)"))
        }
        for market in MarketStub.Market.allCases { try await readItems(market) }
    }

    private static func settings(
        _ stub: MarketStub, _ state: MarketStub.State, _ bench: TONBench
    ) -> [String] {
        var settings = bench.settings.filter { !$0.hasPrefix("withdraw.fee=") }
        settings += ["withdraw.fee=\(fee)", "ton.messageLife=10s"]
        for market in MarketStub.Market.allCases {
            let prefix = "markets.\(market.rawValue)."
            let urls = market == .tonnel ? ["readUrl", "writeUrl"] : ["url"]
            settings += urls.map { "\(prefix)\($0)=\(stub.url(market))" }
            settings += [
                "\(prefix)initData=query_id=A&user=%7B%22id%22%3A\(user)%7D&hash=a",
                "\(prefix)callInterval=0s", "\(prefix)settleTime=2s",
                "\(prefix)senders=\(state.payingWallets[market] ?? "")",
            ]
        }
        return settings + [
            "markets.tonnel.telegramUserId=\(user)", "markets.tonnel.passphrase=a-phrase",
            "markets.tonnel.depositWallet=\(state.depositWallets[.tonnel] ?? "")",
        ]
    }

    private func readItems(_ market: MarketStub.Market) async throws {
        var cursor: String?
        repeat {
            let page = try await client.market.listings(
                market: market.rawValue, cursor: cursor)
            items[market, default: []] += page.listings.map(\.itemId)
            cursor = page.nextCursor
        } while cursor != nil
    }

    // MARK: - What happens

    /// One thing is asked for, or the server dies.
    func step(_ number: Int) async throws {
        let market = MarketStub.Market.allCases[Int(random.next() % 3)]
        let account = Self.accounts[Int(random.next() % 3)]
        switch random.next() % 100 {
        case 0..<45: try await buy(number, at: market)
        case 45..<75: try await withdraw(number, from: market, for: account)
        case 75..<95: try await deposit(number, to: market, of: account)
        default:
            kills += 1
            logs += server.log
            server.kill(SIGKILL)
            try server.start()
        }
        if number % 20 == 19 { try await look() }
        try await Task.sleep(for: .milliseconds(Int64(random.next() % 200)))
    }

    private func buy(_ number: Int, at market: MarketStub.Market) async throws {
        guard let item = items[market]?.popLast() else { return }
        // Sometimes the price has changed since it was read.
        let price = Self.price - (random.next() % 10 == 0 ? 1 : 0)
        let order = try await again {
            try await self.client.market.buy(
                market: market.rawValue, itemId: item, price: Sample.amount(price),
                idempotencyKey: Sample.key("buy-\(number)")
            ).operation
        }
        open.append(order)
    }

    /// No two amounts are equal, and most are close to each other.
    private func withdraw(
        _ number: Int, from market: MarketStub.Market, for account: AccountID
    ) async throws {
        let amount = 300_000_000 + Int64(random.next() % 600) * 1_000_000 + Int64(number)
        let order = try await again {
            try await self.client.market.withdraw(
                market: market.rawValue, amount: Sample.amount(amount), accountId: account,
                idempotencyKey: Sample.key("home-\(number)")
            ).operation
        }
        open.append(order)
    }

    private func deposit(
        _ number: Int, to market: MarketStub.Market, of account: AccountID
    ) async throws {
        let amount = 50_000_000 + Int64(random.next() % 700) * 1_000_000 + Int64(number)
        let target = try await again {
            try await self.client.market.balance(
                market: market.rawValue, withDepositTarget: true
            ).deposit
        }
        guard let target else { throw TestProcess.Failure(description: "nowhere to pay to") }
        let id = try await again {
            try await self.client.withdraw.create(
                accountId: account, amount: Sample.amount(amount), destination: target.address,
                comment: target.comment, idempotencyKey: Sample.key("deposit-\(number)")
            ).withdrawal.withdrawalId
        }
        deposits.append(
            Deposit(
                market: market, account: account, amount: amount, comment: target.comment, id: id))
    }

    /// Repeats a call with the same key until it is answered.
    private func again<Value>(_ call: () async throws -> Value) async throws -> Value {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await call()
            } catch {
                guard ContinuousClock.now < end else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    // MARK: - The end

    /// Waits until all that was asked for has ended, as an operator would.
    ///
    /// - Returns: whether it has.
    func settle(within limit: Duration) async throws -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            try await look()
            if open.isEmpty, try await arePaid() { return true }
            try await Task.sleep(for: .milliseconds(200))
        }
        print("open: \(open)")
        return false
    }

    /// Ends a clean life, and begins another.
    func restart() async throws {
        logs += server.log
        server.kill(SIGTERM)
        _ = server.waitForExit()
        try server.start()
    }

    func hasLogged(_ text: String) -> Bool { (logs + server.log).contains(text) }

    var comment: Comment { "seed \(random.seed)" }

    var summary: String {
        let states = Dictionary(grouping: ended) { "\($0.action.rawValue) \($0.state.rawValue)" }
            .mapValues(\.count).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "\(states.joined(separator: ", ")); deposits: \(deposits.count), kills: \(kills), "
            + "were unknown: \(unknownSince.count), ended by an operator: \(resolved)"
    }

    private func look() async throws {
        var left: [MarketOrder] = []
        for order in open {
            let now = try await again {
                try await self.client.market.operation(operationId: order.operationId).operation
            }
            switch now.state {
            case .done, .refused, .notExecuted: ended.append(now)
            case .unknown:
                left.append(now)
                try await operate(now)
            case .pending, .sending, .accepted: left.append(now)
            }
        }
        open = left
    }

    /// What was carried out Teller finds by itself; of the rest an operator may have to tell it.
    private func operate(_ order: MarketOrder) async throws {
        let id = order.operationId
        let since = unknownSince[id] ?? .now
        unknownSince[id] = since
        guard ContinuousClock.now - since > Self.patience else { return }
        let state = try await stub.state()
        let isCarriedOut =
            switch order.action {
            case .buy:
                state.sales.contains {
                    $0.market.rawValue == order.market && $0.item == order.itemId
                }
            case .withdraw:
                state.withdrawals.contains {
                    $0.market.rawValue == order.market && $0.amount == order.amount.rawValue
                }
            }
        guard !isCarriedOut else { return }
        let outcome = try TellerProcess.command([
            "markets", "resolve", "\(id)", "not-executed", "--note", "asked their support",
            "--store", server.store,
        ])
        if outcome.status == 0 { resolved += 1 }
    }

    /// Whether the deposits have left, and each marketplace has credited them.
    private func arePaid() async throws -> Bool {
        for deposit in deposits {
            let withdrawal = try await again {
                try await self.client.withdraw.get(withdrawalId: deposit.id).withdrawal
            }
            guard withdrawal.state == .confirmed else { return false }
        }
        var isCredited = true
        for market in MarketStub.Market.allCases {
            _ = try? await client.market.balance(market: market.rawValue)
            let state = try await stub.state()
            let paidIn = deposits.filter { $0.market == market }.reduce(0) { $0 + $1.amount }
            let spent = state.sales.filter { $0.market == market }.reduce(0) { $0 + $1.paid }
            let withdrawn = state.withdrawals.filter { $0.market == market }
                .reduce(0) { $0 + $1.amount }
            let balance = state.balances[market]?["\(Self.user)"]
            if balance != Self.opening - spent - withdrawn + paidIn { isCredited = false }
        }
        return isCredited
    }
}
