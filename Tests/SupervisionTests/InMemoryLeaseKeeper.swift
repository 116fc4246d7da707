// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Synchronization

/// The leases of a cluster as a store has them; pure.
struct LeaseTable: Sendable {
    private var rows: [String: (lease: Lease, expiresAt: Duration)] = [:]

    mutating func acquire(
        _ name: String, holder: String, life: Duration, at now: Duration
    ) throws(LeaseError) -> Lease {
        let row = rows[name]
        if let row, row.lease.holder != holder, row.expiresAt > now {
            throw .heldByOther(row.lease)
        }
        let lease = Lease(name: name, holder: holder, epoch: (row?.lease.epoch ?? 0) + 1)
        rows[name] = (lease, now + life)
        return lease
    }

    mutating func renew(_ lease: Lease, life: Duration, at now: Duration) throws(LeaseError) {
        guard let row = rows[lease.name], row.lease == lease, row.expiresAt > now else {
            throw .lost
        }
        rows[lease.name] = (lease, now + life)
    }

    mutating func release(_ lease: Lease, at now: Duration) throws(LeaseError) {
        guard let row = rows[lease.name], row.lease == lease else { throw .lost }
        rows[lease.name] = (lease, now)
    }

    func holder(of name: String) -> String? { rows[name]?.lease.holder }

    /// Whether the store would take a write that carries this lease.
    func accepts(_ lease: Lease) -> Bool { rows[lease.name]?.lease.epoch == lease.epoch }
}

/// Keeps leases for several instances of one process, under an injected clock.
final class InMemoryLeaseKeeper: Sendable {
    /// What stands between an instance and the keeper.
    enum Line: Sendable { case open, refusing, hanging }

    private let now: @Sendable () -> Duration
    private let table = Mutex(LeaseTable())
    private let lines = Mutex<[String: Line]>([:])

    init(now: @escaping @Sendable () -> Duration) { self.now = now }

    func set(_ line: Line, of instance: String) { lines.withLock { $0[instance] = line } }

    func accepts(_ lease: Lease) -> Bool { table.withLock { $0.accepts(lease) } }

    func keeper(of instance: String) -> any LeaseKeeper { Access(keeper: self, name: instance) }

    private func pass(_ instance: String) async throws(LeaseError) {
        switch lines.withLock({ $0[instance] ?? .open }) {
        case .open: break
        case .refusing: throw .unavailable("cut off")
        case .hanging:
            while !Task.isCancelled { await Task.yield() }
            throw .unavailable("cancelled")
        }
    }

    private struct Access: LeaseKeeper {
        let keeper: InMemoryLeaseKeeper
        let name: String

        func acquire(
            _ name: String, holder: String, life: Duration
        ) async throws(LeaseError) -> Lease {
            try await keeper.pass(self.name)
            return try keeper.table.withLock { (table) throws(LeaseError) in
                try table.acquire(name, holder: holder, life: life, at: keeper.now())
            }
        }

        func renew(_ lease: Lease, life: Duration) async throws(LeaseError) {
            try await keeper.pass(name)
            try keeper.table.withLock { (table) throws(LeaseError) in
                try table.renew(lease, life: life, at: keeper.now())
            }
        }

        func release(_ lease: Lease) async throws(LeaseError) {
            try await keeper.pass(name)
            try keeper.table.withLock { (table) throws(LeaseError) in
                try table.release(lease, at: keeper.now())
            }
        }
    }
}
