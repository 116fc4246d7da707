// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Resilience
import TONChain
import TestSupport
import Testing
import Upstream

/// One endpoint, with contracts that really run and faults that really happen.
@Suite(.serialized) struct ToncenterSandboxTests {
    private static func message() throws -> [UInt8] {
        Array(try #require(Data(base64Encoded: Wallet.firstMessage)))
    }

    private static func funded() async throws -> TONSandbox {
        let sandbox = try TONSandbox()
        try await sandbox.deposit(to: Wallet.rawAddress, amount: 2_000_000_000)
        try await sandbox.mine()
        return sandbox
    }

    @Test func `a message is accepted, executed and found, and its copy is refused`() async throws {
        let sandbox = try await Self.funded()
        try await ChainBench.with { bench in
            let client = try bench.client(port: sandbox.port)
            let before = try await client.accountState(of: Wallet.address)
            #expect(before.status == .uninitialized && before.code == nil)
            #expect(before.balance.rawValue == 2_000_000_000)
            guard case .accepted(let hash?) = await client.send(try Self.message()) else {
                Issue.record("not accepted")
                return
            }
            #expect(hash.map { String(format: "%02x", $0) }.joined() == Wallet.normalizedHash)
            let block = try await sandbox.mine(seconds: 5)
            let after = try await client.accountState(of: Wallet.address)
            #expect(after.status == .active && after.code != nil && after.data != nil)
            #expect(after.block.time == Int64(block.now) && Int(after.block.seqno) == block.block)
            #expect(after.balance < before.balance)
            let rows = try await client.transactions(of: Wallet.address)
            #expect(rows.count == 2 && rows[0].reference == after.lastTransaction)
            #expect(rows[0].time == Int64(block.now) && rows[0].boc.starts(with: [0xB5, 0xEE]))
            let seqno = try await client.runGetMethod("seqno", of: Wallet.address)
            #expect(seqno.isSuccess && seqno.stack == [.number("0x1")])
            let traced = try await client.transactions(byMessage: hash)
            #expect(traced.map(\.reference) == [rows[0].reference] && !traced[0].isAborted)
            #expect(try await client.indexedBlock() == after.block)
            #expect(try await client.masterchainSeqno() == after.block.seqno)
            guard case .refused(let code, _) = await client.send(try Self.message()) else {
                Issue.record("not refused")
                return
            }
            #expect(code == Wallet.exitCodeOfWrongSeqno)
            #expect(bench.classes.allSatisfy { $0 == .succeeded })
        }
    }

    @Test func `a message to nobody, and what is none, are refused without an exit code`()
        async throws
    {
        let sandbox = try TONSandbox()
        try await ChainBench.with { bench in
            let client = try bench.client(port: sandbox.port, attemptsMax: 3)
            #expect(
                await client.send(try Self.message())
                    == .refused(exitCode: nil, reason: "the account does not exist"))
            #expect(
                await client.send([1, 2, 3])
                    == .refused(exitCode: nil, reason: "it is not a message"))
            #expect(bench.classes == [.succeeded, .succeeded])
        }
    }

    @Test(arguments: TONSandbox.FaultKind.allCases)
    func `whatever happens to a send, the same bytes are sent again and executed once`(
        fault: TONSandbox.FaultKind
    ) async throws {
        let sandbox = try await Self.funded()
        try await ChainBench.with { bench in
            let client = try bench.client(
                port: sandbox.port, attemptsMax: 2, attemptTimeoutMs: 500)
            try await sandbox.fault(
                fault, of: "sendBocReturnHash", delay: .milliseconds(1_000))
            guard case .accepted = await client.send(try Self.message()) else {
                Issue.record("not accepted")
                return
            }
            let expected: [CallClass] =
                switch fault {
                case .error, .lostResponse: [.server, .succeeded]
                case .rateLimit: [.tooManyRequests, .succeeded]
                case .hangup: [.protocol, .succeeded]
                case .delay: [.timeout, .succeeded]
                case .drop: [.succeeded]
                }
            #expect(bench.classes == expected)
            // The delayed one comes after its successor.
            if fault == .delay { try await Task.sleep(for: .milliseconds(800)) }
            try await sandbox.mine()
            let rows = try await client.transactions(of: Wallet.address)
            #expect(rows.count == (fault == .drop ? 1 : 2))
            #expect(try await sandbox.state().isConserved)
        }
    }

    @Test(arguments: [TONSandbox.FaultKind.error, .rateLimit, .lostResponse, .hangup, .delay])
    func `a read that fails is made again`(fault: TONSandbox.FaultKind) async throws {
        let sandbox = try await Self.funded()
        try await ChainBench.with { bench in
            let client = try bench.client(
                port: sandbox.port, attemptsMax: 2, attemptTimeoutMs: 500)
            for method in ["getAddressInformation", "getTransactions"] {
                try await sandbox.fault(fault, of: method, delay: .milliseconds(1_000))
            }
            let state = try await client.accountState(of: Wallet.address)
            #expect(state.balance.rawValue == 2_000_000_000)
            #expect(try await client.transactions(of: Wallet.address).count == 1)
            #expect(bench.attempts.filter { $0.callClass != .succeeded }.count == 2)
        }
    }

    @Test func `the key is sent, a wrong one is refused, and neither is told`() async throws {
        var options = TONSandbox.Options()
        options.apiKey = "key-1234567890"
        let sandbox = try TONSandbox(options)
        try await ChainBench.with { bench in
            let right = try bench.client(port: sandbox.port, apiKey: "key-1234567890")
            #expect(right.settings.callsPerSecond == ToncenterSettings.callsPerSecondMax)
            for _ in 0..<5 { _ = try await right.accountState(of: Wallet.address) }
            let wrong = try bench.client(port: sandbox.port, apiKey: "key-0987654321")
            let error = await #expect(throws: ChainError.self) {
                try await wrong.accountState(of: Wallet.address)
            }
            guard case .refused(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.status == 401)
            #expect(!String(reflecting: cause).contains("0987654321"))
        }
    }

    @Test(arguments: [(nil, 1, 3), ("key-1", 10, 14)] as [(String?, Int, Int)])
    func `calls keep to what the key allows`(key: String?, rate: Int, calls: Int) async throws {
        var options = TONSandbox.Options()
        options.apiKey = "key-1"
        options.requestsPerSecond = 10
        let sandbox = try TONSandbox(options)
        try await ChainBench.with { bench in
            let client = try bench.client(
                port: sandbox.port, apiKey: key, callsPerSecond: nil, attemptsMax: 3)
            #expect(client.settings.callsPerSecond == rate)
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<calls {
                    group.addTask { _ = try await client.accountState(of: Wallet.address) }
                }
                try await group.waitForAll()
            }
            #expect(ContinuousClock.now - start >= .seconds(Double(calls - 1) / Double(rate)))
            #expect(bench.classes.filter { $0 == .succeeded }.count == calls)
            // A busy machine may bring two turns together.
            #expect(bench.classes.filter { $0 != .succeeded }.count <= 1)
        }
    }

    @Test func `a call that waits for its turn leaves when its caller does`() async throws {
        let sandbox = try TONSandbox()
        try await ChainBench.with { bench in
            let client = try bench.client(port: sandbox.port, callsPerSecond: 1)
            _ = try await client.accountState(of: Wallet.address)
            let waiting = Task { try await client.accountState(of: Wallet.address) }
            waiting.cancel()
            let result = await waiting.result
            #expect(throws: ChainError.cancelled) { try result.get() }
            #expect(bench.attempts.count == 1)
        }
    }

    @Test func `a call whose turn would come too late is told that it is crowded`() async throws {
        let sandbox = try TONSandbox()
        try await ChainBench.with { bench in
            let client = try bench.client(port: sandbox.port, callsPerSecond: 1)
            let crowded = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<22 {
                    group.addTask {
                        do throws(ChainError) {
                            _ = try await client.accountState(of: Wallet.address)
                            return false
                        } catch {
                            return error == .crowded(endpoint: "toncenter")
                        }
                    }
                }
                // 20 s hold the turns of 20 calls at the most.
                for await isCrowded in group where isCrowded {
                    group.cancelAll()
                    return true
                }
                return false
            }
            #expect(crowded)
        }
    }
}
