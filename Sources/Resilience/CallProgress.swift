// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How far one call has come.
package struct CallProgress: Sendable {
    /// Whether it may be sent again.
    package let isRepeatable: Bool
    /// The caller's own, on the clock of who steps the call; the first step brings it forward to
    /// what the policy allows.
    package var deadline: Duration
    /// Attempts begun.
    package var attempts = 0
    /// The backoff before; what decorrelated jitter goes by.
    package var lastBackoff: Duration?
    /// Whether any attempt so far may have been carried out.
    package var mayHaveBeenProcessed = false
    /// Whether a backoff is pending.
    package var isWaiting = false

    /// - Parameter deadline: nil when the caller has none.
    package init(isRepeatable: Bool, deadline: Duration? = nil) {
        self.isRepeatable = isRepeatable
        self.deadline = deadline ?? .seconds(Int64.max)
    }
}

/// Why a call makes no further attempt.
package enum GiveUpReason: Sendable, Equatable {
    /// No time is left, or the backoff would outlast it.
    case deadline
    /// Retries have used up their share of the traffic.
    case budget
    /// The breaker is open, at least until then on the pipeline's clock.
    case breaker(until: Duration)
    /// As many attempts are under way as may be.
    case concurrencyLimit
    /// The failure is none that another attempt may mend.
    case notRetryable
    /// It may be sent once only, and was.
    case sentOnce
    /// It has had all its attempts.
    case attemptsMax
    case cancelled
}

/// Leave to make an attempt, or why not.
package enum CallAdmission<Permit: Sendable>: Sendable {
    /// - Parameter timeout: What the attempt may take; above 0.
    case granted(Permit, timeout: Duration)
    case refused(GiveUpReason)
}

/// What follows an attempt.
package enum CallVerdict: Sendable, Equatable {
    case succeeded
    /// Another attempt, that long from now.
    case retry(after: Duration)
    case giveUp(GiveUpReason)
}
