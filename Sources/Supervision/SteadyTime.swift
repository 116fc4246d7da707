// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The passing of time, injected so that tests can hold it still.
package struct SteadyTime: Sendable {
    /// Time since a fixed origin; it never goes back.
    package let now: @Sendable () -> Duration
    /// Suspends for the duration; throws `CancellationError` when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The system's clock; it goes on while the machine sleeps.
    package static let system = {
        let origin = ContinuousClock.now
        return SteadyTime(
            now: { ContinuousClock.now - origin },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) })
    }()
}
