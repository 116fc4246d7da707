// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What is known of an attempt under way, for the time when it is broken off.
final class AttemptTrace: Sendable {
    private enum Sending {
        case notBegun
        case begun
        /// Ended before it began: no byte of the body is given away any more.
        case closed
    }

    private struct State {
        var sending = Sending.notBegun
        var status: Int?
        var hasRefreshed = false
    }

    private let state = Mutex(State())

    /// The last answer's status.
    var status: Int? { state.withLock { $0.status } }

    /// Whether other credentials were asked for.
    var hasRefreshed: Bool { state.withLock { $0.hasRefreshed } }

    func note(status: Int?) { state.withLock { $0.status = status } }

    /// The exchange was answered with a 401, so it is known not to have been carried out, and
    /// another may begin.
    func noteRefresh() {
        state.withLock { state in
            state.hasRefreshed = true
            state.sending = .notBegun
        }
    }

    /// Asks for leave to give the request away.
    func beginSending() -> Bool {
        state.withLock { state in
            guard state.sending != .closed else { return false }
            state.sending = .begun
            return true
        }
    }

    /// Ends the exchange.
    ///
    /// - Returns: Whether anything was given away that the upstream may have acted on. Once this
    ///   has said no, nothing is.
    func close() -> Bool {
        state.withLock { state in
            if state.sending == .notBegun { state.sending = .closed }
            return state.sending == .begun
        }
    }
}
