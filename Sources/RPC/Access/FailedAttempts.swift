// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Limits how often one address may fail to authenticate; all of an IPv6 /64 are one.
///
/// An address has a burst of attempts and gets one more each interval (the generic cell rate
/// algorithm: one time per address). The table is bounded: when it is full, addresses that owe
/// nothing leave, and then the half that owes least.
final class FailedAttempts: Sendable {
    private let interval: Duration
    private let tolerance: Duration
    private let addressesMax: Int
    /// For each address the time at which it will owe nothing.
    private let debts = Mutex<[AddressBlock: Duration]>([:])

    init(_ limits: RPCLimits) {
        interval = limits.failedAttemptInterval
        tolerance = limits.failedAttemptInterval * (limits.failedAttemptsBurst - 1)
        addressesMax = limits.failedAttemptAddressesMax
    }

    /// How long `address` must wait for its next attempt; nil when it need not.
    func wait(of address: String, now: Duration) -> Duration? {
        let block = AddressBlock(address)
        let debt = debts.withLock { $0[block] } ?? .zero
        let wait = debt - now - tolerance
        return wait > .zero ? wait : nil
    }

    /// Counts one failed attempt.
    func record(_ address: String, now: Duration) {
        let block = AddressBlock(address)
        debts.withLock { debts in
            if debts.count >= addressesMax, debts[block] == nil { makeRoom(&debts, now: now) }
            debts[block] = max(debts[block] ?? now, now) + interval
        }
    }

    var addressesCount: Int { debts.withLock { $0.count } }

    private func makeRoom(_ debts: inout [AddressBlock: Duration], now: Duration) {
        debts = debts.filter { $0.value > now }
        guard debts.count >= addressesMax else { return }
        let median = debts.values.sorted()[debts.count / 2]
        debts = debts.filter { $0.value > median }
    }
}
