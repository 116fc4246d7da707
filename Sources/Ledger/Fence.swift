// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The right by which a leader-scoped worker writes: the epoch in which it got its lease.
///
/// A command that carries one is refused as soon as the lease has been taken anew. That the
/// lease's time is over is no reason: nobody else may have begun as long as its epoch stands.
package struct Fence: Sendable, Hashable {
    /// The lease's name.
    package let lease: String
    package let epoch: Int64

    package init(lease: String, epoch: Int64) {
        self.lease = lease
        self.epoch = epoch
    }
}
