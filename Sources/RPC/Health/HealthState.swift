// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether the service can take work, and who wants to know when that changes.
///
/// The service is ready when nothing blocks it. Liveness is no state: a process that answers is
/// alive, whatever its store does, and must not be restarted for that.
package final class HealthState: Sendable {
    /// Why the service cannot take work.
    package enum Blocker: Hashable, Sendable { case starting, storeUnavailable, draining }

    private struct State {
        var blockers: Set<Blocker>
        var watchers: [UInt64: AsyncStream<Bool>.Continuation] = [:]
        var watchersMade: UInt64 = 0
    }

    private let state: Mutex<State>

    /// - Parameter blockers: what must be unblocked before the service is ready.
    package init(blockers: Set<Blocker> = [.starting]) { state = Mutex(State(blockers: blockers)) }

    package var isReady: Bool { state.withLock { $0.blockers.isEmpty } }

    /// Whether the process is on its way out, and watchers should find another.
    var isDraining: Bool { state.withLock { $0.blockers.contains(.draining) } }

    /// How many `changes` are being read.
    var watchersCount: Int { state.withLock { $0.watchers.count } }

    /// Says that the service cannot take work, and why.
    package func block(_ blocker: Blocker) { change { $0.insert(blocker) } }

    /// Says that this is no longer a reason; the service is ready when it was the last one.
    package func unblock(_ blocker: Blocker) { change { $0.remove(blocker) } }

    /// The readiness now and again whenever a reason for it comes or goes. A slow reader sees the
    /// newest alone.
    package func changes() -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.watchersMade += 1
            state.watchers[state.watchersMade] = continuation
            continuation.yield(state.blockers.isEmpty)
            return state.watchersMade
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Tells the watchers within the lock, so that they see changes in the order they happen.
    private func change(_ body: (inout Set<Blocker>) -> Void) {
        state.withLock { state in
            let before = state.blockers
            body(&state.blockers)
            guard state.blockers != before else { return }
            for watcher in state.watchers.values { watcher.yield(state.blockers.isEmpty) }
        }
    }
}
