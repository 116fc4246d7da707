// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience
package import Upstream

/// One toncenter, the public one or one's own.
package struct ToncenterSettings: Sendable {
    /// Calls in a second that toncenter allows without a key, and with a free one.
    package static let callsPerSecondWithoutKey = 1
    package static let callsPerSecondWithKey = 10
    package static let callsPerSecondMax = 1_000

    /// The name of its `Upstream`: `toncenter`, `toncenter-2`.
    package let name: String
    /// Without the version: `https://toncenter.com/api`.
    package let baseURL: BaseURL
    /// Secret; nil for none.
    package let apiKey: String?
    /// From 1 to `callsPerSecondMax`. v2 and v3 share it, as they share the key's.
    package let callsPerSecond: Int

    /// - Parameter callsPerSecond: nil for what toncenter allows.
    package init(
        name: String, baseURL: BaseURL, apiKey: String? = nil, callsPerSecond: Int? = nil
    ) {
        self.name = name
        self.baseURL = baseURL
        self.apiKey = apiKey
        let allowed = apiKey == nil ? Self.callsPerSecondWithoutKey : Self.callsPerSecondWithKey
        self.callsPerSecond = min(max(1, callsPerSecond ?? allowed), Self.callsPerSecondMax)
    }

    /// How its calls are tried, where operators say nothing else. Garbage is retried too: the edge
    /// of the public one answers HTML when it is busy. Few calls are made to it, so the breaker
    /// looks far back.
    package static var policy: CheckedRetryPolicy {
        get throws(CheckedRetryPolicy.Refusal) {
            var policy = RetryPolicy.default
            policy.attemptTimeoutMs = 6_000
            policy.deadlineMs = 20_000
            policy.backoff.baseMs = 500
            policy.backoff.capMs = 4_000
            policy.backoff.jitter = .equal
            policy.retryable.insert(.protocol)
            policy.retryAfterMaxMs = 10_000
            policy.breaker.windowMs = 30_000
            policy.breaker.callsMin = 10
            return try CheckedRetryPolicy(policy)
        }
    }
}
