// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Resilience
import Supervision
import TON
import TONChain
import TONPayments
import Telemetry
import TellerProtocol
import Upstream
import Workers

/// What pays on TON: the hot wallet, its gateway and its watcher.
struct TONPayer: Sendable {
    let wallet: HotWallet
    let gateway: TONGateway
    let watcher: WalletWatcher
    private let chain: ChainClient
    private let payments: PaymentsConfiguration

    /// nil when something else pays.
    ///
    /// - Throws: when the key can't be read.
    init?(
        _ configuration: ServerConfiguration, upstreams: UpstreamBoard, store: any ChainStore,
        bookkeeper: Bookkeeper, board: TaskBoard, clock: LedgerClock, logger: Logger
    ) throws {
        guard let settings = configuration.ton else { return nil }
        wallet = try HotWallet(settings, on: configuration.network)
        payments = settings.payments
        chain = try settings.chain(on: upstreams)
        let shown = ToncenterWallet(wallet, through: chain)
        gateway = TONGateway(
            wallet: wallet, chain: shown, store: store, ledger: bookkeeper.store, clock: clock,
            configuration: payments, logger: logger)
        watcher = WalletWatcher(
            wallet: wallet, chain: shown, store: store, bookkeeper: bookkeeper, clock: clock,
            configuration: payments,
            trip: { try await board.stopPayouts(because: $0, at: clock.now()) }, logger: logger)
        logger.notice(
            "paying on TON",
            metadata: ["wallet": "\(wallet.friendlyText)", "raw": "\(wallet.name)"])
    }

    /// The chain takes seconds: looks for evidence need not be as close as a simulator's.
    var rules: WorkersConfiguration {
        var rules = WorkersConfiguration()
        rules.batchPayoutsMax = 255
        rules.evidenceIntervalMin = .milliseconds(250)
        return rules
    }

    /// One endpoint needs no probe: it is asked in any case.
    var children: [Child] {
        var policy = WorkersConfiguration().policy
        policy.backoff.cap = .seconds(5)
        let watching = Child(name: WalletWatcher.name, policy: policy, scope: .leader) {
            [watcher] context in
            try await watcher.run(context)
        }
        guard chain.statuses.count > 1 else { return [watching] }
        let probe = EndpointProbe(chain, asking: wallet.wallet.address)
        // Longer than a call with its retries.
        policy.heartbeatTimeout = .seconds(120)
        return [
            watching,
            Child(name: EndpointProbe.name, policy: policy) { context in
                try await probe.run(context)
            },
        ]
    }

    func desk(_ store: any ChainStore) -> DepositDesk {
        DepositDesk(store: store, wallet: wallet.name, address: wallet.friendlyText)
    }

    var collector: MetricsCollector {
        ServerCollectors.wallet(named: wallet.name) { [watcher] in watcher.report }
    }
}

extension TONSettings {
    /// One upstream for each endpoint.
    func chain(on board: UpstreamBoard) throws -> ChainClient {
        let clients = try endpoints.enumerated().map { index, endpoint in
            let settings = ToncenterSettings(
                name: index == 0 ? "toncenter" : "toncenter-\(index + 1)", baseURL: endpoint.url,
                apiKey: endpoint.apiKey, callsPerSecond: requestsPerSecond)
            return try ToncenterClient(settings, environment: board.environment) {
                try board.add($0, policy: $1)
            }
        }
        return ChainClient(clients)
    }
}

extension HotWallet {
    /// The configured one, with its key.
    init(_ settings: TONSettings, on network: TONNetwork) throws {
        let key = try WalletKey(from: settings.key, password: settings.keyPassword)
        try self.init(settings.contract, key: key, network: network)
    }
}
