// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization

/// Whether new calls are taken, and the streams that a drain must end.
///
///     serving ──beginDrain──▶ draining ──stop──▶ stopped
///
/// While draining, calls that answer once are still taken, because their senders cannot know yet;
/// streams are ended and refused, because they would hold their connections open for ever.
/// Stopped, every new call is refused. Calls in flight always finish.
final class RPCLifecycle: Sendable {
    enum Phase: UInt8, AtomicRepresentable { case serving, draining, stopped }

    private let currentPhase = Atomic<Phase>(.serving)
    private let streams = Mutex<[UInt64: any HTTPExchange]>([:])

    var phase: Phase { currentPhase.load(ordering: .acquiring) }

    /// Registers a stream; a drain cancels its task. False when a drain has begun.
    func open(_ id: UInt64, _ exchange: any HTTPExchange) -> Bool {
        streams.withLock { streams in
            guard phase == .serving else { return false }
            streams[id] = exchange
            return true
        }
    }

    func close(_ id: UInt64) { _ = streams.withLock { $0.removeValue(forKey: id) } }

    func beginDrain() {
        let ended = streams.withLock { streams in
            let begun = currentPhase.compareExchange(
                expected: .serving, desired: .draining, ordering: .acquiringAndReleasing)
            guard begun.exchanged else { return [any HTTPExchange]() }
            return Array(streams.values)
        }
        for exchange in ended { exchange.cancel(after: .zero) }
    }

    func stop() {
        beginDrain()
        currentPhase.store(.stopped, ordering: .releasing)
    }
}
