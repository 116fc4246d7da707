// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// What a stop and an outage do to callers.
@Suite(.serialized) struct OutageTests {
    private struct Tally: Sendable {
        var acknowledged: [IdempotencyKey] = []
        var unexpected: [String] = []
        var isOver = false
    }

    @Test(arguments: ServerStore.allCases)
    func `a stop under load answers what is in flight and loses nothing`(
        kind: ServerStore
    ) async throws {
        let server = try TellerProcess(kind, settings: ["withdraw.minimum=1", "withdraw.fee=1"])
        let alice = Sample.account("alice")
        let setUp = try server.client()
        _ = try await setUp.account.credit(
            accountId: alice, amount: Sample.amount(5_000_000_000))
        await setUp.shutDown()
        let tally = Shared(Tally())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                let client = try server.client { $0.retries.attemptsMax = 1 }
                group.addTask { await Self.load(client, number, alice, tally) }
            }
            #expect(
                try await eventually { tally.withLock { $0.acknowledged.count } > 200 })
            server.kill(SIGTERM)
            let code = await Task.detached { [server = Unchecked(server)] in
                server.value.waitForExit()
            }.value
            #expect(code == 0)
            tally.withLock { $0.isOver = true }
            try await group.waitForAll()
        }
        #expect(tally.withLock { $0.unexpected } == [])
        try server.start()
        let client = try server.client()
        let keys = tally.withLock { $0.acknowledged }
        for key in keys.suffix(200) {
            let again = try await client.withdraw.create(
                accountId: alice, amount: Sample.amount(1), destination: Sample.destination,
                idempotencyKey: key)
            #expect(again.replayed, "\(key) was acknowledged and is lost")
        }
        await client.shutDown()
    }

    /// Creates withdrawals until the load is over; only retryable refusals are expected.
    private static func load(
        _ client: TellerClient, _ number: Int, _ account: AccountID, _ tally: Shared<Tally>
    ) async {
        var count = 0
        while !tally.withLock({ $0.isOver }), count < 100_000 {
            let key = Sample.key("load-\(number)-\(count)")
            count += 1
            do throws(TellerError) {
                _ = try await client.withdraw.create(
                    accountId: account, amount: Sample.amount(1),
                    destination: Sample.destination, idempotencyKey: key)
                tally.withLock { $0.acknowledged.append(key) }
            } catch {
                switch error {
                case .rpc(let refusal) where refusal.retryable: break
                // The listener is gone, or the connection's end was announced in time.
                case .transport(let failure)
                where failure.kind == .unreachable || failure.kind == .notProcessed:
                    break
                default: tally.withLock { $0.unexpected.append("\(error)") }
                }
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        await client.shutDown()
    }

    @Test func `without its database the server lives, says so, and comes back by itself`()
        async throws
    {
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let server = try TellerProcess(
            .postgres, settings: ["withdraw.minimum=1"], cluster: cluster)
        let client = try server.client { $0.deadline = .seconds(2) }
        let alice = Sample.account("alice")
        _ = try await client.account.credit(
            accountId: alice, amount: Sample.amount(5_000_000_000))
        #expect(try Self.readiness(server) == 200)
        try cluster.stop(.fast)
        #expect(try await eventually { try Self.readiness(server) == 503 })
        #expect(try TellerProcess.command(["health", "--url", server.url]).status == 1)
        await #expect(throws: TellerError.self) {
            try await client.withdraw.create(
                accountId: alice, amount: Sample.amount(1), destination: Sample.destination,
                idempotencyKey: Sample.key("during"))
        }
        let live = try TestProcess.runChecked(["curl", "-sS", "\(server.url)/livez"])
        #expect(live == "ok\n")
        try cluster.start()
        #expect(try await eventually(within: 5) { try Self.readiness(server) == 200 })
        let after = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(1), destination: Sample.destination,
            idempotencyKey: Sample.key("during"))
        #expect(!after.withdrawal.withdrawalId.description.isEmpty)
        let again = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(1), destination: Sample.destination,
            idempotencyKey: Sample.key("during"))
        #expect(again.replayed)
        #expect(again.withdrawal.withdrawalId == after.withdrawal.withdrawalId)
        await client.shutDown()
    }

    private static func readiness(_ server: TellerProcess) throws -> Int {
        let outcome = try TestProcess.runChecked([
            "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "\(server.url)/readyz",
        ])
        return Int(outcome) ?? 0
    }
}

/// Hands a test's object to a thread of its own; the test does not touch it meanwhile.
private struct Unchecked<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
