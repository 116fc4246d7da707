// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Time and chance, injected so that tests decide about both.
package struct ClientEnvironment: Sendable {
    /// Time that only goes forward, from any origin.
    package var now: @Sendable () -> Duration
    /// The time of day; keys begin with it.
    package var wall: @Sendable () -> Timestamp
    /// Throws `CancellationError` when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    package var random: @Sendable () -> UInt64

    package init(
        now: @escaping @Sendable () -> Duration,
        wall: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.wall = wall
        self.sleep = sleep
        self.random = random
    }

    package static let system: ClientEnvironment = {
        let origin = ContinuousClock.now
        return ClientEnvironment(
            now: { ContinuousClock.now - origin },
            wall: { .now },
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
