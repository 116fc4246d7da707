// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// The two clocks of the RPC layer, injected so that tests decide what time it is.
package struct RPCClock: Sendable {
    private let readNow: @Sendable () -> Duration
    private let readWall: @Sendable () -> Timestamp

    package init(now: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> Timestamp)
    {
        readNow = now
        readWall = wall
    }

    /// Time that only goes forward, from an arbitrary origin; for deadlines and limits.
    package var now: Duration { readNow() }

    /// The time of day; for the expiry of tokens.
    package var wall: Timestamp { readWall() }

    /// The machine's clocks.
    package static let system: RPCClock = {
        let origin = ContinuousClock.now
        return RPCClock(
            now: { ContinuousClock.now - origin },
            wall: { .now })
    }()
}
