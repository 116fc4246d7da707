// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// A database that goes away under load, and comes back.
@Suite(.serialized) struct DatabaseOutageTests {
    enum Outage: CaseIterable, CustomTestStringConvertible {
        /// Stopped: connections are cut off and new ones refused.
        case stopped
        /// Halted: connections stay open and nothing is answered.
        case hung

        var testDescription: String { "\(self)" }
        /// `TELLER_OUTAGE_SECONDS=120` makes the long run of the first.
        var duration: Duration {
            guard self == .stopped else { return .seconds(12) }
            let seconds = ProcessInfo.processInfo.environment["TELLER_OUTAGE_SECONDS"]
            return .seconds(seconds.flatMap { Int($0) } ?? 30)
        }
    }

    private static let clients = 8
    private static let callersPerClient = 4
    private static let credit: Int64 = 1_000_000_000_000
    /// Between two calls of one caller, so that there are not more withdrawals than can be listed.
    private static let pause: Duration = .milliseconds(10)
    private static let repeatsMax = 10_000

    /// What the callers were told.
    private struct Tally: Sendable {
        var acknowledged: [IdempotencyKey: WithdrawalID] = [:]
        var refusedCount = 0
        var unexpected: [String] = []
        /// Calls without a key: accepted, and refused with the words that it must not be repeated.
        var keylessAccepted = 0
        var keylessInDoubt = 0
        var isOver = false
    }

    @Test(arguments: Outage.allCases)
    func `an outage loses nothing, repeats nothing and ends by itself`(
        outage: Outage
    ) async throws {
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let server = try TellerProcess(
            .postgres, settings: ["withdraw.minimum=1", "withdraw.fee=1"], cluster: cluster)
        let client = try server.client()
        for name in ["alice", "keyless"] {
            _ = try await client.account.credit(
                accountId: Sample.account(name), amount: Sample.amount(Self.credit))
        }
        let tally = Shared(Tally())
        let keyless = Self.loadWithoutKeys(server.url, tally)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.clients {
                let client = try server.client {
                    $0.retries.attemptsMax = 1
                    $0.deadline = .seconds(25)
                }
                group.addTask { await Self.load(client, number, tally) }
            }
            #expect(try await eventually { tally.withLock { $0.acknowledged.count } > 500 })
            let residentBefore = server.residentKiB

            try outage == .stopped ? cluster.stop(.fast) : cluster.hang()
            try await Self.watch(server, client, during: outage)
            try outage == .stopped ? cluster.start() : cluster.resume()

            let end = ContinuousClock.now + .seconds(5)
            #expect(try await eventually(within: 5) { try Self.status(server, "readyz") == 200 })
            var resting: [String] = []
            _ = try await eventually(within: 5) {
                resting = try await client.task.list().tasks.compactMap { task in
                    task.state == .running
                        ? nil : "\(task.name) \(task.state) \(task.lastError ?? "")"
                }
                return resting.isEmpty
            }
            #expect(resting == [])
            let after = try await Self.withdraw(client, Sample.key("after"), until: end)
            tally.withLock { $0.acknowledged[Sample.key("after")] = after }
            let atReturn = tally.withLock { $0.acknowledged.count }
            #expect(
                try await eventually { tally.withLock { $0.acknowledged.count } > atReturn + 500 })
            #expect(server.residentKiB < residentBefore + 32 << 10)
            tally.withLock { $0.isOver = true }
            try await group.waitForAll()
        }
        await keyless.value
        let told = tally.withLock { $0 }
        // A call may wait out a hang that is over before the store gives up.
        #expect(told.refusedCount > 0 || outage == .hung)
        try await Self.check(told, client)
        await client.shutDown()
    }

    /// Readiness goes off and stays off, the process lives, and its tasks say what they wait for.
    private static func watch(
        _ server: TellerProcess, _ client: TellerClient, during outage: Outage
    ) async throws {
        let end = ContinuousClock.now + outage.duration
        #expect(try await eventually(within: 5) { try status(server, "readyz") == 503 })
        // The auditor and the reconciler rest between their passes, and the monitor looks on.
        let needing = ["payout-dispatcher", "payout-confirmer", "history-reaper", "task-orders"]
        var silent: [String] = []
        _ = try await eventually(within: 12) {
            silent = try await client.task.list().tasks.compactMap { task in
                needing.contains(task.name) && task.waitsFor == nil
                    ? "\(task.name) \(task.state)" : nil
            }
            return silent.isEmpty
        }
        #expect(silent == [])
        while ContinuousClock.now < end {
            #expect(try status(server, "readyz") == 503)
            #expect(try status(server, "livez") == 200)
            try await Task.sleep(
                until: min(end, .now + .milliseconds(500)), clock: .continuous)
        }
    }

    // MARK: - Load

    private static func load(
        _ client: TellerClient, _ number: Int, _ tally: Shared<Tally>
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<callersPerClient {
                group.addTask { await call(client, "\(number)-\(caller)", tally) }
            }
        }
        await client.shutDown()
    }

    /// Makes withdrawals, each with a key of its own that is repeated until it is acknowledged.
    private static func call(
        _ client: TellerClient, _ name: String, _ tally: Shared<Tally>
    ) async {
        var count = 0
        while !tally.withLock({ $0.isOver }) {
            count += 1
            let key = Sample.key("\(name)-\(count)")
            var repeats = 0
            while repeats < repeatsMax {
                repeats += 1
                do throws(TellerError) {
                    let id = try await withdraw(client, key)
                    tally.withLock { $0.acknowledged[key] = id }
                    break
                } catch {
                    if case .rpc(let refusal) = error, refusal.status == .unavailable,
                        refusal.retryable
                    {
                        tally.withLock { $0.refusedCount += 1 }
                    } else {
                        tally.withLock { $0.unexpected.append("\(key): \(error)") }
                    }
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            try? await Task.sleep(for: pause)
        }
    }

    private static func withdraw(
        _ client: TellerClient, _ key: IdempotencyKey
    ) async throws(TellerError) -> WithdrawalID {
        try await client.withdraw.create(
            accountId: Sample.account("alice"), amount: Sample.amount(1),
            destination: Sample.destination, idempotencyKey: key
        ).withdrawal.withdrawalId
    }

    /// The same until it succeeds or time is up.
    private static func withdraw(
        _ client: TellerClient, _ key: IdempotencyKey, until end: ContinuousClock.Instant
    ) async throws -> WithdrawalID {
        while true {
            do {
                return try await withdraw(client, key)
            } catch {
                guard ContinuousClock.now < end else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Makes withdrawals without keys; nothing is repeated. On a thread of its own, as it blocks.
    private static func loadWithoutKeys(
        _ url: String, _ tally: Shared<Tally>
    ) -> Task<Void, Never> {
        let body = """
            {"jsonrpc":"2.0","id":1,"method":"withdraw.create","params":{"accountId":"keyless",\
            "amount":"1","destination":"\(Sample.destination)"}}
            """
        @Sendable func call() {
            let outcome = try? TestProcess.runChecked(
                ["curl", "-sS", "-m", "25", "-d", body, "\(url)/rpc"])
            let answer = outcome ?? "no answer"
            tally.withLock { tally in
                if answer.contains(#""result":{"#) {
                    tally.keylessAccepted += 1
                } else if answer.contains(#""status":"UNAVAILABLE""#) {
                    if answer.contains(#""retryable":false"#) { tally.keylessInDoubt += 1 }
                } else {
                    tally.unexpected.append("without a key: \(answer)")
                }
            }
        }
        return Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        await withCheckedContinuation { done in
                            Thread.detachNewThread {
                                while !tally.withLock({ $0.isOver }) {
                                    call()
                                    usleep(20_000)
                                }
                                done.resume()
                            }
                        }
                    }
                }
            }
        }
    }

    // MARK: - Afterwards

    /// Each key has the one withdrawal its caller was told of, and there is no other.
    private static func check(_ tally: Tally, _ client: TellerClient) async throws {
        #expect(tally.unexpected == [])
        let listed = try await withdrawals(of: "alice", client)
        #expect(listed.count == Set(listed).count)
        #expect(Set(listed) == Set(tally.acknowledged.values))
        #expect(listed.count == tally.acknowledged.count)
        let keyless = try await withdrawals(of: "keyless", client).count
        #expect(keyless >= tally.keylessAccepted)
        #expect(keyless <= tally.keylessAccepted + tally.keylessInDoubt)
        for (name, count) in [("alice", listed.count), ("keyless", keyless)] {
            let account = try await client.account.get(accountId: Sample.account(name)).account
            #expect(account.available.rawValue == credit - 2 * Int64(count))
        }
        for (key, id) in tally.acknowledged.shuffled().prefix(200) {
            #expect(try await withdraw(client, key) == id)
        }
    }

    private static func withdrawals(
        of account: String, _ client: TellerClient
    ) async throws -> [WithdrawalID] {
        var ids: [WithdrawalID] = []
        var cursor: String?
        repeat {
            let page = try await client.withdraw.list(
                accountId: Sample.account(account), limit: 200, cursor: cursor)
            ids += page.withdrawals.map(\.withdrawalId)
            cursor = page.nextCursor
        } while cursor != nil
        return ids
    }

    private static func status(_ server: TellerProcess, _ probe: String) throws -> Int {
        let outcome = try TestProcess.runChecked([
            "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "\(server.url)/\(probe)",
        ])
        return Int(outcome) ?? 0
    }
}
