// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import Supervision
import TON
import TONChain
import TONPayments
import TellerProtocol
import TestSupport
import Testing
import Upstream
import Workers

/// The workers that pay, dying before and after every write and every send, one after the other, on
/// a chain that runs the real contracts: each withdrawal is paid once.
@Suite(.serialized) struct TONDeathTests {
    private static let account = AccountKey(
        tenant: .standard, account: Sample.account("alice"))
    /// A payment takes some ten writes, and the watcher's own come between.
    private static let placesMax = 16

    /// Sends count as effects of a process that may die.
    private struct MortalChain: WalletChain {
        let chain: any WalletChain
        let mortality: Mortality

        func state() async throws(WalletChainError) -> WalletState { try await chain.state() }

        func transactions(
            after last: WalletState.Newest?, upTo newest: WalletState.Newest
        ) async throws(WalletChainError) -> [[UInt8]] {
            try await chain.transactions(after: last, upTo: newest)
        }

        func send(_ message: [UInt8]) async throws(WalletChainError) {
            let fate = mortality.next()
            if fate == .lost { throw WalletChainError("dead") }
            try await chain.send(message)
            if fate == .doneUnheard { throw WalletChainError("dead") }
        }
    }

    private struct World {
        static let clock = LedgerClock { RPCClock.system.wall }

        let bench: TONBench
        let store = InMemoryLedgerStore()
        let connections = UpstreamClient()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

        var bookkeeper: Bookkeeper {
            Bookkeeper(
                store: store,
                policy: WithdrawalPolicy(
                    minimum: Sample.amount(1), maximum: Sample.amount(.max / 2), fee: .zero)!,
                clock: Self.clock)
        }

        /// A process with everything that pays.
        func supervisor() throws -> Supervisor {
            let bookkeeper = bookkeeper
            let wallet = try HotWallet(bench.kind.contract, key: bench.key, network: .mainnet)
            let environment = UpstreamEnvironment(
                now: { SteadyTime.system.now() }, sleep: { try await SteadyTime.system.sleep($0) },
                wallClock: { .seconds(1_800_000_000) }, random: { 1 })
            let client = try ToncenterClient(
                ToncenterSettings(
                    name: "toncenter", baseURL: try BaseURL(bench.sandbox.url),
                    callsPerSecond: 1_000), environment: environment
            ) {
                try Upstream($0, policy: $1, client: connections, environment: environment)
            }
            let chain = MortalChain(
                chain: ToncenterWallet(wallet, through: ChainClient([client])),
                mortality: store.mortality)
            var payments = PaymentsConfiguration()
            payments.pollInterval = .milliseconds(50)
            payments.signedLife = .milliseconds(500)
            payments.messageLifeSeconds = 8
            payments.clockDifferenceMax = .seconds(3600)
            var rules = WorkersConfiguration()
            rules.pollInterval = .milliseconds(50)
            rules.sweepInterval = .milliseconds(200)
            rules.processingTimeout = .milliseconds(500)
            rules.evidenceIntervalMin = .milliseconds(50)
            rules.evidenceIntervalMax = .milliseconds(200)
            rules.resubmitInterval = .milliseconds(500)
            let workers = Workers(
                bookkeeper: bookkeeper,
                gateway: TONGateway(
                    wallet: wallet, chain: chain, store: store, ledger: store, clock: Self.clock,
                    configuration: payments, logger: logger), clock: Self.clock,
                configuration: rules, logger: logger)
            let watcher = WalletWatcher(
                wallet: wallet, chain: chain, store: store, bookkeeper: bookkeeper,
                clock: Self.clock,
                configuration: payments, trip: { _ in Issue.record("the books differ") },
                logger: logger)
            return try Supervisor(
                children: workers.children + [
                    Child(name: WalletWatcher.name, policy: rules.policy) {
                        try await watcher.run($0)
                    }
                ], logger: logger)
        }
    }

    @Test(arguments: [TONBench.WalletKind.v5r1, .highload])
    func `a death at any write or send pays nothing twice and loses nothing`(
        kind: TONBench.WalletKind
    ) async throws {
        let world = World(bench: try await TONBench(kind))
        _ = try await world.bookkeeper.credit(
            CreditAccount(
                account: Self.account, amount: Sample.amount(1_000_000_000_000), reference: nil,
                key: nil))
        // The wallet's first transactions are read, and it is deployed, by a process that lives.
        var number = 0
        try await round(world, &number, dyingAt: nil, after: false)
        for place in 0..<Self.placesMax {
            for after in [false, true] {
                try await round(world, &number, dyingAt: place, after: after)
            }
        }
        for recipient in 0..<number {
            let received = try await world.bench.received(by: TONBench.recipient(recipient))
            #expect(received.map(\.value) == [1_000_000 + Int64(recipient)])
        }
        #expect(try await world.bench.sandbox.state().isConserved)
        let audit = try await world.store.audit(after: nil, limit: 10)
        #expect(audit.violations.isEmpty)
        await world.connections.shutdown()
    }

    /// Three withdrawals, paid by a process that dies and one that doesn't.
    private func round(
        _ world: World, _ number: inout Int, dyingAt place: Int?, after: Bool
    ) async throws {
        var ids: [WithdrawalID] = []
        for _ in 0..<3 {
            let outcome = try await world.bookkeeper.createWithdrawal(
                account: Self.account, amount: Sample.amount(1_000_000 + Int64(number)),
                destination: Destination(
                    rawAddress: try TONBench.recipient(number).rawText, isBounceable: false),
                comment: nil, key: nil)
            guard case .created(let withdrawal, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            ids.append(withdrawal.id)
            number += 1
        }
        let mortality = world.store.mortality
        mortality.live(until: place, after: after)
        try await run(world) {
            mortality.isDead ? true : try await isSettled(ids, world)
        }
        mortality.live(until: nil)
        let isPaid = try await run(world) { try await isSettled(ids, world) }
        #expect(isPaid, "place \(place.map { "\($0)" } ?? "none"), after \(after)")
    }

    private func isSettled(_ ids: [WithdrawalID], _ world: World) async throws -> Bool {
        for id in ids where try await world.store.withdrawal(id)?.state != .confirmed {
            return false
        }
        return true
    }

    /// Runs a process until `condition` holds, and stops it.
    @discardableResult
    private func run(_ world: World, until condition: () async throws -> Bool) async throws -> Bool
    {
        let supervisor = try world.supervisor()
        let running = Task { try? await supervisor.run() }
        // What it asks of a dead store throws: that is the death it waits for.
        let isReached = try await eventually(within: 40) { (try? await condition()) ?? true }
        running.cancel()
        _ = await running.value
        return isReached
    }
}
