// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience

/// What decides about retries in a peer.
protocol RetryThrottle: Sendable {
    mutating func callBegan()
    mutating func callEnded()
    /// - Parameter cost: What `takeRetry` said; nil when it was a first attempt.
    mutating func attemptEnded(succeeded: Bool, cost: Int?)
    /// Asked after a failed attempt, when the call has further ones.
    ///
    /// - Returns: What the retry costs; nil when it may not be made.
    mutating func takeRetry(after callClass: CallClass) -> Int?
}

extension RetryThrottle {
    mutating func callBegan() {}
    mutating func callEnded() {}
    mutating func attemptEnded(succeeded: Bool, cost: Int?) {}
}

/// Retries without any limit but the attempts.
struct Unthrottled: RetryThrottle {
    func takeRetry(after callClass: CallClass) -> Int? { 0 }
}

/// gRPC proposal A6, "Throttling Retry Attempts and Hedged RPCs": `maxTokens` 10, `tokenRatio`
/// 0.1, counted in thousandths as grpc-swift-2 does.
struct GRPCThrottle: RetryThrottle {
    private let tokensMax = 10_000
    private var tokens = 10_000

    mutating func attemptEnded(succeeded: Bool, cost: Int?) {
        tokens = succeeded ? min(tokensMax, tokens + 100) : max(0, tokens - 1_000)
    }

    func takeRetry(after callClass: CallClass) -> Int? { tokens > tokensMax / 2 ? 0 : nil }
}

/// The standard retry mode of the AWS SDKs: 500 tokens, 5 for a retry, 10 after a timeout, given
/// back when the retry succeeds; a success without retry gives 1.
struct AWSThrottle: RetryThrottle {
    private let tokensMax = 500
    private var tokens = 500

    mutating func attemptEnded(succeeded: Bool, cost: Int?) {
        if succeeded { tokens = min(tokensMax, tokens + (cost ?? 1)) }
    }

    mutating func takeRetry(after callClass: CallClass) -> Int? {
        let cost = callClass == .timeout ? 10 : 5
        guard tokens >= cost else { return nil }
        tokens -= cost
        return cost
    }
}

/// Envoy's retry budget: retries under way or waiting at most 20 % of the requests under way, and
/// 3 always (`budget_percent`, `min_retry_concurrency`).
struct EnvoyThrottle: RetryThrottle {
    private var active = 0
    private var retrying = 0

    mutating func callBegan() { active += 1 }
    mutating func callEnded() { active -= 1 }
    mutating func attemptEnded(succeeded: Bool, cost: Int?) { if cost != nil { retrying -= 1 } }

    mutating func takeRetry(after callClass: CallClass) -> Int? {
        guard retrying < max(3, active / 5) else { return nil }
        retrying += 1
        return 0
    }
}
