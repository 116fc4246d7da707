// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import Supervision
import Synchronization
import TellerProtocol
import TestSupport
import Testing

/// Advances at once, against the ledger, a takeover, and a server that dies.
@Suite struct WalletRaceTests {
    private let wallet = ChainSample.wallet
    private let accounts = (0..<6).map { Sample.account("a\($0)") }

    @Test(arguments: StoreKind.allCases)
    func `of advances from one position, one is written, whatever else the ledger does`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let stores = [try fixture.openChainAgain(), try fixture.openChainAgain()]
        let rounds: Int64 = 20
        let customer = Customer(of: fixture.store, accounts)
        for version in 0..<rounds {
            let results = try await withThrowingTaskGroup(of: WalletAdvanceResult.self) { group in
                for number in 0..<4 {
                    let advance = ChainSample.deposits(from: version, to: accounts)
                    group.addTask {
                        try await stores[number % 2].advance(advance, at: Sample.now)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.filter(\.isAdvanced).count == 1)
            #expect(results.filter { $0 == .moved }.count == 3)
        }
        let credited = try await customer.leave()
        #expect(try await stores[0].position(of: wallet)?.version == rounds)
        let deposits = try await stores[0].deposits(
            of: wallet, state: nil, before: nil, limit: 1000)
        #expect(deposits.count == Int(rounds) * accounts.count)
        for account in accounts {
            let money = try #require(try await fixture.store.account(account))
            #expect(
                money.available.rawValue + money.held.rawValue == rounds * 10 + credited)
        }
        #expect(try await fixture.store.audit(after: nil, limit: 99).violations == [])
        if kind != .inMemory { for store in stores { await store.close() } }
    }

    @Test(arguments: StoreKind.allCases)
    func `a deposit that many assign at once is credited once`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let stores = [try fixture.chain, try fixture.openChainAgain()]
        var advance = ChainSample.advance(from: 0)
        advance.deposits = (1...8).map { ChainSample.deposit($0) }
        #expect(try await stores[0].advance(advance, at: Sample.now).isAdvanced)
        for lt: LogicalTime in 1...8 {
            let outcomes = try await withThrowingTaskGroup(of: LedgerOutcome?.self) { group in
                for (number, account) in accounts.enumerated() {
                    let command = CreditAccount(
                        account: account, amount: Sample.amount(10), reference: nil,
                        key: number % 3 == 0 ? nil : Sample.key("\(lt)-\(number)"))
                    group.addTask {
                        try await stores[number % 2].assignDeposit(
                            wallet: ChainSample.wallet, lt: lt, by: command, at: Sample.now)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.compactMap { $0 }.count == 1)
        }
        #expect(try await fixture.store.totals().available == Sample.amount(80))
        for deposit in try await stores[1].deposits(
            of: wallet, state: .assigned, before: nil, limit: 9)
        {
            let account = try #require(deposit.account)
            #expect(try await fixture.store.account(account) != nil)
        }
        #expect(try await fixture.store.audit(after: nil, limit: 99).violations == [])
    }

    // MARK: - A takeover

    @Test(arguments: StoreKind.durable)
    func `nothing of an old leader is written after the new one has begun`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let other = try fixture.openChainAgain()
        let leases = try #require(other as? any ClusterStore)
        let old = try await fixture.cluster.acquire("watch", holder: "a", life: .seconds(3600))
        let (chain, accounts) = (try fixture.chain, accounts)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        let leader = Task {
            for version: Int64 in 0... {
                let advance = ChainSample.deposits(
                    from: version, to: accounts, fence: Fence(lease: old.name, epoch: old.epoch))
                let result = try await chain.advance(advance, at: Sample.now)
                guard result.isAdvanced else { return result }
                signal.yield()
                // SQLite's lock is not handed on in turn.
                try await Task.sleep(for: .milliseconds(2))
            }
            throw CancellationError()
        }
        for await _ in begun { break }
        try fixture.expire("watch")
        _ = try await leases.acquire("watch", holder: "b", life: .seconds(3600))
        let atTakeover = try #require(try await other.position(of: wallet))
        #expect(try await leader.value == .fenced)
        #expect(try await other.position(of: wallet) == atTakeover)
        #expect(
            try await other.totals().available
                == Sample.amount(atTakeover.version * 10 * Int64(accounts.count)))
        await other.close()
    }

    @Test func `a takeover waits for an advance that has begun, and is before one that has not`()
        async throws
    {
        let fixture = try StoreKind.postgres.open()
        let chain = try fixture.chain
        let old = try await fixture.cluster.acquire("watch", holder: "a", life: .seconds(3600))
        let fence = Fence(lease: old.name, epoch: old.epoch)
        let first = ChainSample.deposits(from: 0, to: accounts, fence: fence)
        #expect(try await chain.advance(first, at: Sample.now).isAdvanced)

        // The advance has the lease's row, and stands before the position's.
        let other = try Bystander(fixture, holding: "SELECT 1 FROM wallet_positions FOR UPDATE")
        async let second = chain.advance(
            ChainSample.deposits(from: 1, to: accounts, fence: fence), at: Sample.now)
        try await other.waits()
        let takeover = "UPDATE leases SET holder = 'b', epoch = epoch + 1"
        #expect {
            _ = try Bystander(fixture, holding: "SET lock_timeout = '50ms'; \(takeover)")
        } throws: { error in
            // lock_not_available
            (error as? StoreError)?.detail.hasPrefix("55P03") == true
        }
        try other.commit()
        #expect(try await second.isAdvanced)

        let heir = try Bystander(fixture, holding: takeover)
        async let third = chain.advance(
            ChainSample.deposits(from: 2, to: accounts, fence: fence), at: Sample.now)
        try await heir.waits()
        try heir.commit()
        #expect(try await third == .fenced)
        #expect(try await chain.position(of: wallet)?.version == 2)
    }

    // MARK: - A server that dies

    @Test func `a server that dies leaves all of an advance or nothing`() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let store = try PostgresStore(
            connectionString: try cluster.makeDatabase(), outcomeLifeMilliseconds: 1_000_000,
            readers: 1, logger: Logger(label: "test"))
        var version: Int64 = 0
        for round in 0..<3 {
            let message = ChainSample.message(Int64(round), sequence: Int64(round))
            #expect(try await store.add(message, fence: nil))
            #expect(
                try await store.moveMessage(
                    message.hash, from: .signed, to: .released, at: Sample.now, fence: nil))
            version = try await advanceUntilFailure(store, from: version, ending: message) {
                try cluster.stop(.immediate)
            }
            try cluster.start()
            try await eventually { try await store.ping() }

            // The one whose answer is missing may be there.
            let kept = try await store.position(of: wallet)?.version ?? 0
            #expect(kept == version || kept == version + 1)
            version = kept
            let deposits = try await store.deposits(
                of: wallet, state: nil, before: nil, limit: 1_000_000)
            #expect(deposits.count == Int(version) * accounts.count)
            #expect(
                try await store.totals().available
                    == Sample.amount(version * 10 * Int64(accounts.count)))
            let ended = try await store.messages([message.hash])[message.hash]
            #expect(
                ended?.transactionHash
                    == (version > 0 ? ChainSample.hash(version) : nil), "round \(round)")
        }
        print("\(version) advances were made")
        #expect(try await store.audit(after: nil, limit: 99).violations == [])
        await store.close()
    }

    /// Each advance names itself in the message's end. The server is stopped in the middle of them.
    ///
    /// - Returns: the version of the last one that was acknowledged.
    private func advanceUntilFailure(
        _ store: PostgresStore, from version: Int64, ending message: PayoutMessage,
        stop: @escaping @Sendable () throws -> Void
    ) async throws -> Int64 {
        let start = version
        var version = version
        var stopper: Task<Void, any Error>?
        while version < start + 100_000 {
            if version == start + 10 { stopper = Task.detached { try stop() } }
            var advance = ChainSample.deposits(from: version, to: accounts)
            var ended = message
            ended.state = .executed
            ended.transactionHash = ChainSample.hash(version + 1)
            advance.messages = [ended]
            do throws(StoreError) {
                let result = try await store.advance(advance, at: Sample.now)
                #expect(result.isAdvanced, "\(result)")
            } catch {
                #expect([.unavailable, .outcomeUnknown].contains(error.code))
                break
            }
            version += 1
        }
        try await stopper?.value
        #expect(version >= start + 10)
        return version
    }
}

extension Bystander {
    /// Returns when something waits for its locks.
    fileprivate func waits() async throws {
        try await eventually {
            guard try isWaitedFor() else { throw StoreError(.unavailable, "nothing waits") }
        }
    }
}

/// Credits and withdraws beside what a test does, each account alike.
private final class Customer: Sendable {
    private let isLeaving = Atomic<Bool>(false)
    private let work: AsyncStream<Result<Int64, any Error>>

    init(of store: any LedgerStore, _ accounts: [AccountKey]) {
        let (work, end) = AsyncStream<Result<Int64, any Error>>.makeStream()
        self.work = work
        // A thread of its own: it blocks.
        Thread { [self] in
            end.yield(Result { try run(store, accounts) })
            end.finish()
        }.start()
    }

    private func run(_ store: any LedgerStore, _ accounts: [AccountKey]) throws -> Int64 {
        var credited: Int64 = 0
        repeat {
            let commands = accounts.flatMap {
                [Sample.credit($0, 1), Sample.create($0, 1, fee: 0)]
            }
            let outcomes = try store.commit(commands, at: Sample.now)
            #expect(outcomes.allSatisfy { $0.refusal == nil })
            credited += 1
            // SQLite's lock is not handed on in turn.
            usleep(2_000)
        } while !isLeaving.load(ordering: .relaxed)
        return credited
    }

    /// - Returns: how much each account was credited.
    func leave() async throws -> Int64 {
        isLeaving.store(true, ordering: .relaxed)
        for await result in work { return try result.get() }
        throw CancellationError()
    }
}
