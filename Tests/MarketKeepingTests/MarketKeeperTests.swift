// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import Marketplaces
import Supervision
import TON
import TellerProtocol
import TestSupport
import Testing

@testable import MarketKeeping

/// What is asked of a marketplace is done once, whatever dies.
@Suite struct MarketKeeperTests {
    private static let alice = AccountKey(tenant: .standard, account: AccountID("alice")!)
    private static let wallet = address("1")
    private static let sender = address("2")
    private let store = InMemoryLedgerStore()
    private let ids = WithdrawalIDGenerator(clock: LedgerClock { Self.now })

    private static func address(_ digit: String) -> TONAddress {
        let text = "0:" + String(repeating: digit, count: 64)
        guard let written = try? WrittenTONAddress(text, on: .mainnet) else {
            preconditionFailure(text)
        }
        return written.address
    }

    private static var now: Timestamp {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    private func ask(_ action: MarketOperation.Action) async throws -> MarketOperationID {
        let operation = MarketOperation(
            id: MarketOperationID(ids.next().uuid), tenant: .standard, market: "scripted",
            action: action, key: nil, createdAt: Self.now)
        #expect(try await store.add(operation) == .added(operation))
        return operation.id
    }

    private func buy(_ item: String = "gift") async throws -> MarketOperationID {
        try await ask(.buy(item: item, price: Nanotons(100)!))
    }

    /// Runs a process with the worker beside `body`.
    private func withKeeper(
        _ market: ScriptedMarket, givingUpAfter patience: Duration = .seconds(60),
        _ body: () async throws -> Void
    ) async throws {
        var configuration = MarketKeeperConfiguration()
        configuration.pollInterval = .milliseconds(5)
        configuration.lookInterval = .milliseconds(5)
        configuration.settleTime = .milliseconds(50)
        configuration.giveUpAfter = patience
        configuration.senders = [Self.sender]
        configuration.withdrawalFeeMax = Nanotons(10)!
        var policy = ChildPolicy()
        policy.shutdownGrace = .milliseconds(50)
        policy.cancellationGrace = .milliseconds(50)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let keeper = MarketKeeper(
            market: market, store: store,
            arrivals: MarketKeeper.Arrivals(store: store, wallet: Self.wallet),
            clock: LedgerClock { Self.now }, configuration: configuration, logger: quiet)
        let supervisor = try Supervisor(
            children: [keeper.child(policy: policy, scope: .everyInstance)], logger: quiet)
        let running = Task { try await supervisor.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        running.cancel()
        try await running.value
        try result.get()
    }

    private func reach(
        _ state: MarketOperationState, _ id: MarketOperationID,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for _ in 0..<1_000 {
            if try await store.marketOperation(id)?.state == state { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        let found = try await store.marketOperation(id)
        Issue.record("\(String(describing: found))", sourceLocation: sourceLocation)
    }

    @Test func `a purchase is made, and a refused one is final`() async throws {
        let market = ScriptedMarket([.asked, .refused])
        let (made, refused) = (try await buy("a"), try await buy("b"))
        try await withKeeper(market) {
            try await reach(.done, made)
            try await reach(.refused, refused)
        }
        #expect(market.state.withLock { $0.purchases } == ["a"])
        #expect(try await store.marketOperation(made)?.balanceBefore == Nanotons(1_000))
    }

    @Test func `a lost answer is settled by the account's own items, and never sent again`()
        async throws
    {
        let market = ScriptedMarket([.lost])
        let id = try await buy()
        try await withKeeper(market) { try await reach(.done, id) }
        #expect(market.state.withLock { ($0.calls, $0.purchases.count) } == (1, 1))
    }

    @Test func `what was not carried out is proven, and what waited for it goes on`() async throws {
        let market = ScriptedMarket([.swallowed, .asked])
        let (lost, next) = (try await buy("a"), try await buy("b"))
        try await withKeeper(market) {
            try await reach(.unknown, lost)
            #expect(try await store.marketOperation(next)?.state == .pending)
            try await reach(.notExecuted, lost)
            try await reach(.done, next)
        }
        #expect(market.state.withLock { ($0.calls, $0.purchases) } == (2, ["b"]))
    }

    @Test func `a balance that moved by itself proves nothing`() async throws {
        let market = ScriptedMarket([.swallowed])
        let id = try await buy()
        try await withKeeper(market) {
            try await reach(.unknown, id)
            market.state.withLock { $0.balance += 7 }
            try await Task.sleep(for: .milliseconds(300))
            #expect(try await store.marketOperation(id)?.state == .unknown)
        }
        #expect(market.state.withLock { $0.calls } == 1)
    }

    @Test func `what surely was not sent is tried again, until it makes no sense any more`()
        async throws
    {
        let market = ScriptedMarket([.crowded, .crowded, .asked])
        let first = try await buy("a")
        try await withKeeper(market) { try await reach(.done, first) }
        #expect(market.state.withLock { ($0.calls, $0.purchases) } == (3, ["a"]))
        market.state.withLock { $0.ways = Array(repeating: .crowded, count: 10_000) }
        let second = try await buy("b")
        try await withKeeper(market, givingUpAfter: .milliseconds(400)) {
            try await reach(.refused, second)
        }
        #expect(market.state.withLock { $0.purchases } == ["a"])
    }

    @Test func `a process that ends in the call leaves what the next one settles`() async throws {
        let market = ScriptedMarket([.hangs])
        let id = try await buy()
        try await withKeeper(market) { try await reach(.sending, id) }
        try await withKeeper(market) { try await reach(.done, id) }
        #expect(market.state.withLock { ($0.calls, $0.purchases.count) } == (1, 1))
    }

    @Test func `a death before or after any write sends nothing twice`() async throws {
        for boundary in 0..<4 {
            for isWritten in [false, true] {
                let market = ScriptedMarket([.asked])
                let id = try await buy("gift-\(boundary)-\(isWritten)")
                store.mortality.live(until: boundary, after: isWritten)
                try await withKeeper(market) {
                    try await Task.sleep(for: .milliseconds(60))
                }
                store.mortality.live(until: nil)
                var end: MarketOperationState?
                try await withKeeper(market) {
                    for _ in 0..<1_000 where end?.isEnded != true {
                        end = try await store.marketOperation(id)?.state
                        try await Task.sleep(for: .milliseconds(10))
                    }
                }
                // Who died between the write and the call has proof that there was none.
                let calls = market.state.withLock { $0.calls }
                #expect(calls <= 1, "\(boundary) \(isWritten)")
                #expect(end == (calls == 1 ? .done : .notExecuted), "\(boundary) \(isWritten)")
            }
        }
    }

    @Test func `a withdrawal's money is credited to its account, once`() async throws {
        let market = ScriptedMarket([.lost])
        let id = try await ask(.withdraw(Nanotons(500)!, to: Self.alice))
        try await withKeeper(market) {
            try await reach(.accepted, id)
            let amounts: [(LogicalTime, TONAddress, Int64)] = [
                // A stranger's, one of too little, and the one.
                (1, Self.wallet, 500), (2, Self.sender, 400), (3, Self.sender, 495),
            ]
            var advance = WalletAdvance(
                wallet: Self.wallet.rawText, expectedVersion: 0,
                position: WalletPosition(
                    lt: 3, transactionHash: "", readUntil: 0, balance: .zero, received: .zero,
                    sent: .zero, fees: .zero, sequence: 0, version: 0))
            advance.deposits = amounts.map { lt, source, amount in
                Deposit(
                    wallet: Self.wallet.rawText, lt: lt, transactionHash: "hash-\(lt)",
                    source: source.rawText, amount: Nanotons(amount)!, comment: nil,
                    state: .unmatched, account: nil, at: Self.now)
            }
            #expect(try await store.advance(advance, at: Self.now) == .advanced([]))
            try await reach(.done, id)
        }
        let done = try await store.marketOperation(id)
        #expect(done?.deposit == 3 && done?.transactionHash == "hash-3")
        #expect(try await store.account(Self.alice)?.available == Nanotons(495))
        #expect(market.state.withLock { $0.withdrawals } == [500])
    }

    @Test func `a withdrawal that could be mistaken for another waits until that has arrived`()
        async throws
    {
        let market = ScriptedMarket()
        let first = try await ask(.withdraw(Nanotons(500)!, to: Self.alice))
        let close = try await ask(.withdraw(Nanotons(495)!, to: Self.alice))
        let other = try await ask(.withdraw(Nanotons(100)!, to: Self.alice))
        try await withKeeper(market) {
            try await reach(.accepted, first)
            try await reach(.accepted, other)
            try await Task.sleep(for: .milliseconds(50))
            #expect(try await store.marketOperation(close)?.state == .pending)
            #expect(market.state.withLock { $0.withdrawals } == [500, 100])
            market.state.withLock { $0.balance += 600 }
            #expect(try await store.advance(arrival(495), at: Self.now) == .advanced([]))
            try await reach(.done, first)
            try await reach(.accepted, close)
        }
    }

    /// A deposit of the marketplace's.
    private func arrival(_ amount: Int64) -> WalletAdvance {
        var advance = WalletAdvance(
            wallet: Self.wallet.rawText, expectedVersion: 0,
            position: WalletPosition(
                lt: 1, transactionHash: "", readUntil: 0, balance: .zero, received: .zero,
                sent: .zero, fees: .zero, sequence: 0, version: 0))
        advance.deposits = [
            Deposit(
                wallet: Self.wallet.rawText, lt: 1, transactionHash: "hash",
                source: Self.sender.rawText, amount: Nanotons(amount)!, comment: nil,
                state: .unmatched, account: nil, at: Self.now)
        ]
        return advance
    }
}
