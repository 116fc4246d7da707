// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// Clients that keep asking while the server is killed: the promises hold afterwards.
///
/// `TELLER_CHAOS_OPERATIONS` and `TELLER_CHAOS_SEED` make a longer run, or the same one again:
///
///     TELLER_CHAOS_OPERATIONS=10000 swift test --filter ChaosTests
@Suite(.serialized) struct ChaosTests {
    private static let clients = 8
    private static let accounts = 50
    private static let keys = 400

    private static var operations: Int {
        ProcessInfo.processInfo.environment["TELLER_CHAOS_OPERATIONS"].flatMap { Int($0) } ?? 1200
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["TELLER_CHAOS_SEED"].flatMap { UInt64($0) }
            ?? .random(in: .min ... .max)
    }

    /// What the clients know to have happened.
    private struct Known: Sendable {
        /// The withdrawal each acknowledged (account, key) stands for.
        var withdrawals: [String: WithdrawalID] = [:]
        var contradictions: [String] = []
        var credited: [Int64]
        var finished = 0
    }

    @Test(arguments: ServerStore.allCases)
    func `every key has one withdrawal and no money is lost`(kind: ServerStore) async throws {
        let seed = Self.seed
        print("chaos on \(kind.rawValue): seed \(seed), \(Self.operations) operations")
        let server = try TellerProcess(
            kind, settings: ["withdraw.minimum=1", "withdraw.fee=1", "gateway.simulator.delay=5ms"])
        let known = Shared(Known(credited: Array(repeating: 0, count: Self.accounts)))
        let setUp = try server.client()
        for index in 0..<Self.accounts {
            _ = try await setUp.account.credit(
                accountId: Self.account(index), amount: Sample.amount(1_000_000),
                idempotencyKey: Sample.key("opening"))
            known.withLock { $0.credited[index] += 1_000_000 }
        }
        await setUp.shutDown()

        let url = server.url
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<Self.clients {
                group.addTask {
                    try await Self.work(
                        client, url, SeededRandom(seed: seed &+ UInt64(client)), known)
                }
            }
            var random = SeededRandom(seed: ~seed)
            while known.withLock({ $0.finished }) < Self.clients {
                try await Task.sleep(for: .milliseconds(Int64(300 + random.next() % 900)))
                server.kill(SIGKILL)
                try server.start()
            }
            try await group.waitForAll()
        }

        let client = try server.client { $0.deadline = .seconds(30) }
        let (withdrawals, contradictions, credited) = known.withLock {
            ($0.withdrawals, $0.contradictions, $0.credited)
        }
        #expect(contradictions == [], "seed \(seed)")
        var listed: Set<WithdrawalID> = []
        for index in 0..<Self.accounts {
            try await Self.check(index, client, credited[index], &listed, seed)
        }
        #expect(listed == Set(withdrawals.values), "seed \(seed)")
        await client.shutDown()
    }

    private static func account(_ index: Int) -> AccountID { Sample.account("chaos-\(index)") }

    /// One client's operations; each is repeated with its key until it is answered.
    private static func work(
        _ number: Int, _ url: String, _ seeded: SeededRandom, _ known: Shared<Known>
    ) async throws {
        var random = seeded
        defer { known.withLock { $0.finished += 1 } }
        var configuration = ClientConfiguration(endpoint: url)
        configuration.deadline = .seconds(3)
        let client = try TellerClient(configuration: configuration)
        for operation in 0..<operations / clients {
            let index = Int(random.next() % UInt64(accounts))
            switch random.next() % 10 {
            case 0:
                let amount = Int64(random.next() % 1000 + 1)
                let key = Sample.key("credit-\(number)-\(operation)")
                _ = try await untilAnswered { () async throws(TellerError) in
                    try await client.account.credit(
                        accountId: account(index), amount: Sample.amount(amount),
                        idempotencyKey: key)
                }
                known.withLock { $0.credited[index] += amount }
            case 1:
                let one = known.withLock { $0.withdrawals.values.randomElement(using: &random) }
                guard let one else { continue }
                // It may be too late; the answer matters less than what the audit finds.
                _ = try await untilAnswered { () async throws(TellerError) in
                    try await client.withdraw.cancel(withdrawalId: one)
                }
            default:
                // Keys are few, so that clients race for them; a key has one meaning.
                let name = random.next() % UInt64(keys)
                let amount = Int64(name % 90 + 10)
                let answer = try await untilAnswered { () async throws(TellerError) in
                    try await client.withdraw.create(
                        accountId: account(index), amount: Sample.amount(amount),
                        destination: Sample.destination, idempotencyKey: Sample.key("k\(name)"))
                }
                guard let id = answer?.withdrawal.withdrawalId else { continue }
                known.withLock { known in
                    let place = "\(index)/\(name)"
                    if let earlier = known.withdrawals[place], earlier != id {
                        known.contradictions.append("\(place): \(earlier) and \(id)")
                    }
                    known.withdrawals[place] = id
                }
            }
        }
        await client.shutDown()
    }

    /// Repeats `call` until the server answers; nil when it refused for good.
    private static func untilAnswered<Answer>(
        _ call: () async throws(TellerError) -> Answer
    ) async throws -> Answer? {
        for _ in 0..<200 {
            do throws(TellerError) {
                return try await call()
            } catch {
                if case .rpc(let refusal) = error, !refusal.retryable { return nil }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        throw TestProcess.Failure(description: "no answer after 200 tries")
    }

    /// The account's sums are its journal's, and the journal is what the clients were told.
    private static func check(
        _ index: Int, _ client: TellerClient, _ credited: Int64,
        _ listed: inout Set<WithdrawalID>, _ seed: UInt64
    ) async throws {
        var available: Int64 = 0
        var held: Int64 = 0
        var credits: Int64 = 0
        var cursor: String?
        // The payout workers go on meanwhile; a settled account is what can be compared.
        _ = try await eventually(within: 30) {
            try await client.account.get(accountId: account(index)).account.held == .zero
        }
        repeat {
            let page = try await client.account.entries(
                accountId: account(index), limit: 200, cursor: cursor)
            for entry in page.entries {
                available += entry.availableDelta.rawValue
                held += entry.heldDelta.rawValue
                if entry.kind == .credit { credits += entry.availableDelta.rawValue }
                if entry.kind == .hold, let id = entry.withdrawalId {
                    #expect(listed.insert(id).inserted, "\(id) was held twice, seed \(seed)")
                }
            }
            cursor = page.nextCursor
        } while cursor != nil
        let sums = try await client.account.get(accountId: account(index)).account
        #expect(sums.available.rawValue == available, "seed \(seed)")
        #expect(sums.held.rawValue == held, "seed \(seed)")
        #expect(credits == credited, "seed \(seed)")
    }
}
