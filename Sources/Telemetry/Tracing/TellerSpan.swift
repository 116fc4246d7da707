// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import Tracing

/// A span of `TellerTracer`. One that is not sampled keeps nothing and only carries its context.
package final class TellerSpan: Span {
    /// What a sampled span is made of from the start.
    struct Recording: Sendable {
        let trace: TraceContext
        let parentID: UInt64?
        let kind: SpanKind
        /// Nanoseconds since the Unix epoch.
        let startedAt: UInt64
        let tracer: TellerTracer
    }

    private struct State {
        var name: String
        var attributes = SpanAttributes()
        var attributesDropped = 0
        var events: [SpanEvent] = []
        var eventsDropped = 0
        var links: [TraceContext] = []
        var linksDropped = 0
        var status: SpanStatus?
        var hasEnded = false
    }

    package let context: InstrumentationContext
    /// nil when the span is not sampled.
    private let recording: Recording?
    private let state: Mutex<State>

    init(_ name: String, context: InstrumentationContext, _ recording: Recording?) {
        self.context = context
        self.recording = recording
        state = Mutex(State(name: name))
    }

    package var isRecording: Bool { recording != nil && state.withLock { !$0.hasEnded } }

    package var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    /// Beyond `SpanCleaner.attributesMax` of them those with the last keys are dropped.
    package var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set {
            change { state in
                state.attributes = newValue
                let surplus = newValue.count - SpanCleaner.attributesMax
                guard surplus > 0 else { return }
                var keys: [String] = []
                newValue.forEach { key, _ in keys.append(key) }
                for key in keys.sorted().suffix(surplus) {
                    state.attributes.set(key, value: nil)
                }
                state.attributesDropped += surplus
            }
        }
    }

    package func setStatus(_ status: SpanStatus) { change { $0.status = status } }

    package func addEvent(_ event: SpanEvent) {
        change { state in
            if state.events.count < SpanCleaner.eventsMax {
                state.events.append(event)
            } else {
                state.eventsDropped += 1
            }
        }
    }

    /// Adds an event `exception` (OpenTelemetry's semantic conventions), its message redacted.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecording else { return }
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func addLink(_ link: SpanLink) {
        guard let trace = link.context.trace else { return }
        change { state in
            if state.links.count < SpanCleaner.linksMax {
                state.links.append(trace)
            } else {
                state.linksDropped += 1
            }
        }
    }

    /// Gives the span to the exporter. To end it again does nothing.
    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let recording else { return }
        let ended = state.withLock { state -> State? in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        guard let ended else { return }
        let cleaner = recording.tracer.cleaner
        let status = ended.status.map { status in
            SpanStatus(code: status.code, message: status.message.map { cleaner.text($0) })
        }
        recording.tracer.record(
            FinishedSpan(
                name: cleaner.text(ended.name, bytesMax: SpanCleaner.nameBytesMax),
                kind: recording.kind, context: recording.trace, parentID: recording.parentID,
                startedAt: recording.startedAt,
                // The wall's clock may have been put back.
                endedAt: max(recording.startedAt, instant().nanosecondsSinceEpoch),
                attributes: cleaner.attributes(ended.attributes),
                attributesDropped: ended.attributesDropped,
                events: ended.events.map(cleaner.event), eventsDropped: ended.eventsDropped,
                links: ended.links, linksDropped: ended.linksDropped, status: status))
    }

    private func change(_ step: (inout State) -> Void) {
        guard recording != nil else { return }
        state.withLock { state in
            guard !state.hasEnded else { return }
            step(&state)
        }
    }
}
