// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience

/// When a child is run again after its body has ended.
package enum RestartPolicy: String, Sendable, CaseIterable {
    /// Always; a body that returns unasked has failed like one that throws.
    case permanent
    /// After a failure; returning is the end of its work.
    case transient
    /// Never.
    case temporary
}

/// How a child is restarted and stopped.
package struct ChildPolicy: Sendable, Equatable {
    package var restart = RestartPolicy.permanent
    /// The pause before each restart, by consecutive failures.
    package var backoff = Backoff(
        base: .milliseconds(100), factorPercent: 200, cap: .seconds(30), jitter: .equal)
    /// With this many failures in a row the child counts as degraded and is retried at the
    /// longest backoff: slowly, but for ever. At least 1.
    package var consecutiveFailuresMax = 5
    /// A run this long ends a row of failures; above 0.
    package var stableTime: Duration = .seconds(60)
    /// With this many failures within `intensityWindow` the child is flapping: it comes up and
    /// goes down again and again, even where stable runs in between end every row. At least 1.
    package var intensityMax = 10
    /// Longer than `intensityMax` stable runs take, or only rows of failures could fill it.
    package var intensityWindow: Duration = .seconds(900)
    /// A body that gives no sign of life for so long after its start counts as up all the same.
    package var startTime: Duration = .seconds(1)
    /// A body silent for longer is hung: it is cancelled and replaced. nil for no watch.
    package var heartbeatTimeout: Duration?
    /// How long the body may take to return once asked to stop; then it is cancelled.
    package var shutdownGrace: Duration = .seconds(10)
    /// How long a cancelled body may take to return; then it is fenced and left to itself.
    package var cancellationGrace: Duration = .seconds(5)

    package init() {}
}
