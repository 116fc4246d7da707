// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How a child is doing, at the time of asking. Times of day are since the Unix epoch.
package struct ChildStatus: Sendable, Equatable {
    package let name: String
    package let scope: ChildScope
    package let state: ChildState
    /// When `state` was entered, in time of day.
    package let since: Duration
    /// Counts from 1; 0 before the first.
    package let attempt: Int
    package let consecutiveFailures: Int
    /// In the policy's intensity window.
    package let restartsInWindow: Int
    package let isDegraded: Bool
    package let isFlapping: Bool
    /// Whether a body runs, or is about to end.
    package let hasBody: Bool
    /// Bodies that ignored their cancellation and still run, fenced. With a longest backoff of 30 s
    /// there is at the most one more in each.
    package let abandonedBodies: Int
    /// Why the last attempt that failed did, with its causes; kept after a recovery.
    package let lastError: String?
    /// In time of day; nil when there was none.
    package let lastSuccess: Duration?
    /// When its backoff ends, in time of day; nil when there is none.
    package let nextAttempt: Duration?
    /// What it waits for, whatever its state; nil when for nothing.
    package let waits: WaitReason?
    /// nil unless paused, or stopping to be.
    package let pause: Pause?
    /// When the pause ends by itself, in time of day.
    package let pausedUntil: Duration?
    /// Since the present attempt's last sign of life; nil when there was none.
    package let heartbeatAge: Duration?
    /// Who runs a leader-scoped child, and in which epoch, as far as is known.
    package let leader: Lease?
    /// How often this instance has lost the child's lease, rather than given it back.
    package let leasesLost: Int
    /// What the present attempt, or else the last, said of its progress.
    package let progress: String?

    init(
        name: String, machine: ChildMachine, lease: LeaseMachine?, at now: Duration,
        wall: Duration
    ) {
        func timeOfDay(_ time: Duration) -> Duration { wall + (time - now) }
        self.name = name
        scope = machine.scope
        state = machine.state
        since = timeOfDay(machine.since)
        attempt = machine.attempt
        consecutiveFailures = machine.consecutiveFailures
        restartsInWindow = machine.failuresInWindow(at: now)
        isDegraded = machine.isDegraded
        isFlapping = machine.isFlapping
        hasBody = machine.hasBody
        abandonedBodies = machine.abandonedBodies
        lastError = machine.lastError
        lastSuccess = machine.lastSuccess.map(timeOfDay)
        nextAttempt = machine.retryAt.map(timeOfDay)
        waits = machine.waitReason
        pause = machine.pause
        pausedUntil = machine.pause?.until.map(timeOfDay)
        heartbeatAge = machine.hasBody ? machine.lastHeartbeat.map { now - $0 } : nil
        leader = lease?.known
        leasesLost = machine.leasesLost
        progress = machine.progress
    }
}
