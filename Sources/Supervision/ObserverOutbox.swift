// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The events that an observer has not been told yet.
///
/// At most `eventsMax` are kept: when the observer is slower than what happens, the oldest go and
/// are counted. Putting one in never waits.
final class ObserverOutbox: Sendable {
    /// Some hours of a service in trouble; a few hundred KiB.
    static let eventsMax = 1_024

    private struct State {
        var events: [SupervisionEvent] = []
        var dropped = 0
        var sequence: UInt64 = 0
        /// `events` is a ring once it is full; the oldest is here.
        var oldest = 0
    }

    private let state = Mutex(State())
    private let hasSome: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
        (hasSome, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ kind: SupervisionEvent.Kind, task: String, at time: Duration) {
        state.withLock { state in
            state.sequence += 1
            let event = SupervisionEvent(
                sequence: state.sequence, task: task, at: time, kind: kind)
            if state.events.count < Self.eventsMax {
                state.events.append(event)
            } else {
                state.events[state.oldest] = event
                state.oldest = (state.oldest + 1) % Self.eventsMax
                state.dropped += 1
            }
        }
        signal.yield()
    }

    /// No more comes; `deliver` ends when it has delivered what is there.
    func close() { signal.finish() }

    /// Tells `observer` everything until the outbox is closed.
    func deliver(to observer: any SupervisionObserver) async {
        for await _ in hasSome {
            let (events, dropped) = take()
            if !events.isEmpty { await observer.observe(events, dropped: dropped) }
        }
    }

    private func take() -> ([SupervisionEvent], Int) {
        state.withLock { state in
            defer {
                state.events = []
                state.oldest = 0
                state.dropped = 0
            }
            return (
                Array(state.events[state.oldest...] + state.events[..<state.oldest]),
                state.dropped
            )
        }
    }
}
