// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Tracing

/// The passing of time, chance and the trace, injected.
package struct UpstreamEnvironment: Sendable {
    /// Time since a fixed origin; it never goes back.
    package var now: @Sendable () -> Duration
    /// Suspends for the duration; throws when the task is cancelled. Backoffs and the attempts'
    /// time limits wait on it.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// The time since 1970-01-01T00:00:00Z, for dates in `Retry-After`.
    package var wallClock: @Sendable () -> Duration
    /// Uniform over all values; it must not wait.
    package var random: @Sendable () -> UInt64
    /// Header fields that carry the caller's trace on, `traceparent` and `tracestate` (W3C Trace
    /// Context). Asked for each sending, in a child of the caller's task, so task-local values are
    /// there; what can't be sent is left out.
    package var traceHeaders: @Sendable () -> [String: String] = { [:] }

    /// Makes a client span of each attempt; nil for none.
    package var tracer: (any Tracer)?

    package init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        wallClock: @escaping @Sendable () -> Duration, random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.sleep = sleep
        self.wallClock = wallClock
        self.random = random
    }
}
