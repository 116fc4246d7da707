// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Telemetry

/// A lease keeper that counts what becomes of the leases it is asked for.
struct MeasuredLeaseKeeper: LeaseKeeper {
    let keeper: any LeaseKeeper
    /// Has `TellerMetrics.leaseChanges`.
    let metrics: MetricsRegistry

    private func note(_ lease: String, _ change: String) {
        metrics.counter(TellerMetrics.leaseChanges, [lease, change]).add()
    }

    func acquire(
        _ name: String, holder: String, life: Duration
    ) async throws(LeaseError) -> Lease {
        let lease = try await keeper.acquire(name, holder: holder, life: life)
        note(name, "taken")
        return lease
    }

    func renew(_ lease: Lease, life: Duration) async throws(LeaseError) {
        do throws(LeaseError) {
            try await keeper.renew(lease, life: life)
        } catch {
            switch error {
            case .lost, .heldByOther: note(lease.name, "lost")
            case .unavailable: note(lease.name, "unanswered")
            }
            throw error
        }
    }

    func release(_ lease: Lease) async throws(LeaseError) {
        try await keeper.release(lease)
        note(lease.name, "given_back")
    }
}
