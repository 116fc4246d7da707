// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2

/// Where a client stands with its one connection.
///
///     idle ─ a call ─▶ connecting ─ success ─▶ connected ─ GOAWAY, loss ─▶ idle
///      ▲                 │
///      └─ failure, told ─┘              any ─ shutDown ─▶ shutDown
struct ConnectionState {
    typealias Waiter = CheckedContinuation<Result<HTTP2Client, TransportFailure>, Never>

    enum Phase {
        case idle
        case connecting
        case connected(HTTP2Client)
        case shutDown
    }

    var phase = Phase.idle
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiter: UInt64 = 0
    /// Failed attempts since the last good one.
    var failures = 0
    var lastFailure: TransportFailure?
    /// Tells the endings of former connections from that of the present one.
    var generation: UInt64 = 0

    enum Sought {
        case open(HTTP2Client)
        case wait(UInt64)
        case refused(TransportFailure)
    }

    mutating func seekConnection() -> Sought {
        switch phase {
        case .connected(let connection) where connection.isOpen:
            return .open(connection)
        case .shutDown:
            return .refused(.shutDown)
        case .idle, .connecting, .connected:
            nextWaiter += 1
            return .wait(nextWaiter)
        }
    }

    enum Added {
        case nothing
        case answer(Result<HTTP2Client, TransportFailure>)
        case connect(generation: UInt64, failures: Int)
    }

    mutating func add(_ waiter: Waiter, _ number: UInt64) -> Added {
        waiters[number] = waiter
        switch phase {
        case .connecting: return .nothing
        case .shutDown: return .answer(.failure(.shutDown))
        case .connected(let connection) where connection.isOpen:
            return .answer(.success(connection))
        case .idle, .connected:
            phase = .connecting
            generation += 1
            return .connect(generation: generation, failures: failures)
        }
    }

    /// - Returns: Who waits for the outcome, and a connection nobody wants any more.
    mutating func connected(
        _ result: Result<HTTP2Client, TransportFailure>, _ generation: UInt64
    ) -> ([Waiter], unwanted: HTTP2Client?) {
        guard case .connecting = phase, generation == self.generation else {
            return ([], try? result.get())
        }
        switch result {
        case .success(let connection):
            phase = .connected(connection)
            failures = 0
            lastFailure = nil
        case .failure(let failure):
            phase = .idle
            failures += 1
            lastFailure = failure
        }
        defer { waiters = [:] }
        return (Array(waiters.values), nil)
    }

    /// The connection of `generation` takes no more calls; those it has go on.
    mutating func ended(_ generation: UInt64) {
        if case .connected = phase, generation == self.generation { phase = .idle }
    }
}
