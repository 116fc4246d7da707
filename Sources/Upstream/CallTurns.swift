// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience
internal import Synchronization

/// The turns in which an adapter makes its calls: `CallSpacing`, and the waiting.
package final class CallTurns: Sendable {
    /// Why a call has no turn. Nothing was sent.
    package enum Refusal: Error, Sendable, Equatable {
        /// More calls wait than may, or the turn would come too late.
        case crowded
        /// The caller went away.
        case cancelled
    }

    private let spacing: Mutex<CallSpacing>
    private let environment: UpstreamEnvironment

    package init(_ spacing: CallSpacing, environment: UpstreamEnvironment) {
        self.spacing = Mutex(spacing)
        self.environment = environment
    }

    /// Waits for a turn.
    ///
    /// - Parameter deadline: On the environment's clock.
    package func wait(until deadline: Duration) async throws(Refusal) {
        let now = environment.now()
        guard let turn = spacing.withLock({ $0.reserve(at: now, waitMax: deadline - now) }) else {
            throw .crowded
        }
        guard turn.at > now else { return }
        do {
            try await environment.sleep(turn.at - now)
        } catch {
            spacing.withLock { $0.giveBack(turn) }
            throw .cancelled
        }
    }

    /// Notes that the server found the calls too many.
    ///
    /// - Returns: How long the call it refused waits.
    package func refuse() -> Duration {
        let now = environment.now()
        return spacing.withLock { $0.refuse(at: now) }
    }
}
