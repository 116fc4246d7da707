// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// All upstreams of the process by name, so that operators can see them and policies reach them.
package final class UpstreamRegistry: Sendable {
    package enum Refusal: Error, Equatable {
        /// There is one of that name.
        case duplicate(String)
        /// There are `upstreamsMax`.
        case full
    }

    /// Upstreams are adapters of the program and webhooks of its configuration.
    package static let upstreamsMax = 64

    private let upstreams = Mutex<[String: Upstream]>([:])

    package init() {}

    package func add(_ upstream: Upstream) throws(Refusal) {
        try upstreams.withLock { (upstreams) throws(Refusal) in
            guard upstreams[upstream.name] == nil else { throw .duplicate(upstream.name) }
            guard upstreams.count < Self.upstreamsMax else { throw .full }
            upstreams[upstream.name] = upstream
        }
    }

    /// In the order of their names.
    package var all: [Upstream] {
        upstreams.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    package subscript(_ name: String) -> Upstream? { upstreams.withLock { $0[name] } }
}
