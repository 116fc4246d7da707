// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// The real program, killed at every commit and every send: just before it is carried out, and when
/// it has been and the program has not heard of it. Each withdrawal is paid once, each deposit
/// credited once.
///
/// First some rounds of everything show which boundaries there are; then each is met by a death.
/// CI does so for one kind of wallet; `TELLER_TON_BOUNDARIES=all` for all of them:
///
///     TELLER_TON_BOUNDARIES=all swift test --filter TONBoundaryTests
@Suite(.serialized) struct TONBoundaryTests {
    /// Deaths that are lived through at the same time, each on a chain and a database of its own:
    /// most of the time is spent waiting for the lease of the dead.
    private static let lanes = 8
    private static let countedRounds = 3
    /// Rounds until a boundary that every counted round had must have come.
    private static let roundsMax = 10

    private static var kinds: [TONBench.WalletKind] {
        ProcessInfo.processInfo.environment["TELLER_TON_BOUNDARIES"] == "all"
            ? TONBench.WalletKind.allCases : [.v5r1]
    }

    @Test(arguments: kinds)
    func `a death before or after any commit or send pays nothing twice and loses nothing`(
        kind: TONBench.WalletKind
    ) async throws {
        let boundaries = try await Self.boundaries(kind)
        let names = Set(boundaries.map(\.name))
        for part in [
            "insert_withdrawals", "insert_message", "insert_payouts", "move_message",
            "update_messages", "insert_deposits", "insert_credit_keys", "send",
        ] {
            #expect(names.contains { $0.split(separator: " ").contains { $0 == part } }, "\(part)")
        }
        let left = Shared(boundaries)
        let missed = Shared<[SuddenDeath.Boundary]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.lanes {
                group.addTask {
                    let world = try await BoundaryWorld(kind)
                    try await world.round()
                    while let boundary = left.withLock({ $0.popLast() }) {
                        let isMet = try await Self.die(at: boundary, in: world)
                        if !isMet { missed.withLock { $0.append(boundary) } }
                    }
                    try await world.check()
                }
            }
            try await group.waitForAll()
        }
        #expect(missed.withLock { $0 } == [])
        print("\(kind.rawValue): killed at \(boundaries.count) boundaries: \(names.sorted())")
    }

    /// What passes in every round, in the order it first does.
    private static func boundaries(
        _ kind: TONBench.WalletKind
    ) async throws -> [SuddenDeath.Boundary] {
        let world = try await BoundaryWorld(kind)
        // The first one deploys the wallet.
        try await world.round()
        var boundaries: [SuddenDeath.Boundary] = []
        for round in 0..<countedRounds {
            _ = world.death.takePassed()
            try await world.round()
            let passed = world.death.takePassed()
            if round == 0 { boundaries = passed }
            boundaries.removeAll { !passed.contains($0) }
        }
        try await world.check()
        var seen: Set<SuddenDeath.Boundary> = []
        return boundaries.filter { seen.insert($0).inserted }
    }

    /// - Returns: whether the program came to the boundary, and died there.
    private static func die(
        at boundary: SuddenDeath.Boundary, in world: BoundaryWorld
    ) async throws -> Bool {
        try world.aim(at: boundary)
        for _ in 0..<roundsMax {
            try await world.round()
            if world.death.disarm() { return true }
            try world.aim(at: boundary)
        }
        return world.death.disarm()
    }
}

/// A server whose commits and sends all pass by somebody who may kill it, and its callers.
private final class BoundaryWorld {
    private static let alice = Sample.account("alice")
    private static let withdrawals = 3
    /// A payment that a death has left signed or taken is queued again after half a minute.
    private static let settleSeconds = 120

    let death = SuddenDeath()
    private let bench: TONBench
    private let database: String
    private let links: [BoundaryLink]
    private let server: TellerProcess
    private let client: TellerClient
    private var rounds = 0
    /// Where the program was last to die, for messages.
    private var aim: SuddenDeath.Boundary?

    init(_ kind: TONBench.WalletKind) async throws {
        bench = try await TONBench(kind)
        let cluster = try SharedCluster.get()
        database = try cluster.makeDatabase()
        let store = try await BoundaryLink(to: cluster.port, .postgres, watch: death.watch)
        let chain = try await BoundaryLink(
            to: bench.sandbox.port, .toncenter, watch: death.watch)
        links = [store, chain]
        server = try TellerProcess(
            location: database.replacing(":\(cluster.port)/", with: ":\(store.port)/")
                + "?sslmode=disable&gssencmode=disable",
            settings: bench.settings + ["ton.endpoints=http://127.0.0.1:\(chain.port)/api"])
        client = try server.client {
            $0.deadline = .seconds(3)
            $0.retries.attemptsMax = 1
        }
    }

    func aim(at boundary: SuddenDeath.Boundary) throws {
        try revive()
        aim = boundary
        death.aim(at: boundary, of: try #require(server.processIdentifier))
    }

    private func revive() throws {
        if !server.isRunning { try server.start() }
    }

    /// Repeats a call over the server's deaths until it is answered.
    private func untilAnswered<Answer>(
        _ call: () async throws -> Answer
    ) async throws -> Answer {
        var answer: Answer?
        let isAnswered = try await eventually(within: Self.settleSeconds) {
            try revive()
            answer = try await call()
            return true
        }
        #expect(isAnswered, "no answer, dying \(story): \(server.log.suffix(3000))")
        return try #require(answer)
    }

    private func untilTrue(_ what: String, _ condition: () async throws -> Bool) async throws {
        let isSo = try await eventually(within: Self.settleSeconds) {
            try revive()
            return try await condition()
        }
        #expect(isSo, "\(what), dying \(story): \(server.log.suffix(3000))")
        guard isSo else { throw TestProcess.Failure(description: "\(what), dying \(story)") }
    }

    private var story: String { aim?.description ?? "nowhere" }

    private static func amount(_ number: Int) -> Int64 { 20_000_000 + Int64(number) }

    private static func deposit(_ round: Int) -> Int64 { 1_000_000 + Int64(round) }

    private static let credit: Int64 = 1_000_000_000

    private static func depositor(_ round: Int) -> AccountID { Sample.account("user-\(round)") }

    /// One deposit, one credit and some withdrawals, until all of it is settled.
    func round() async throws {
        let depositor = Self.depositor(rounds)
        let target = try await untilAnswered {
            try await client.deposit.address(accountId: depositor).deposit
        }
        try await bench.sandbox.deposit(
            to: target.address, amount: Self.deposit(rounds), comment: target.memo)
        try await untilTrue("the deposit is not credited") {
            try await client.account.get(accountId: depositor).account.available
                == Sample.amount(Self.deposit(rounds))
        }
        _ = try await untilAnswered {
            try await client.account.credit(
                accountId: Self.alice, amount: Sample.amount(Self.credit),
                idempotencyKey: Sample.key("credit-\(rounds)"))
        }
        for number in (rounds * Self.withdrawals)..<((rounds + 1) * Self.withdrawals) {
            let destination = try TONBench.recipient(number).destination
            _ = try await untilAnswered {
                try await client.withdraw.create(
                    accountId: Self.alice, amount: Sample.amount(Self.amount(number)),
                    destination: destination, comment: number % 3 == 0 ? "order \(number)" : nil,
                    idempotencyKey: Sample.key("order-\(number)"))
            }
        }
        rounds += 1
        try await untilTrue("not all is settled") {
            try await client.account.get(accountId: Self.alice).account.held == .zero
        }
    }

    /// Compares what the chain, the journal and the callers know.
    func check() async throws {
        await bench.stopMining()
        var paid: Int64 = 0
        for number in 0..<(rounds * Self.withdrawals) {
            let received = try await bench.received(by: TONBench.recipient(number))
            #expect(received.map(\.value) == [Self.amount(number)], "order \(number)")
            paid += Self.amount(number)
        }
        let account = try await untilAnswered {
            try await client.account.get(accountId: Self.alice).account
        }
        #expect(account.available.rawValue == Int64(rounds) * Self.credit - paid)
        for round in 0..<rounds {
            let depositor = try await client.account.get(accountId: Self.depositor(round)).account
            #expect(depositor.available == Sample.amount(Self.deposit(round)))
        }
        #expect(try await bench.sandbox.state().isConserved)
        let cluster = try SharedCluster.get()
        // Nothing was given back on a guess, and nothing but what was asked for was written.
        #expect(
            try cluster.sql(
                "SELECT count(*) FROM entries WHERE kind NOT IN ('CREDIT', 'HOLD', 'CAPTURE')",
                in: database) == "0")
        #expect(
            try cluster.sql(
                """
                SELECT count(*) FROM accounts a CROSS JOIN LATERAL (
                    SELECT coalesce(sum(available_delta), 0) AS available,
                        coalesce(sum(held_delta), 0) AS held
                    FROM entries WHERE account_number = a.number) AS sums
                WHERE a.available <> sums.available OR a.held <> sums.held
                """, in: database) == "0")
        #expect(
            try cluster.sql("SELECT count(*) FROM stray_payments", in: database) == "0")
        let dispatcher = try await client.task.status(task: "payout-dispatcher").task
        #expect(dispatcher.pause == nil)
        await client.shutDown()
    }
}
