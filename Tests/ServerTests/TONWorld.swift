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

/// Sends count as effects of a process that may die.
struct MortalChain: WalletChain {
    let chain: any WalletChain
    let mortality: Mortality
    /// Added to the balance that the chain tells.
    let lie: Int64

    func state() async throws(WalletChainError) -> WalletState {
        let state = try await chain.state()
        return WalletState(
            time: state.time, balance: Nanotons(state.balance.rawValue + lie) ?? .zero,
            newest: state.newest, seqno: state.seqno, isDeployed: state.isDeployed)
    }

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

struct TONWorld {
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
    ///
    /// - Parameters:
    ///   - lie: added to the balance that the chain tells.
    ///   - trip: told when the books differ.
    func supervisor(
        lie: Int64 = 0,
        trip: @escaping Reconciler.Trip = { Issue.record("the books differ: \($0)") }
    ) throws -> Supervisor {
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
            mortality: store.mortality, lie: lie)
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
            configuration: payments, trip: trip,
            logger: logger)
        return try Supervisor(
            children: workers.children + [
                Child(name: WalletWatcher.name, policy: rules.policy) {
                    try await watcher.run($0)
                }
            ], logger: logger)
    }
}
