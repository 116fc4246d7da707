// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Time and chance, injected so that tests decide about both.
package struct ClientEnvironment: Sendable {
    /// Time that only goes forward, from any origin.
    package var now: @Sendable () -> Duration
    /// Throws `CancellationError` when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    package var random: @Sendable () -> UInt64

    package init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.sleep = sleep
        self.random = random
    }

    package static let system: ClientEnvironment = {
        let origin = ContinuousClock.now
        return ClientEnvironment(
            now: { ContinuousClock.now - origin },
            sleep: { try await Task.sleep(for: $0) },
            random: {
                var system = SystemRandomNumberGenerator()
                return system.next()
            })
    }()
}

/// `ClientEnvironment.random` as the standard library wants it.
struct InjectedRandom: RandomNumberGenerator {
    let source: @Sendable () -> UInt64

    func next() -> UInt64 { source() }
}
