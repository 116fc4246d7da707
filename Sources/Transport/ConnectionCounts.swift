// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization

/// What a server's connections came to since its start; kept with atomic steps, read at any time.
package final class ConnectionCounts: Sendable {
    /// Why a connection ended before it had spoken HTTP.
    package enum Refusal: Int, Sendable, CaseIterable {
        /// It said something else.
        case notHTTP
        /// It had said too little when its time was up.
        case silent
        /// TLS came to nothing.
        case handshake

        /// As metrics name it.
        package var label: String {
            switch self {
            case .notHTTP: "not_http"
            case .silent: "silent"
            case .handshake: "handshake"
            }
        }
    }

    /// The two protocols a connection can have.
    package struct Protocols: Sendable, Equatable {
        package var http1 = 0
        package var http2 = 0

        package init(http1: Int = 0, http2: Int = 0) {
            self.http1 = http1
            self.http2 = http2
        }
    }

    private let accepted: InlineArray<2, Atomic<Int>> = InlineArray { _ in Atomic(0) }
    private let closed: InlineArray<2, Atomic<Int>> = InlineArray { _ in Atomic(0) }
    private let refusals: InlineArray<3, Atomic<Int>> = InlineArray { _ in Atomic(0) }

    init() {}

    func opened(_ version: HTTPVersion) {
        accepted[Self.index(version)].add(1, ordering: .relaxed)
    }

    func left(_ version: HTTPVersion) {
        closed[Self.index(version)].add(1, ordering: .relaxed)
    }

    func refused(_ reason: Refusal) {
        refusals[reason.rawValue].add(1, ordering: .relaxed)
    }

    private static func index(_ version: HTTPVersion) -> Int { version == .http2 ? 1 : 0 }

    /// Connections that have spoken HTTP since the start.
    package var acceptedTotal: Protocols { read(accepted) }

    /// Those of them that are open.
    package var open: Protocols {
        // In this order: one that opens and closes in between counts as neither.
        let closed = read(closed)
        let accepted = read(accepted)
        return Protocols(
            http1: accepted.http1 - closed.http1, http2: accepted.http2 - closed.http2)
    }

    package func refusedTotal(_ reason: Refusal) -> Int {
        refusals[reason.rawValue].load(ordering: .relaxed)
    }

    private func read(_ counts: borrowing InlineArray<2, Atomic<Int>>) -> Protocols {
        Protocols(
            http1: counts[0].load(ordering: .relaxed), http2: counts[1].load(ordering: .relaxed))
    }
}
