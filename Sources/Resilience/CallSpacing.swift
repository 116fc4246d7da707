// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Spaces calls out, so that a server's limit of calls in a second is kept and not met.
///
/// It is a token bucket of one token: servers count by whole seconds, and what a larger bucket
/// would let out at once on top of the rate would be refused. Turns are a twentieth longer than the
/// rate asks for, so that calls that are late and calls that are not don't meet in one second.
///
/// A pure value over an injected clock.
package struct CallSpacing: Sendable {
    /// A turn that was reserved.
    package struct Turn: Sendable, Equatable {
        /// When it is, on the clock; not before it was reserved.
        package let at: Duration
    }

    /// Turns that may be reserved ahead; one more is refused.
    package static let waitingMax = 64
    /// What a server that refused a call counts by.
    private static let refusalTime = Duration.seconds(1)

    private let turnTime: Duration
    /// When the next turn is.
    private var next = Duration.zero

    /// - Parameter callsPerSecond: Above 0.
    package init(callsPerSecond: Int) {
        precondition(callsPerSecond > 0)
        turnTime = .nanoseconds(1_050_000_000 / Int64(callsPerSecond))
    }

    /// - Parameter interval: Between calls, at the least; zero for calls that are not spaced.
    package init(interval: Duration) {
        precondition(interval >= .zero)
        turnTime = interval + interval / 20
    }

    /// Reserves the next turn.
    ///
    /// - Parameter waitMax: How long the caller can wait.
    /// - Returns: nil when as many turns are reserved as may be, or it would come too late.
    package mutating func reserve(at now: Duration, waitMax: Duration) -> Turn? {
        let turn = Turn(at: max(now, next))
        let wait = turn.at - now
        guard wait <= waitMax, wait <= turnTime * Self.waitingMax else { return nil }
        next = turn.at + turnTime
        return turn
    }

    /// Gives a turn back that was not used. It is lost when another was reserved behind it.
    package mutating func giveBack(_ turn: Turn) {
        if next == turn.at + turnTime { next = turn.at }
    }

    /// Notes that the server found the calls too many, and reserves a turn for the one it refused.
    ///
    /// - Returns: How long that one waits.
    package mutating func refuse(at now: Duration) -> Duration {
        let turn = max(now + Self.refusalTime, next)
        next = turn + turnTime
        return turn - now
    }
}
