// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Supervision
import TONChain
import TONPayments
import TestSupport
import Testing

/// Several endpoints of one chain: sandboxes that are told the same.
@Suite(.serialized) struct ChainClientTests {
    private struct Replicas {
        let sandboxes: [TONSandbox]

        init(_ count: Int) throws { sandboxes = try (0..<count).map { _ in try TONSandbox() } }

        func deposit(_ amount: Int64, comment: String? = nil) async throws {
            for sandbox in sandboxes {
                try await sandbox.deposit(
                    to: Wallet.rawAddress, amount: amount, comment: comment)
            }
        }

        func mine(blocks: Int = 1, seconds: Int = 5) async throws {
            for sandbox in sandboxes { try await sandbox.mine(blocks: blocks, seconds: seconds) }
        }

        func chain(_ bench: ChainBench, attemptTimeoutMs: Int = 10_000) throws -> ChainClient {
            ChainClient(
                try sandboxes.enumerated().map { index, sandbox in
                    try bench.client(
                        port: sandbox.port, name: "toncenter-\(index + 1)",
                        attemptTimeoutMs: attemptTimeoutMs)
                })
        }
    }

    private static func message() throws -> [UInt8] {
        Array(try #require(Data(base64Encoded: Wallet.firstMessage)))
    }

    @Test func `a replica that falls behind is passed over, and asked again when it has caught up`()
        async throws
    {
        let replicas = try Replicas(2)
        try await replicas.deposit(1_000)
        try await replicas.mine()
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-1")
            try await replicas.mine(blocks: 3)
            try await replicas.sandboxes[0].lag(blocks: 4)
            let state = try await chain.accountState(of: Wallet.address)
            #expect(state.endpoint == "toncenter-2" && state.balance.rawValue == 1_000)
            await chain.probe(Wallet.address)
            #expect(chain.statuses.map(\.lag) == [.seconds(20), .zero])
            #expect(chain.statuses.map(\.isHealthy) == [true, true])
            #expect(chain.newestBlock == state.block)
            // The late one is not even asked while the other one answers.
            let asked = bench.attempts.count
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-2")
            #expect(bench.attempts.count == asked + 1)
            try await replicas.sandboxes[0].lag(blocks: 0)
            await chain.probe(Wallet.address)
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-1")
        }
    }

    @Test func `when all are behind what was seen, or what the caller knows, it is stale`()
        async throws
    {
        let replicas = try Replicas(1)
        try await replicas.mine(blocks: 5)
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            let state = try await chain.accountState(of: Wallet.address)
            try await replicas.sandboxes[0].lag(blocks: 2)
            await #expect(throws: ChainError.stale(endpoint: "toncenter-1", behind: .seconds(10))) {
                try await chain.accountState(of: Wallet.address)
            }
            try await replicas.sandboxes[0].lag(blocks: 0)
            #expect(try await chain.accountState(of: Wallet.address) == state)
            let later = ChainBlock(seqno: state.block.seqno + 1, time: state.block.time + 5)
            await #expect(throws: ChainError.stale(endpoint: "toncenter-1", behind: .seconds(5))) {
                try await chain.accountState(of: Wallet.address, notBefore: later)
            }
        }
    }

    @Test func `an endpoint that is away or hangs costs one call, until a probe finds it again`()
        async throws
    {
        let replicas = try Replicas(2)
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench, attemptTimeoutMs: 400)
            replicas.sandboxes[0].hang()
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-2")
            #expect(chain.statuses.map(\.isHealthy) == [false, true])
            #expect(chain.statuses[0].lastError?.contains("timeout") == true)
            let asked = bench.attempts.count
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-2")
            #expect(bench.attempts.count == asked + 1)
            replicas.sandboxes[0].resume()
            await chain.probe(Wallet.address)
            #expect(chain.statuses.map(\.isHealthy) == [true, true])
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-1")
            for sandbox in replicas.sandboxes { sandbox.stop() }
            let error = await #expect(throws: ChainError.self) {
                try await chain.accountState(of: Wallet.address)
            }
            #expect(error?.description.hasPrefix("toncenter-1: ") == true)
        }
    }

    @Test func `an endpoint that was away is asked first again although another does`() async throws
    {
        let replicas = try Replicas(2)
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench, attemptTimeoutMs: 400)
            replicas.sandboxes[0].hang()
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-2")
            replicas.sandboxes[0].resume()
            let (signs, sign) = AsyncStream.makeStream(of: String.self)
            let probe = EndpointProbe(
                chain, asking: Wallet.address, interval: .milliseconds(20))
            let child = Task {
                try await probe.run(
                    ChildContext(attempt: 1, time: .system) { sign.yield("\($0)") })
            }
            for await text in signs where text.contains("2 of 2 answer") { break }
            #expect(try await chain.accountState(of: Wallet.address).endpoint == "toncenter-1")
            child.cancel()
            _ = await child.result
        }
    }

    @Test func `a message goes to all healthy endpoints, and one that accepts it is enough`()
        async throws
    {
        let replicas = try Replicas(3)
        try await replicas.deposit(2_000_000_000)
        try await replicas.mine()
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            replicas.sandboxes[2].stop()
            try await replicas.sandboxes[0].fault(.error, of: "sendBocReturnHash")
            let result = await chain.send(try Self.message())
            guard case .accepted(.some) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(chain.statuses.map(\.isHealthy) == [false, true, false])
            #expect(try await replicas.sandboxes[1].state().waitingMessages == 1)
            await chain.probe(Wallet.address)
            #expect(chain.statuses.map(\.isHealthy) == [true, true, false])
            _ = await chain.send(try Self.message())
            #expect(try await replicas.sandboxes[0].state().waitingMessages == 1)
            // The one that is away was left out.
            let sent = bench.attempts.filter { $0.endpoint == "toncenter.sendBocReturnHash" }
            #expect(sent.filter { $0.upstream == "toncenter-3" }.count == 1)
            #expect(sent.count == 5)
        }
    }

    @Test func `a refusal says more than silence, and silence is unknown`() async throws {
        let replicas = try Replicas(2)
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            try await replicas.sandboxes[1].fault(.error, of: "sendBocReturnHash")
            let refused = await chain.send(try Self.message())
            #expect(refused == .refused(exitCode: nil, reason: "the account does not exist"))
            for sandbox in replicas.sandboxes {
                try await sandbox.fault(.error, of: "sendBocReturnHash", count: 2)
            }
            guard case .unknown(.unavailable) = await chain.send(try Self.message()) else {
                Issue.record("not unknown")
                return
            }
        }
    }

    @Test func `a page comes from one that has the transaction`() async throws {
        let replicas = try Replicas(2)
        for amount in Int64(1)...3 {
            try await replicas.deposit(amount)
            try await replicas.mine()
        }
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            let state = try await chain.accountState(of: Wallet.address)
            let newest = try #require(state.lastTransaction)
            try await replicas.sandboxes[0].lag(blocks: 1)
            let walk = try await chain.transactions(
                of: Wallet.address, from: newest, downTo: nil, pagesMax: 10)
            #expect(walk.isDone && walk.rows.count == 3 && walk.rows.last?.reference == newest)
            #expect(chain.statuses.map(\.isHealthy) == [true, true])
            try await replicas.sandboxes[1].lag(blocks: 1)
            await #expect(
                throws: ChainError.unknownTransaction(endpoint: "toncenter-1", lt: newest.lt)
            ) {
                try await chain.transactions(
                    of: Wallet.address, from: newest, downTo: nil, pagesMax: 10)
            }
        }
    }

    @Test func `hundreds of transactions are read back to the cursor, through faults, in parts`()
        async throws
    {
        let replicas = try Replicas(1)
        let sandbox = replicas.sandboxes[0]
        for number in 1...330 {
            try await replicas.deposit(Int64(number) * 1_000, comment: "memo-\(number)")
            if number % 30 == 0 { try await replicas.mine() }
        }
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            let state = try await chain.accountState(of: Wallet.address)
            let newest = try #require(state.lastTransaction)
            let all = try await chain.transactions(
                of: Wallet.address, from: newest, downTo: nil, pagesMax: 20)
            let arrived = try await sandbox.received(by: Wallet.rawAddress)
            #expect(all.isDone && all.rows.count == 330 && arrived.count == 330)
            #expect(all.rows.map(\.reference.lt) == arrived.map(\.lt))
            let cursor = all.rows[29].reference
            var walk = try await chain.transactions(
                of: Wallet.address, from: newest, downTo: cursor, pagesMax: 2)
            #expect(!walk.isDone && walk.pagesRead == 2)
            // A failure leaves the walk as it is.
            try await sandbox.fault(.hangup, of: "getTransactions")
            await #expect(throws: ChainError.self) {
                try await chain.advance(&walk, of: Wallet.address)
            }
            while !walk.isDone { try await chain.advance(&walk, of: Wallet.address) }
            #expect(walk.rows == Array(all.rows[30...]) && walk.isWhole)
            // A cursor that this chain does not know.
            let foreign = TransactionReference(
                lt: cursor.lt, hash: [UInt8](repeating: 7, count: 32))
            let error = await #expect(throws: ChainError.self) {
                try await chain.transactions(
                    of: Wallet.address, from: newest, downTo: foreign, pagesMax: 20)
            }
            guard case .inconsistent? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `a message is traced to its transaction, with how far the indexer has come`()
        async throws
    {
        let replicas = try Replicas(1)
        try await replicas.deposit(2_000_000_000)
        try await replicas.mine()
        try await ChainBench.with { bench in
            let chain = try replicas.chain(bench)
            guard case .accepted(let hash?) = await chain.send(try Self.message()) else {
                Issue.record("not accepted")
                return
            }
            #expect(try await chain.trace(message: hash).transactions == [])
            try await replicas.mine()
            let (transactions, indexed) = try await chain.trace(message: hash)
            let state = try await chain.accountState(of: Wallet.address)
            #expect(transactions.map(\.reference) == [state.lastTransaction])
            #expect(indexed == state.block)
        }
    }
}
