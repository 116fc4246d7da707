// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// Three instances on one PostgreSQL whose leader is harmed in each round, under load.
///
/// `TELLER_TAKEOVER_ROUNDS=100` makes the long run of it.
@Suite(.serialized) struct TakeoverTests {
    private enum Harm: Int, CaseIterable { case kill, stop, cut }

    private static let dispatcher = "payout-dispatcher"
    private static let alice = Sample.account("alice")
    private static let credit: Int64 = 1_000_000_000_000
    private static let takeoverMax: Duration = .seconds(10)

    private static var rounds: Int {
        ProcessInfo.processInfo.environment["TELLER_TAKEOVER_ROUNDS"].flatMap { Int($0) } ?? 3
    }

    private struct Tally: Sendable {
        var acknowledged: [IdempotencyKey: WithdrawalID] = [:]
        var isOver = false
    }

    /// One instance and its own way to the database.
    private final class Member {
        let link: CuttableLink
        let server: TellerProcess
        let client: TellerClient

        init(_ location: String) throws {
            link = try CuttableLink(location)
            server = try TellerProcess(
                location: link.location, settings: ["withdraw.minimum=1", "withdraw.fee=1"])
            client = try server.client {
                $0.retries.attemptsMax = 1
                $0.deadline = .seconds(3)
            }
        }

        /// Whether this instance runs the dispatcher, by its own word.
        func leads() async -> TaskStatus? {
            let task = try? await client.task.status(task: TakeoverTests.dispatcher).task
            return task?.state == .running ? task : nil
        }
    }

    @Test func `whoever leads and however it ends, another pays on within ten seconds`()
        async throws
    {
        let location = try SharedCluster.get().makeDatabase()
        let members = try (0..<3).map { _ in try Member(location) }
        _ = try await members[0].client.account.credit(
            accountId: Self.alice, amount: Sample.amount(Self.credit))
        let tally = Shared(Tally())
        let callers = Self.load(members.map(\.server.url), tally)
        var longest = Duration.zero
        var epoch: Int64 = 0
        for round in 0..<Self.rounds {
            let harm = Harm.allCases[round % Harm.allCases.count]
            let (leader, term) = try await Self.leader(of: members)
            #expect(term > epoch, "round \(round)")
            let took = try await Self.round(harm, leader, members, after: term)
            #expect(took < Self.takeoverMax, "round \(round), \(harm): \(took)")
            longest = max(longest, took)
            epoch = term
        }
        tally.withLock { $0.isOver = true }
        for caller in callers { await caller.value }
        let acknowledged = tally.withLock { $0.acknowledged }
        print("\(Self.rounds) takeovers, at most \(longest); \(acknowledged.count) withdrawals")
        #expect(acknowledged.count > 10 * Self.rounds)
        try await Self.check(acknowledged, members[0].client, location)
        for member in members { await member.client.shutDown() }
    }

    /// Harms the leader, waits for another and heals the old one.
    ///
    /// - Returns: how long it took until another one led.
    private static func round(
        _ harm: Harm, _ leader: Int, _ members: [Member], after epoch: Int64
    ) async throws -> Duration {
        let old = members[leader]
        let start = ContinuousClock.now
        switch harm {
        case .kill: old.server.kill(SIGKILL)
        case .stop: old.server.kill(SIGSTOP)
        case .cut: try old.link.cut()
        }
        let others = members.indices.filter { $0 != leader }
        let isTaken = try await eventually(within: 30) {
            for index in others {
                if let task = await members[index].leads(), task.leader?.epoch ?? 0 > epoch {
                    return true
                }
            }
            return false
        }
        #expect(isTaken, "nobody took over after \(harm)")
        let took = ContinuousClock.now - start
        switch harm {
        case .kill: try old.server.start()
        case .stop: old.server.kill(SIGCONT)
        case .cut: try old.link.mend()
        }
        // The old one is back, and finds itself fenced.
        let isBack = try await eventually(within: 30) {
            let task = try await old.client.task.status(task: dispatcher).task
            return task.state == .waiting && task.leader?.epoch ?? 0 > epoch
        }
        #expect(isBack, "the old leader did not step back after \(harm)")
        return took
    }

    /// The one instance that leads, and its epoch.
    private static func leader(of members: [Member]) async throws -> (index: Int, epoch: Int64) {
        var found: (index: Int, epoch: Int64)?
        let isOne = try await eventually(within: 20) {
            var leaders: [(index: Int, epoch: Int64)] = []
            for (index, member) in members.enumerated() {
                guard let task = await member.leads() else { continue }
                leaders.append((index, Int64(task.leader?.epoch ?? 0)))
            }
            found = leaders.first
            return leaders.count == 1
        }
        #expect(isOne)
        return try #require(found)
    }

    // MARK: - Load

    /// Callers that repeat each key, at any instance, until it is acknowledged.
    private static func load(_ urls: [String], _ tally: Shared<Tally>) -> [Task<Void, Never>] {
        (0..<4).map { caller in
            Task {
                let clients = urls.compactMap { url in
                    var configuration = ClientConfiguration(endpoint: url)
                    configuration.retries.attemptsMax = 1
                    configuration.deadline = .seconds(2)
                    return try? TellerClient(configuration: configuration)
                }
                var count = 0
                while !tally.withLock({ $0.isOver }), !clients.isEmpty {
                    count += 1
                    let key = Sample.key("\(caller)-\(count)")
                    var turn = caller
                    while !Task.isCancelled {
                        turn += 1
                        let answer = try? await clients[turn % clients.count].withdraw.create(
                            accountId: alice, amount: Sample.amount(1),
                            destination: Sample.destination, idempotencyKey: key)
                        if let answer {
                            let id = answer.withdrawal.withdrawalId
                            tally.withLock { $0.acknowledged[key] = id }
                            break
                        }
                        try? await Task.sleep(for: .milliseconds(20))
                    }
                    try? await Task.sleep(for: .milliseconds(20))
                }
                for client in clients { await client.shutDown() }
            }
        }
    }

    /// Every acknowledged withdrawal is paid, each once, and there is no other.
    private static func check(
        _ acknowledged: [IdempotencyKey: WithdrawalID], _ client: TellerClient, _ location: String
    ) async throws {
        func sql(_ text: String) throws -> String {
            try SharedCluster.get().sql(text, in: location)
        }
        let isSettled = try await eventually(within: 60) {
            try sql("SELECT count(*) FROM withdrawals WHERE state <> 'CONFIRMED'") == "0"
        }
        #expect(isSettled)
        #expect(Set(acknowledged.values).count == acknowledged.count)
        #expect(try sql("SELECT count(*) FROM withdrawals") == "\(acknowledged.count)")
        // Signed bytes are committed once for each, and each has one step to SENT.
        #expect(try sql("SELECT count(*) FROM payouts") == "\(acknowledged.count)")
        #expect(
            try sql("SELECT count(*) FROM withdrawal_events WHERE state = 'SENT'")
                == "\(acknowledged.count)")
        let account = try await client.account.get(accountId: alice).account
        #expect(account.available.rawValue == credit - 2 * Int64(acknowledged.count))
        #expect(account.held == .zero)
    }
}
