// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
internal import Synchronization

/// What a child's body is given for one attempt.
package final class ChildContext: Sendable {
    /// Bytes of UTF-8 kept of a text of progress.
    package static let progressBytesMax = 200

    /// Counts from 1.
    package let attempt: Int
    /// The lease a leader-scoped child runs under; its writes carry name and epoch.
    package let lease: Lease?
    package let time: SteadyTime
    private let report: @Sendable (ChildMachine.Sign) -> Void
    private let signal = WakeSignal()
    private let stopping = Atomic(false)
    private let fenced = Atomic(false)
    /// In nanoseconds on `time`; until then the lease is this instance's.
    private let leaseUntil: Atomic<Int64>

    package init(
        attempt: Int, lease: HeldLease? = nil, time: SteadyTime,
        report: @escaping @Sendable (ChildMachine.Sign) -> Void
    ) {
        self.attempt = attempt
        self.lease = lease?.lease
        self.time = time
        self.report = report
        leaseUntil = Atomic(lease?.until.nanosecondsClamped ?? .max)
    }

    /// Whether the body should return at its next safe point.
    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Whether this attempt is over, whatever its body thinks: nothing it writes may count.
    ///
    /// Once true it stays so. True as soon as the lease's time is over on the steady clock, even
    /// before the supervisor has noticed: a process that was stopped wakes up fenced.
    package var isFenced: Bool {
        if fenced.load(ordering: .acquiring) { return true }
        guard lease != nil,
            time.now().nanosecondsClamped >= leaseUntil.load(ordering: .acquiring)
        else { return false }
        fence()
        return true
    }

    /// Says that the body is alive; cheap enough for every turn of its loop.
    ///
    /// To be said when a turn's work is done, or is being done: a body that says it while its work
    /// fails hides from the watchdog.
    package func heartbeat() { report(.alive) }

    /// Says that some work has succeeded, and how far it has come; also a sign of life.
    ///
    /// - Parameter text: Shown to operators; clipped to `progressBytesMax`.
    package func progress(_ text: String) {
        report(.progress(text.clipped(bytesMax: Self.progressBytesMax)))
    }

    /// Says what the body waits for, nil when for nothing any more; also a sign of life.
    package func waiting(for resource: AwaitedResource?) { report(.waits(resource)) }

    /// Waits for `wake`, for `duration` to pass, for the stop, or for the task's cancellation.
    package func wait(atMost duration: Duration) async {
        if !isStopping { await signal.wait(atMost: duration, on: time) }
    }

    /// Ends the present wait, or the next one if there is none.
    package func wake() { signal.signal() }

    package func askToStop() {
        stopping.store(true, ordering: .releasing)
        signal.signal()
    }

    func fence() { fenced.store(true, ordering: .releasing) }

    func extendLease(until: Duration) {
        leaseUntil.store(until.nanosecondsClamped, ordering: .releasing)
    }
}
