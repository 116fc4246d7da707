// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience
package import TON
package import Upstream

/// One account at a marketplace: who it is, how it is called, and which of the marketplace's ways
/// hold. `docs/marketplaces.md` says what each means and where its default comes from.
package struct MarketplaceConfiguration: Sendable {
    /// Which marketplace, with what is its own.
    package enum Market: Sendable {
        case mrkt(MrktSettings)
        case portals(PortalsSettings)
        case tonnel(TonnelSettings)
    }

    /// The name of the adapter and of its `Upstream`s: `mrkt`, `portals-2`.
    package var name: String
    package var market: Market
    /// Gives the account's credentials.
    package var initData: any InitDataSource
    /// From one call of the account to the next, at the least.
    package var callInterval = Duration.seconds(1)
    /// The chain of the wallets it names.
    package var network = TONNetwork.mainnet

    package init(name: String, market: Market, initData: any InitDataSource) {
        self.name = name
        self.market = market
        self.initData = initData
    }

    /// How calls are tried, where operators say nothing else: an attempt takes 15 seconds at most,
    /// and the next comes a second later or more. An edge that answers HTML is tried again too.
    /// Few calls are made, so the breaker looks far back.
    package static var policy: CheckedRetryPolicy {
        get throws(CheckedRetryPolicy.Refusal) {
            var policy = RetryPolicy.default
            policy.attemptTimeoutMs = 15_000
            policy.deadlineMs = 60_000
            policy.backoff.baseMs = 2_000
            policy.backoff.capMs = 8_000
            policy.backoff.jitter = .equal
            policy.retryable.insert(.protocol)
            policy.breaker.windowMs = 60_000
            policy.breaker.callsMin = 10
            return try CheckedRetryPolicy(policy)
        }
    }

    /// Makes the adapter.
    ///
    /// - Parameters:
    ///   - environment: Of the upstreams that are made.
    ///   - makeUpstream: Makes each upstream that calls go through, and lists it. Their names are
    ///     the adapter's, and the adapter's with a suffix.
    package func marketplace(
        environment: UpstreamEnvironment,
        makeUpstream: (UpstreamConfiguration, CheckedRetryPolicy) throws -> Upstream
    ) throws -> any Marketplace {
        let calls = MarketCalls(name: name, interval: callInterval, environment: environment)
        let make = { try makeUpstream($0, Self.policy) }
        return switch market {
        case .mrkt(let settings):
            try MrktMarketplace(self, settings, calls, makeUpstream: make)
        case .portals(let settings):
            try PortalsMarketplace(self, settings, calls, makeUpstream: make)
        case .tonnel(let settings):
            try TonnelMarketplace(self, settings, calls, makeUpstream: make)
        }
    }
}
