// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience

/// One attempt has ended.
package struct UpstreamAttempt: Sendable, Equatable {
    /// The upstream's and the endpoint's name: labels, both from bounded sets.
    package let upstream: String
    package let endpoint: String
    package let callClass: CallClass
    /// The answer's status; nil when there was none.
    package let status: Int?
    package let duration: Duration
    package let isRetry: Bool
}

/// What metrics, traces and alerts hang on. No event holds a secret.
package enum UpstreamEvent: Sendable, Equatable {
    case attempted(UpstreamAttempt)
    /// A call has failed for good, or was never sent.
    case gaveUp(UpstreamError)
    case breakerChanged(upstream: String, BreakerChange)
}

/// Is told what happens; it must not wait. It runs in whatever task makes the call.
package protocol UpstreamObserver: Sendable {
    func observe(_ event: UpstreamEvent)
}
