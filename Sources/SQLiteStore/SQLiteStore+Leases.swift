// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
package import Supervision
import TellerProtocol

/// Judged by the machine's clock: a file has one machine.
extension SQLiteStore: LeaseKeeper {
    package func acquire(
        _ name: String, holder: String, life: Duration
    ) async throws(LeaseError) -> Lease {
        let (isGranted, lease) = try await call { database in
            let now = WallTime.system.now().wholeMilliseconds
            let row = try Row.fetchOne(
                database,
                sql: """
                    INSERT INTO leases AS l (name, holder, epoch, expires_at) VALUES (?1, ?2, 1, ?3)
                    ON CONFLICT (name) DO UPDATE
                    SET holder = excluded.holder, epoch = l.epoch + 1,
                        expires_at = excluded.expires_at
                    WHERE l.holder = excluded.holder OR l.expires_at <= ?4
                    RETURNING holder, epoch
                    """, arguments: [name, holder, now + life.wholeMilliseconds, now])
            let current =
                try row
                ?? Row.fetchOne(
                    database, sql: "SELECT holder, epoch FROM leases WHERE name = ?",
                    arguments: [name])
            guard let current else {
                throw StoreError(.corrupt, "the lease \(name) is gone")
            }
            let lease = Lease(
                name: name, holder: try current.value(0), epoch: try current.value(1))
            return (row != nil, lease)
        }
        guard isGranted else { throw .heldByOther(lease) }
        return lease
    }

    package func renew(_ lease: Lease, life: Duration) async throws(LeaseError) {
        try await change(lease) { now in (until: now + life.wholeMilliseconds, isLive: true) }
    }

    package func release(_ lease: Lease) async throws(LeaseError) {
        try await change(lease) { now in (until: now, isLive: false) }
    }

    /// Sets the lease's end, if it is still this one.
    ///
    /// - Parameter end: from now, the new end and whether the old one must not be over.
    private func change(
        _ lease: Lease, _ end: @escaping @Sendable (Int64) -> (until: Int64, isLive: Bool)
    ) async throws(LeaseError) {
        let isDone = try await call { database in
            let now = WallTime.system.now().wholeMilliseconds
            let (until, isLive) = end(now)
            try database.execute(
                sql: """
                    UPDATE leases SET expires_at = ?
                    WHERE name = ? AND holder = ? AND epoch = ? AND expires_at > ?
                    """,
                arguments: [
                    until, lease.name, lease.holder, lease.epoch, isLive ? now : Int64.min,
                ])
            return database.changesCount == 1
        }
        guard isDone else { throw .lost }
    }

    private func call<Value: Sendable>(
        _ change: @escaping @Sendable (Database) throws -> Value
    ) async throws(LeaseError) -> Value {
        do throws(StoreError) {
            return try await write(change)
        } catch {
            throw .unavailable(error.debugDescription)
        }
    }
}
