// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import TellerProtocol
import TestSupport
import Testing

/// Two instances on one PostgreSQL settle auctions and presales that come due while they are killed
/// and halted at random.
///
/// `TELLER_DEAL_CHAOS_DEALS=20000` makes the long run of it.
@Suite(.serialized) struct DealChaosTests {
    private static let accounts = 20
    private static let funds: Int64 = 1_000_000_000_000
    /// How long it takes until the last one is due.
    private static let spread: Int64 = 15_000

    private static var count: Int {
        ProcessInfo.processInfo.environment["TELLER_DEAL_CHAOS_DEALS"].flatMap { Int($0) } ?? 3_000
    }

    /// What a deal is like, and what must become of it.
    private struct Expected {
        let id: DealID
        let state: DealState
        /// With the opening and the end.
        let events: Int64
    }

    private static func account(_ index: Int) -> AccountKey {
        AccountKey(tenant: .standard, account: Sample.account("deals-\(index % accounts)"))
    }

    private static var now: Timestamp {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    @Test func `whatever dies, each deal ends once and no nanoton is lost`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("chaos of deals: seed \(seed), \(Self.count) deals")
        var random = SeededRandom(seed: seed)
        let location = try SharedCluster.get().makeDatabase()
        let store = try PostgresStore(
            connectionString: String(location), outcomeLifeMilliseconds: 3_600_000, readers: 2,
            logger: Logger(label: "test"))
        _ = try store.commit(
            (0..<Self.accounts).map { index in
                .credit(
                    CreditAccount(
                        account: Self.account(index), amount: Sample.amount(Self.funds),
                        reference: nil, key: nil))
            }, at: Self.now)
        var money = Array(repeating: Self.funds, count: Self.accounts)
        let expected = try await open(in: store, &money, &random)
        let servers = try (0..<2).map { _ in try TellerProcess(location: location) }
        let end = ContinuousClock.now + .seconds(120) + .milliseconds(20 * Self.count)
        var harms = 0
        while try await !isSettled(store), ContinuousClock.now < end {
            try await harm(servers, &random)
            harms += 1
        }
        print("\(harms) harms")
        try await check(store, expected, money, seed)
        await store.close()
    }

    /// Kills an instance, or halts it for longer than its lease lives; then lets it go on.
    private func harm(_ servers: [TellerProcess], _ random: inout SeededRandom) async throws {
        let victim = servers[Int.random(in: 0..<2, using: &random)]
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...1_500, using: &random)))
        if Int.random(in: 0..<4, using: &random) == 0 {
            victim.kill(SIGSTOP)
            try await Task.sleep(for: .milliseconds(Int.random(in: 200...7_000, using: &random)))
            victim.kill(SIGCONT)
        } else {
            victim.kill(SIGKILL)
            _ = victim.waitForExit()
            try victim.start()
        }
    }

    private func isSettled(_ store: PostgresStore) async throws -> Bool {
        for kind in DealKind.allCases {
            let due = try await store.dueDeals(kind, limit: 1, at: nil)
            if !due.deals.isEmpty || due.nextInMilliseconds != nil { return false }
        }
        return true
    }

    // MARK: - Deals

    /// Opens them as of an hour ago, to come due from now on, and adds up what must become of the
    /// money.
    private func open(
        in store: PostgresStore, _ money: inout [Int64], _ random: inout SeededRandom
    ) async throws -> [Expected] {
        let ids = WithdrawalIDGenerator(clock: LedgerClock { Self.now })
        let hour = Self.now.adding(milliseconds: -3_600_000)
        let start = Self.now.adding(milliseconds: 2_000)
        var expected: [Expected] = []
        var commands: [DealCommand] = []
        for index in 0..<Self.count {
            let id = DealID(ids.next().uuid)
            let due = start.adding(milliseconds: .random(in: 0...Self.spread, using: &random))
            // Hot accounts and others.
            let seller = Int.random(in: 0..<(index % 2 == 0 ? 2 : Self.accounts), using: &random)
            let buyer = (seller + Int.random(in: 1..<Self.accounts, using: &random)) % Self.accounts
            let price = Int64.random(in: 1...1_000_000, using: &random)
            let isSold = Int.random(in: 0..<5, using: &random) > 0
            let isAuction = index % 3 > 0
            commands.append(Self.opening(id, seller, price, due, isAuction, isSold))
            if isSold {
                let action: DealCommand.Action =
                    isAuction
                    ? .bid(id, Sample.amount(price)) : .buy(id, price: Sample.amount(price))
                commands.append(
                    DealCommand(account: Self.account(buyer), action: action, key: nil))
            }
            switch (isAuction, isSold) {
            case (true, true):
                money[buyer] -= price
                money[seller] += price - price * 5 / 100
                expected.append(Expected(id: id, state: .sold, events: 3))
            case (true, false):
                expected.append(Expected(id: id, state: .unsold, events: 2))
            case (false, true):
                money[buyer] += price / 10
                money[seller] -= price / 10
                expected.append(Expected(id: id, state: .overdue, events: 3))
            case (false, false):
                expected.append(Expected(id: id, state: .expired, events: 2))
            }
            if commands.count >= 200 || index == Self.count - 1 {
                for outcome in try await store.decide(commands, at: hour) {
                    guard case .done = outcome else {
                        Issue.record("\(outcome)")
                        continue
                    }
                }
                commands = []
            }
        }
        return expected
    }

    private static func opening(
        _ id: DealID, _ seller: Int, _ price: Int64, _ due: Timestamp, _ isAuction: Bool,
        _ isSold: Bool
    ) -> DealCommand {
        let amount = Sample.amount(price)
        let share = BasisPoints(2_000)?.share(of: amount) ?? .zero
        let compensation = BasisPoints(1_000)?.share(of: amount) ?? .zero
        let terms: DealTerms =
            isAuction
            ? .auction(AuctionTerms(startBid: amount, step: .whole, endsAt: due))
            : .presale(
                PresaleTerms(
                    price: amount, collateral: share, compensation: compensation,
                    deliverBy: isSold ? due.adding(milliseconds: -1) : due, overdueAt: due))
        return DealCommand(
            account: account(seller),
            action: .open(
                OpenDeal(
                    id: id, item: "gift", terms: terms,
                    commissionRate: BasisPoints(500) ?? .zero,
                    lifeMaxMilliseconds: 100_000_000)),
            key: nil)
    }

    private func check(
        _ store: PostgresStore, _ expected: [Expected], _ money: [Int64], _ seed: UInt64
    ) async throws {
        for deal in expected {
            let found = try await store.deal(deal.id)
            #expect(found?.state == deal.state, "seed \(seed)")
            #expect(found?.version == deal.events, "seed \(seed)")
            let events = try await store.dealEvents(of: deal.id, after: 0, limit: 9)
            #expect(events.map(\.sequence) == Array(1...deal.events), "seed \(seed)")
        }
        for index in 0..<Self.accounts {
            let account = try await store.account(Self.account(index))
            #expect(account?.available.rawValue == money[index], "seed \(seed), \(index)")
            #expect(account?.held == .zero, "seed \(seed), \(index)")
        }
        #expect(try await store.audit(after: nil, limit: 1_000).violations == [], "seed \(seed)")
    }
}
