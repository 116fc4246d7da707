// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience

/// A call to an upstream has failed for good.
///
/// No property, and neither description, holds a secret: what others wrote has passed the
/// redaction before it gets here, and the errors beneath, which quote what they please, are not
/// kept.
package struct UpstreamError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        /// The call can't be sent as it is; nothing was.
        case invalidRequest
        /// One of the pipeline's gates let no attempt through; `reason` says which.
        case heldBack
        /// There are no credentials to send it with.
        case credentials
        case connect
        case timeout
        case tooManyRequests
        case server
        case `protocol`
        case rejected
        /// The caller went away.
        case cancelled
    }

    package let code: Code
    /// The upstream's name.
    package let upstream: String
    /// The endpoint's name.
    package let endpoint: String
    /// The status the last answer was judged by; nil when the last attempt had none.
    package let status: Int?
    /// Why there was no further attempt; nil for `invalidRequest`.
    package let reason: GiveUpReason?
    /// Attempts made.
    package let attempts: Int
    /// Whether the upstream may have carried the call out in any of them. Where false, sending
    /// it anew is safe even if it is one that is sent once.
    package let mayHaveBeenProcessed: Bool
    /// The upstream's wish in its last answer; nil for none.
    package let retryAfter: Duration?
    /// What was wrong, safe to show: `the answer ok is not true or false`.
    package let problem: String
    /// More of it for logs, in others' words, redacted and cut; empty for none.
    package let detail: String
}

extension UpstreamError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Safe to show.
    package var description: String {
        let status = status.map { " (HTTP \($0))" } ?? ""
        let count = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
        return "\(endpoint) failed after \(count): \(code.rawValue)\(status), \(problem)"
    }

    /// For logs; without secrets too.
    package var debugDescription: String {
        let reason = reason.map { ", given up for \($0)" } ?? ""
        let fate = mayHaveBeenProcessed ? "may have been processed" : "was not processed"
        let detail = detail.isEmpty ? "" : ": \(detail)"
        return "\(upstream): \(description)\(reason), \(fate)\(detail)"
    }
}
