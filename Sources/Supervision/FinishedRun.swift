// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Why a body's run ended.
package enum RunOutcome: String, Sendable, CaseIterable {
    /// It returned by itself, as a transient or temporary child may.
    case finished
    /// It threw, or a permanent one returned unasked.
    case failed
    /// It gave no sign of life and was cancelled.
    case hung
    /// Another instance may hold the lease by now.
    case leaseLost
    case paused
    case restarted
    /// Stopped for a sibling's sake: its dependency stops, or the strategy wants it.
    case held
    case shutDown

    /// Whether it counts against the child; cancellation by the supervisor never does.
    package var isFailure: Bool { self == .failed || self == .hung }
}

/// One run of a body, from its start to its end.
package struct FinishedRun: Sendable, Equatable {
    /// Counts from 1 for each child and process.
    package let attempt: Int
    /// On the supervisor's steady clock.
    package let startedAt: Duration
    /// On the supervisor's steady clock.
    package let endedAt: Duration
    package let outcome: RunOutcome
    /// The body ignored its cancellation: it was fenced and may still be running.
    package let isAbandoned: Bool
    /// What the body threw, with its causes; what was wrong with it otherwise.
    package let error: String?
    /// The last it said of its progress.
    package let progress: String?
    /// Of the lease it ran under.
    package let epoch: Int64?

    package var duration: Duration { endedAt - startedAt }
}
