// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a policy made of a load.
package struct SimulationReport: Sendable, Equatable {
    /// Calls, and what they came to.
    package struct Tally: Sendable, Equatable {
        package internal(set) var calls = 0
        package internal(set) var attempts = 0
        package internal(set) var successes = 0

        /// Attempts for a thousand calls, rounded up.
        package var loadPermille: Int { calls == 0 ? 0 : (attempts * 1_000 + calls - 1) / calls }
        /// Successes for a thousand calls, rounded down.
        package var successPermille: Int { calls == 0 ? 0 : successes * 1_000 / calls }
    }

    package internal(set) var all = Tally()
    /// Of the calls that came during the fault; nothing when the load names none.
    package internal(set) var duringFault = Tally()
    package internal(set) var refusedByDeadline = 0
    package internal(set) var refusedByBudget = 0
    package internal(set) var refusedByBreaker = 0
    package internal(set) var refusedByConcurrencyLimit = 0
    /// What successful calls took beyond their last attempt; nil when there was none.
    package internal(set) var addedLatencyP50: Duration?
    package internal(set) var addedLatencyP99: Duration?
    /// From the end of the fault until the last call came that failed all the same; nil when the
    /// load names no fault.
    package internal(set) var recovery: Duration?

    mutating func note(_ reason: GiveUpReason) {
        switch reason {
        case .deadline: refusedByDeadline += 1
        case .budget: refusedByBudget += 1
        case .breaker: refusedByBreaker += 1
        case .concurrencyLimit: refusedByConcurrencyLimit += 1
        case .notRetryable, .sentOnce, .attemptsMax, .cancelled: break
        }
    }

    mutating func note(addedLatencies: [Duration]) {
        let sorted = addedLatencies.sorted()
        guard let last = sorted.last else { return }
        addedLatencyP50 = sorted[sorted.count / 2]
        let index = sorted.count * 99 / 100
        addedLatencyP99 = index < sorted.count ? sorted[index] : last
    }
}
