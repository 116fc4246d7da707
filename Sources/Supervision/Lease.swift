// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The right to run one leader-scoped child.
package struct Lease: Sendable, Equatable {
    package let name: String
    /// The instance that has it.
    package let holder: String
    /// Grows with every acquisition; a write that carries an older one is refused.
    package let epoch: Int64

    package init(name: String, holder: String, epoch: Int64) {
        self.name = name
        self.holder = holder
        self.epoch = epoch
    }
}

/// A lease as its holder counts it.
package struct HeldLease: Sendable, Equatable {
    package let lease: Lease
    /// Until when the holder may act on it, on its own steady clock.
    package let until: Duration

    package init(_ lease: Lease, until: Duration) {
        self.lease = lease
        self.until = until
    }
}

/// Why a lease could not be had, kept or given back.
package enum LeaseError: Error, Sendable, Equatable {
    /// Another instance has it.
    case heldByOther(Lease)
    /// It is not this instance's, or no longer in this epoch.
    case lost
    /// The store can't be asked, or didn't answer in time.
    case unavailable(String)
}

/// Where the leases of a cluster are kept.
///
/// Each call is atomic and judges by the store's one clock. Calls return soon after their task is
/// cancelled; what became of such a call may stay unknown.
package protocol LeaseKeeper: Sendable {
    /// Takes the lease if nobody else holds it, also when `holder` itself does; the epoch rises by
    /// one, and the lease lives for `life` from now.
    func acquire(
        _ name: String, holder: String, life: Duration
    ) async throws(LeaseError) -> Lease

    /// Lets the lease live for `life` from now, in the same epoch; throws `lost` when that is over.
    func renew(_ lease: Lease, life: Duration) async throws(LeaseError)

    /// Gives the lease back, so that another need not wait for its end. Harmless when it is lost.
    func release(_ lease: Lease) async throws(LeaseError)
}

/// The rhythm of leases.
///
/// A holder counts from when it *sent* its last successful request, the store from when it
/// carried it out, which is later: so the holder's `holdTime` is over at least `life - holdTime`
/// before the store lets anyone else in, however slow the network is. A leader that dies is
/// followed within `life + pollInterval + callTimeMax`: 8 seconds.
package struct LeasePolicy: Sendable, Equatable {
    /// How long a lease lives in the store without renewal.
    package var life: Duration = .seconds(6)
    /// From one renewal's request to the next.
    package var renewInterval: Duration = .seconds(2)
    /// How long after its last successful request a holder acts on the lease; less than `life`.
    package var holdTime: Duration = .seconds(4)
    /// From a renewal that failed to the next.
    package var retryInterval: Duration = .milliseconds(500)
    /// How often a lease that another holds is asked for.
    package var pollInterval: Duration = .seconds(1)
    /// How long the store may take to answer; later the answer counts for nothing.
    package var callTimeMax: Duration = .seconds(1)

    package init() {}

    /// Whether the times fit together.
    package var isSound: Bool {
        renewInterval > .zero && renewInterval + callTimeMax < holdTime && holdTime < life
            && retryInterval > .zero && pollInterval > .zero && callTimeMax > .zero
    }
}
