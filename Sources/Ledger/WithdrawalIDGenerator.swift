// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import TellerProtocol

/// The service's sense of time and chance, injected so that tests can hold both still.
package struct LedgerClock: Sendable {
    package let now: @Sendable () -> Timestamp

    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }
}

/// Makes withdrawal ids that rise within this process, also when the clock stands or steps back.
package final class WithdrawalIDGenerator: Sendable {
    private struct State {
        var milliseconds: UInt64 = 0
        var sequence: UInt16 = 0
    }

    private static let sequenceMax: UInt16 = 0x0FFF

    private let clock: LedgerClock
    private let random: @Sendable () -> UInt64
    private let state = Mutex(State())

    /// - Parameter random: 64 fresh random bits; the default asks the system.
    package init(
        clock: LedgerClock,
        random: @escaping @Sendable () -> UInt64 = {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        }
    ) {
        self.clock = clock
        self.random = random
    }

    package func next() -> WithdrawalID {
        let now = UInt64(max(0, clock.now().unixMilliseconds))
        let (milliseconds, sequence) = state.withLock { state in
            if now > state.milliseconds {
                state = State(milliseconds: now, sequence: 0)
            } else if state.sequence < Self.sequenceMax {
                state.sequence += 1
            } else {
                // More than 4,096 in a millisecond: borrow from the next one (RFC 9562 6.2).
                state = State(milliseconds: state.milliseconds + 1, sequence: 0)
            }
            return (state.milliseconds, state.sequence)
        }
        return WithdrawalID(
            UUIDv7(unixMilliseconds: milliseconds, sequence: sequence, random: random()))
    }
}
