// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization

/// Counts calls being answered, of one connection and of the process, and holds them to limits.
///
/// The connection's count lives in the connection, so taking a place is two atomic additions.
final class InFlightCalls: Sendable {
    private let total = Atomic<Int>(0)
    private let totalMax: Int
    private let perConnectionMax: Int
    private let counter: @Sendable (HTTPConnectionInfo) -> ConnectionCounter

    /// - Parameter counter: which of the connection's counts to use.
    init(
        totalMax: Int, perConnectionMax: Int,
        counter: @escaping @Sendable (HTTPConnectionInfo) -> ConnectionCounter
    ) {
        self.totalMax = totalMax
        self.perConnectionMax = perConnectionMax
        self.counter = counter
    }

    /// Takes a place; false when there is none. Each place taken must be left again.
    func enter(_ connection: HTTPConnectionInfo) -> Bool {
        guard counter(connection).increment() <= perConnectionMax else {
            counter(connection).decrement()
            return false
        }
        guard total.add(1, ordering: .relaxed).newValue <= totalMax else {
            total.subtract(1, ordering: .relaxed)
            counter(connection).decrement()
            return false
        }
        return true
    }

    func leave(_ connection: HTTPConnectionInfo) {
        total.subtract(1, ordering: .relaxed)
        counter(connection).decrement()
    }

    /// The calls of the whole process.
    var count: Int { total.load(ordering: .relaxed) }
}
