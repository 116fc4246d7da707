// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Supervision
package import TON
package import TONChain

/// Asks every endpoint of the chain from time to time: one that has failed or lagged, and is well
/// again, is found to be so although the others do.
package struct EndpointProbe: Sendable {
    package static let name = "toncenter-probe"
    package static let interval: Duration = .seconds(30)

    private let chain: ChainClient
    private let address: TONAddress
    private let interval: Duration

    /// - Parameters:
    ///   - address: The account that is asked for.
    ///   - interval: From one look to the next.
    package init(
        _ chain: ChainClient, asking address: TONAddress, interval: Duration = Self.interval
    ) {
        self.chain = chain
        self.address = address
        self.interval = interval
    }

    package func run(_ context: ChildContext) async throws {
        while !context.isStopping {
            // Without hurry: what the endpoints were found to be while starting is news itself.
            await context.wait(atMost: interval)
            if context.isStopping { return }
            try Task.checkCancellation()
            await chain.probe(address)
            let statuses = chain.statuses
            context.progress("\(statuses.count { $0.isHealthy }) of \(statuses.count) answer")
        }
    }
}
