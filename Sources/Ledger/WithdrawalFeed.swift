// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import TellerProtocol

/// Tells watchers in this process that a withdrawal has changed, the dispatcher that there is
/// something to pay, and the confirmer that there is evidence of a payment.
package typealias WithdrawalFeed = ChangeFeed<WithdrawalID>

/// Tells watchers in this process that something has changed, and workers that there is something
/// to do.
///
/// It carries no news itself: a woken watcher reads the events after its cursor, so a signal that
/// comes twice or too early does no harm, and changes made by other instances are found by the
/// watcher's own slow poll.
package final class ChangeFeed<ID: Hashable & Sendable>: Sendable {
    /// Watchers at the most, in all.
    package static var watchersMax: Int { 10_000 }

    private struct State {
        var streams: [ID: [UInt64: AsyncStream<Void>.Continuation]] = [:]
        var count = 0
        var nextID: UInt64 = 0
        var pendingWakes: [UInt64: @Sendable () -> Void] = [:]
        var evidenceWakes: [UInt64: EvidenceWake] = [:]
    }

    /// Told the withdrawals whose payments have an end.
    package typealias EvidenceWake = @Sendable ([ID]) -> Void

    private let state = Mutex(State())

    package init() {}

    /// One watcher's signals; dropping it ends the watch.
    package struct Subscription: Sendable {
        /// Yields at once and then whenever what is watched may have changed. Signals that come
        /// while the watcher is busy become one.
        package let changes: AsyncStream<Void>
        fileprivate let continuation: AsyncStream<Void>.Continuation

        /// Makes `changes` yield; for the watcher's own poll.
        package func wake() { continuation.yield() }
    }

    /// Watches `id` until the task that reads the subscription ends; nil when there are too many
    /// watchers.
    package func subscribe(to id: ID) -> Subscription? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watcher: UInt64? = state.withLock { state in
            guard state.count < Self.watchersMax else { return nil }
            state.count += 1
            state.nextID += 1
            state.streams[id, default: [:]][state.nextID] = continuation
            return state.nextID
        }
        guard let watcher else { return nil }
        continuation.onTermination = { [weak self] _ in self?.remove(watcher, of: id) }
        continuation.yield()
        return Subscription(changes: stream, continuation: continuation)
    }

    package func publish(_ id: ID) {
        let watchers = state.withLock { state -> [AsyncStream<Void>.Continuation] in
            guard state.count > 0, let streams = state.streams[id] else { return [] }
            return Array(streams.values)
        }
        for watcher in watchers { watcher.yield() }
    }

    /// Calls `wake` after each commit that made a withdrawal to be paid, until the returned name
    /// is given to `cancelWake`.
    package func onPending(_ wake: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            state.pendingWakes[state.nextID] = wake
            return state.nextID
        }
    }

    /// Calls `wake` after each commit that says what became of payments, until the returned name is
    /// given to `cancelWake`.
    package func onEvidence(_ wake: @escaping EvidenceWake) -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            state.evidenceWakes[state.nextID] = wake
            return state.nextID
        }
    }

    package func cancelWake(_ name: UInt64) {
        state.withLock { state in
            state.pendingWakes[name] = nil
            state.evidenceWakes[name] = nil
        }
    }

    package func publishPending() {
        for wake in state.withLock({ Array($0.pendingWakes.values) }) { wake() }
    }

    /// - Parameter ids: the withdrawals whose payments have an end, for good or ill.
    package func publishEvidence(of ids: [ID]) {
        for wake in state.withLock({ Array($0.evidenceWakes.values) }) { wake(ids) }
    }

    private func remove(_ watcher: UInt64, of id: ID) {
        state.withLock { state in
            guard state.streams[id]?.removeValue(forKey: watcher) != nil else { return }
            state.count -= 1
            if state.streams[id]?.isEmpty == true { state.streams[id] = nil }
        }
    }
}
