// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
package import Supervision

extension ChildContext {
    /// One turn of a worker's loop. While the store can't be reached the worker has not failed: it
    /// says what it waits for, and the next turn comes after `pause`.
    ///
    /// What a turn leaves half done is what a process that dies there leaves: the next one finds it
    /// in the store.
    ///
    /// - Parameter body: returns what it waits for, nil for nothing.
    /// - Returns: whether the turn was made.
    @discardableResult
    package func waitingTurn(
        elsePause pause: Duration, _ body: () async throws -> AwaitedResource?
    ) async throws -> Bool {
        let awaited: AwaitedResource?
        do {
            awaited = try await body()
        } catch  where Self.isStoreAway(error) {
            waiting(for: .store)
            await wait(atMost: pause)
            try Task.checkCancellation()
            return false
        }
        waiting(for: awaited)
        try Task.checkCancellation()
        return true
    }

    /// A turn that waits for nothing but the store.
    @discardableResult
    func turn(
        elsePause pause: Duration, _ body: () async throws -> Void
    ) async throws -> Bool {
        try await waitingTurn(elsePause: pause) {
            try await body()
            return nil
        }
    }

    /// Whether nothing was written because the store could not be reached. A commit of which
    /// nobody knows is another matter: what the worker remembers may be wrong, so it begins anew.
    private static func isStoreAway(_ error: any Error) -> Bool {
        switch error {
        case let error as StoreError: error.code == .unavailable
        case is TaskStoreError: true
        case CommitError.store(let error): error.code == .unavailable
        default: false
        }
    }

    /// Rests for `duration`, giving signs of life; ends early at a stop.
    func rest(for duration: Duration) async throws {
        let end = time.now() + duration
        while !isStopping, time.now() < end {
            heartbeat()
            // Short enough for the heartbeats.
            await wait(atMost: min(end - time.now(), .seconds(10)))
            try Task.checkCancellation()
        }
    }
}
