// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import SQLiteStore
import Supervision
import TellerProtocol
import TestSupport
import Testing
import Workers

/// The checkers of auctions and presales, under supervision, on a real file.
@Suite(.timeLimit(.minutes(5))) struct DealSettlerTests {
    private let alice = AccountKey(tenant: .standard, account: AccountID("alice")!)
    private let bob = AccountKey(tenant: .standard, account: AccountID("bob")!)
    private let ids = WithdrawalIDGenerator(clock: LedgerClock { Self.now })

    private static var now: Timestamp {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    private func withStore(
        _ body: (SQLiteStore, String) async throws -> Void
    ) async throws {
        let folder = "/tmp/teller-settler-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/ledger.sqlite"
        let store = try SQLiteStore(path: path, outcomeLifeMilliseconds: 3_600_000)
        _ = try store.commit(
            [alice, bob].map {
                .credit(
                    CreditAccount(
                        account: $0, amount: Nanotons(1_000_000)!, reference: nil, key: nil))
            }, at: Self.now, lane: 0)
        try await body(store, path)
        await store.close()
    }

    /// An auction that was opened, and bid on, ten seconds ago.
    private func openAuction(
        _ store: SQLiteStore, endingIn milliseconds: Int64, bid: Int64? = nil
    ) async throws -> DealID {
        let opened = Self.now.adding(milliseconds: -10_000)
        let id = DealID(ids.next().uuid)
        let open = OpenDeal(
            id: id, item: "gift",
            terms: .auction(
                AuctionTerms(
                    startBid: Nanotons(1)!, step: BasisPoints(1)!,
                    endsAt: Self.now.adding(milliseconds: milliseconds))),
            commissionRate: .zero, lifeMaxMilliseconds: 3_600_000)
        var commands = [DealCommand(account: alice, action: .open(open), key: nil)]
        if let bid {
            commands.append(
                DealCommand(account: bob, action: .bid(id, Nanotons(bid)!), key: nil))
        }
        for command in commands {
            let outcomes = try await store.decide([command], at: opened)
            guard case .done = outcomes[0] else {
                Issue.record("\(outcomes)")
                continue
            }
        }
        return id
    }

    /// Runs `body` beside a process with the workers.
    private func withWorkers(
        on store: SQLiteStore, poll: Duration = .seconds(3_600),
        _ body: (Supervisor) async throws -> Void
    ) async throws {
        let clock = LedgerClock { Self.now }
        var configuration = WorkersConfiguration()
        configuration.pollInterval = poll
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let bookkeeper = Bookkeeper(
            store: store,
            policy: WithdrawalPolicy(
                minimum: Nanotons(1)!, maximum: Nanotons(1_000)!, fee: Nanotons(1)!)!,
            clock: clock)
        let workers = Workers(
            bookkeeper: bookkeeper, gateway: nil, deals: store, clock: clock,
            configuration: configuration, logger: quiet)
        let supervisor = try Supervisor(children: workers.children, logger: quiet)
        let running = Task { try await supervisor.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(supervisor)) } catch { result = .failure(error) }
        running.cancel()
        try await running.value
        try result.get()
    }

    @Test func `the original's checker had no loop; this one goes on, and wakes when one is due`()
        async throws
    {
        try await withStore { store, _ in
            let auctions = [
                try await openAuction(store, endingIn: 1_000, bid: 7),
                try await openAuction(store, endingIn: 2_000),
            ]
            // The poll is an hour: only the next due time can wake it.
            try await withWorkers(on: store) { supervisor in
                for (auction, state) in zip(auctions, [DealState.sold, .unsold]) {
                    try await eventually { try await store.deal(auction)?.state == state }
                }
                try await eventually {
                    supervisor.status().first { $0.name == "auctions-checker" }?.progress?.contains(
                        "settled 2")
                        ?? false
                }
            }
            #expect(try await store.account(alice)?.available.rawValue == 1_000_007)
        }
    }

    @Test func `rows that make no sense are set aside, and all others are settled`() async throws {
        try await withStore { store, path in
            var auctions: [DealID] = []
            for _ in 0..<40 {
                auctions.append(try await openAuction(store, endingIn: -100, bid: 3))
            }
            // One whose state means nothing, and one of a bidder that is not there.
            let names = [3, 17].map { place in
                auctions[place].description.replacing("-", with: "")
            }
            try TestProcess.runChecked([
                "sqlite3", "-cmd", ".timeout 5000", path,
                """
                UPDATE deals SET state = 'NONSENSE' WHERE id = x'\(names[0])';
                UPDATE deals SET buyer = 'nobody' WHERE id = x'\(names[1])';
                """,
            ])
            try await withWorkers(on: store, poll: .milliseconds(100)) { _ in
                try await eventually {
                    try await store.dueDeals(.auction, limit: 9, at: nil).deals.isEmpty
                }
            }
            for (place, auction) in auctions.enumerated() where ![3, 17].contains(place) {
                #expect(try await store.deal(auction)?.state == .sold)
            }
            let aside = try TestProcess.runChecked([
                "sqlite3", "-cmd", ".timeout 5000", path,
                "SELECT set_aside FROM deals WHERE set_aside IS NOT NULL ORDER BY id",
            ])
            #expect(
                aside == "the store holds data that can't be right\naccountNotFound\n", "\(aside)")
            #expect(try await store.account(alice)?.available.rawValue == 1_000_000 + 38 * 3)
        }
    }
}
