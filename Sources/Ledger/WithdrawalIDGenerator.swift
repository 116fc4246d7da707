// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
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

    /// - Parameter random: 64 fresh random bits; the default asks the system, for many at once.
    package init(clock: LedgerClock, random: (@Sendable () -> UInt64)? = nil) {
        self.clock = clock
        if let random {
            self.random = random
        } else {
            let words = SystemRandomWords()
            self.random = { words.next() }
        }
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

/// The system's random bits; one call of it for 32 words.
private final class SystemRandomWords: Sendable {
    /// The most that `getentropy` gives.
    private static let bytesAtOnce = 256

    private let words = Mutex<[UInt64]>([])

    func next() -> UInt64 {
        words.withLock { words in
            if let word = words.popLast() { return word }
            words = Self.fresh()
            return words.removeLast()
        }
    }

    private static func fresh() -> [UInt64] {
        let count = bytesAtOnce / MemoryLayout<UInt64>.size
        return unsafe [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
            let code = unsafe getentropy(buffer.baseAddress, bytesAtOnce)
            precondition(code == 0, "the system gives no random bits")
            filled = count
        }
    }
}
