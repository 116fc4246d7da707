// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Why the history could not be written or read; what was to be written may be there or not.
package struct TaskStoreError: Error, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible
{
    /// What went wrong in the store's words, for logs only.
    package let detail: String

    package init(_ detail: String) { self.detail = detail }

    package var description: String { "the task store is unavailable" }
    package var debugDescription: String { "\(description): \(detail)" }
}

/// How much of the tasks' past is kept; each for every task.
package struct TaskHistoryLimits: Sendable, Equatable {
    /// Rows that one `reap` removes at the most of each kind, so that it takes a bounded time.
    package static let reapedAtOnceMax = 10_000

    package var runsMax: Int
    package var transitionsMax: Int
    /// Beside the newest pause or resume, which is always kept.
    package var controlsMax: Int

    package init(
        runsMax: Int = 200, transitionsMax: Int = 10_000, controlsMax: Int = 200
    ) {
        self.runsMax = runsMax
        self.transitionsMax = transitionsMax
        self.controlsMax = controlsMax
    }
}

/// Where the tasks of a cluster leave their history, and where they are told what to do.
///
/// Every record gets a number of one cluster-wide row. Numbers become visible in their order: who
/// has read up to one has missed none below it. Some numbers stand for nothing.
package protocol TaskStore: Sendable {
    /// Appends all of it or nothing. What is appended again is kept once.
    func append(_ history: TaskHistory) async throws(TaskStoreError)

    /// The runs of `task` on all instances, newest first, of numbers below `before` (nil: from the
    /// newest on).
    func runs(
        of task: String, before: Int64?, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskRun>]

    /// The transitions after a number, oldest first; of all tasks when `task` is nil.
    func transitions(
        of task: String?, after: Int64, limit: Int
    ) async throws(TaskStoreError) -> TaskTransitionPage

    /// The newest number: whoever reads transitions after it is told only of what comes.
    func newestNumber() async throws(TaskStoreError) -> Int64

    /// Keeps an operator's call; `by`, `at`, task and action together name it, so that one made
    /// again is kept once.
    ///
    /// - Returns: its number.
    func insert(_ control: TaskControlRecord) async throws(TaskStoreError) -> Int64

    /// The calls after a number, oldest first.
    func controls(
        after: Int64, limit: Int
    ) async throws(TaskStoreError) -> [Numbered<TaskControlRecord>]

    /// The newest pause or resume of each task that has one, oldest first: how tasks stand when an
    /// instance starts. A pause whose `until` is over is among them.
    func standingControls() async throws(TaskStoreError) -> [Numbered<TaskControlRecord>]

    /// Removes the oldest of what is over the limits.
    ///
    /// - Returns: how many rows; with as many as `reapedAtOnceMax`, there may be more.
    func reap(_ limits: TaskHistoryLimits) async throws(TaskStoreError) -> Int
}
