// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import MarketKeeping
import Marketplaces
import Resilience
import Supervision
import TON
import TONPayments
import Workers

/// The accounts at marketplaces, and what is done there.
struct Markets: Sendable {
    let entries: [MarketDesk.Entry]
    /// Their workers, one each.
    let children: [Child]
    private let store: any MarketStore
    private let clock: LedgerClock

    /// - Parameters:
    ///   - arrivals: where the money of withdrawals arrives; nil without a hot wallet.
    init(
        _ configuration: ServerConfiguration, upstreams: UpstreamBoard, store: any MarketStore,
        arrivals: MarketKeeper.Arrivals?, clock: LedgerClock, logger: Logger
    ) throws {
        self.store = store
        self.clock = clock
        var (entries, children): ([MarketDesk.Entry], [Child]) = ([], [])
        for settings in configuration.markets {
            let market = try settings.marketplace(on: upstreams)
            let keeper = MarketKeeper(
                market: market, store: store, arrivals: arrivals, clock: clock,
                configuration: settings.keeping, logger: logger)
            // Nothing must be bought for a moment while it is paused when the program starts.
            children.append(
                keeper.child(policy: Self.policy, scope: .leader, needs: [TaskBoard.childName]))
            entries.append(
                MarketDesk.Entry(
                    market: market, kind: .init(settings.name), canWithdraw: arrivals != nil))
            logger.notice(
                "an account at a marketplace",
                metadata: [
                    "market": "\(market.name)", "withdrawals": "\(arrivals != nil)",
                    "senders": "\(settings.keeping.senders.count)",
                ])
        }
        self.entries = entries
        self.children = children
    }

    /// A turn makes several calls, and each may take a minute.
    private static var policy: ChildPolicy {
        var policy = WorkersConfiguration().policy
        policy.backoff.cap = .seconds(10)
        policy.heartbeatTimeout = .seconds(600)
        return policy
    }

    var desk: MarketDesk { MarketDesk(entries, store: store, clock: clock) }
}

extension MarketSettings {
    /// The adapter, with its upstreams on the board.
    func marketplace(on board: UpstreamBoard) throws -> any Marketplace {
        var configuration = MarketplaceConfiguration(
            name: name.rawValue, market: market, initData: InitDataFromSource(initData))
        configuration.callInterval = callInterval
        configuration.network = network
        return try configuration.marketplace(environment: board.environment) {
            try board.add($0, policy: $1)
        }
    }
}

extension TONPayer {
    /// Where the money of withdrawals from marketplaces arrives.
    func arrivals(_ store: any ChainStore) -> MarketKeeper.Arrivals {
        MarketKeeper.Arrivals(store: store, wallet: wallet.wallet.address)
    }
}
