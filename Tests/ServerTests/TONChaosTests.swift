// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// A server that is killed at random, before a chain that fails at random: afterwards each
/// withdrawal has been paid exactly once.
///
/// `TELLER_TON_CHAOS_WITHDRAWALS` (of each kind of wallet) and `TELLER_CHAOS_SEED` make a longer run,
/// or the same one again:
///
///     TELLER_TON_CHAOS_WITHDRAWALS=3400 swift test --filter TONChaosTests
@Suite(.serialized) struct TONChaosTests {
    private static let callers = 4
    private static let alice = Sample.account("alice")
    private static let credit: Int64 = 9_000_000_000_000

    private static var withdrawals: Int {
        ProcessInfo.processInfo.environment["TELLER_TON_CHAOS_WITHDRAWALS"].flatMap { Int($0) }
            ?? 120
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["TELLER_CHAOS_SEED"].flatMap { UInt64($0) }
            ?? .random(in: .min ... .max)
    }

    @Test(arguments: TONBench.WalletKind.allCases)
    func `each withdrawal is paid once, whatever dies`(kind: TONBench.WalletKind) async throws {
        let seed = Self.seed
        print("chaos on \(kind.rawValue): seed \(seed), \(Self.withdrawals) withdrawals")
        let bench = try await TONBench(kind, balance: Self.credit)
        let server = try TellerProcess(
            kind == .highload ? .postgres : .sqlite,
            settings: bench.settings + ["ton.messageLife=10s"])
        let setUp = try server.client()
        _ = try await setUp.account.credit(
            accountId: Self.alice, amount: Sample.amount(Self.credit),
            idempotencyKey: Sample.key("opening"))
        await setUp.shutDown()

        let url = server.url
        let acknowledged = Shared<[Int: WithdrawalID]>([:])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<Self.callers {
                group.addTask { try await Self.call(caller, url, acknowledged) }
            }
            var random = SeededRandom(seed: seed)
            while acknowledged.withLock({ $0.count }) < Self.withdrawals {
                try await Self.harm(bench, server, &random)
            }
            try await group.waitForAll()
        }
        try await bench.sandbox.lag(blocks: 0)
        // What is under way goes on under harm for a while.
        var random = SeededRandom(seed: ~seed)
        for _ in 0..<max(6, Self.withdrawals / 10) { try await Self.harm(bench, server, &random) }
        try await bench.sandbox.lag(blocks: 0)
        try await Self.check(bench, server, acknowledged.withLock { $0 }, "seed \(seed)")
    }

    private static func amount(_ number: Int) -> Int64 { 10_000_000 + Int64(number) }

    /// Makes its share of the withdrawals, each repeated with its key until it is acknowledged.
    private static func call(
        _ caller: Int, _ url: String, _ acknowledged: Shared<[Int: WithdrawalID]>
    ) async throws {
        var configuration = ClientConfiguration(endpoint: url)
        configuration.deadline = .seconds(3)
        let client = try TellerClient(configuration: configuration)
        for number in stride(from: caller, to: withdrawals, by: callers) {
            let destination = try TONBench.recipient(number).destination
            var id: WithdrawalID?
            while id == nil {
                id = try? await client.withdraw.create(
                    accountId: alice, amount: Sample.amount(amount(number)),
                    destination: destination, comment: number % 3 == 0 ? nil : "order \(number)",
                    idempotencyKey: Sample.key("order-\(number)")
                ).withdrawal.withdrawalId
                if id == nil { try await Task.sleep(for: .milliseconds(30)) }
            }
            acknowledged.withLock { $0[number] = id }
            try await Task.sleep(for: .milliseconds(40))
        }
        await client.shutDown()
    }

    /// One thing goes wrong.
    private static func harm(
        _ bench: TONBench, _ server: TellerProcess, _ random: inout SeededRandom
    ) async throws {
        try await Task.sleep(for: .milliseconds(Int64(50 + random.next() % 600)))
        switch random.next() % 8 {
        case 0...2:
            server.kill(SIGKILL)
            try server.start()
        case 3:
            try await bench.sandbox.lag(blocks: Int(random.next() % 30))
        case 4:
            try await bench.sandbox.fault(.drop, of: "sendBocReturnHash")
        case let other:
            let kinds = TONSandbox.FaultKind.allCases.filter { $0 != .drop }
            let method = other < 7 ? "sendBocReturnHash" : "*"
            try await bench.sandbox.fault(
                kinds[Int(random.next() % UInt64(kinds.count))], of: method,
                count: Int(1 + random.next() % 3), delay: .milliseconds(800))
        }
    }

    private static func check(
        _ bench: TONBench, _ server: TellerProcess, _ acknowledged: [Int: WithdrawalID],
        _ seed: String
    ) async throws {
        let client = try server.client { $0.deadline = .seconds(30) }
        let isSettled = try await eventually(within: 120 + withdrawals) {
            try await client.account.get(accountId: alice).account.held == .zero
        }
        #expect(isSettled, "\(seed): \(server.log.suffix(3000))")
        await bench.stopMining()
        #expect(acknowledged.count == withdrawals)
        #expect(Set(acknowledged.values).count == withdrawals, "\(seed)")
        var paid: Int64 = 0
        for number in 0..<withdrawals {
            let received = try await bench.received(by: TONBench.recipient(number))
            #expect(received.map(\.value) == [amount(number)], "order \(number), \(seed)")
            paid += amount(number)
        }
        let account = try await client.account.get(accountId: alice).account
        #expect(account.available.rawValue == credit - paid, "\(seed)")
        #expect(try await bench.sandbox.state().isConserved, "\(seed)")
        #expect(!server.log.contains("nobody asked for"), "\(seed)")
        let dispatcher = try await client.task.status(task: "payout-dispatcher").task
        #expect(dispatcher.pause == nil, "\(seed)")
        await client.shutDown()
    }
}
