// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension PostgresStore {
    /// How the connections of one pool are at the moment.
    package struct PoolUsage: Sendable, Equatable {
        /// `writer`, `reader`, `leases`, `records` or `chain`.
        package let pool: String
        package private(set) var busy = 0
        package private(set) var idle = 0
        /// Not connected: not needed yet, or lost.
        package private(set) var disconnected = 0

        init(pool: String) { self.pool = pool }

        mutating func add(isConnected: Bool, isBusy: Bool) {
            if isBusy {
                busy += 1
            } else if isConnected {
                idle += 1
            } else {
                disconnected += 1
            }
        }
    }
}
