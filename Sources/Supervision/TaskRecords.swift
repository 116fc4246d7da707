// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience

// What a `TaskStore` keeps. Times are times of day since the Unix epoch, in whole milliseconds.

/// A record with the number the store gave it.
package struct Numbered<Record: Sendable & Equatable>: Sendable, Equatable {
    package let number: Int64
    package let record: Record

    package init(_ number: Int64, _ record: Record) {
        self.number = number
        self.record = record
    }
}

/// Names an event of one process, so that it is kept once however often it is appended.
package struct TaskEventName: Sendable, Hashable {
    package let instance: String
    /// `SupervisionEvent.sequence`.
    package let sequence: Int64
    /// A process begins to count anew; its time keeps its events apart from the last one's.
    package let at: Duration

    package init(instance: String, sequence: Int64, at: Duration) {
        self.instance = instance
        self.sequence = sequence
        self.at = at.inWholeMilliseconds
    }
}

/// A run of a task, finished at `event.at`.
package struct TaskRun: Sendable, Equatable {
    package let task: String
    package let event: TaskEventName
    package let attempt: Int
    package let startedAt: Duration
    package let outcome: RunOutcome
    /// The body ignored its cancellation and may still be running.
    package let isAbandoned: Bool
    /// With its causes; at most `causeChainBytesMax`.
    package let error: String?
    package let progress: String?
    /// Of the lease it ran under.
    package let epoch: Int64?

    package init(
        task: String, event: TaskEventName, attempt: Int, startedAt: Duration,
        outcome: RunOutcome, isAbandoned: Bool = false, error: String? = nil,
        progress: String? = nil, epoch: Int64? = nil
    ) {
        self.task = task
        self.event = event
        self.attempt = attempt
        self.startedAt = startedAt.inWholeMilliseconds
        self.outcome = outcome
        self.isAbandoned = isAbandoned
        self.error = error
        self.progress = progress
        self.epoch = epoch
    }
}

/// The way of a task on one instance from one state to another, as `Transition` has it.
package struct TaskTransition: Sendable, Equatable {
    package let task: String
    package let event: TaskEventName
    /// `ChildState.name`.
    package let from: String
    package let to: String
    /// What it waits for now.
    package let reason: String?
    package let attempt: Int
    package let error: String?

    package init(
        task: String, event: TaskEventName, from: String, to: String, reason: String? = nil,
        attempt: Int, error: String? = nil
    ) {
        self.task = task
        self.event = event
        self.from = from
        self.to = to
        self.reason = reason
        self.attempt = attempt
        self.error = error
    }
}

/// Some transitions after a cursor.
package struct TaskTransitionPage: Sendable, Equatable {
    package let transitions: [Numbered<TaskTransition>]
    /// Whether some after the cursor had been reaped before it came.
    package let hasGap: Bool

    package init(transitions: [Numbered<TaskTransition>], hasGap: Bool) {
        self.transitions = transitions
        self.hasGap = hasGap
    }
}

/// What is appended at once.
package struct TaskHistory: Sendable, Equatable {
    /// Runs and transitions together; all an observer is told at once.
    package static let recordsMax = ObserverOutbox.eventsMax

    package let runs: [TaskRun]
    package let transitions: [TaskTransition]

    /// - Precondition: at most `recordsMax`.
    package init(runs: [TaskRun], transitions: [TaskTransition]) {
        precondition(runs.count + transitions.count <= Self.recordsMax)
        self.runs = runs
        self.transitions = transitions
    }

    /// What an observer was told on `instance`.
    package init(_ events: [SupervisionEvent], on instance: String) {
        var runs: [TaskRun] = []
        var transitions: [TaskTransition] = []
        for event in events {
            let name = TaskEventName(
                instance: instance, sequence: Int64(event.sequence), at: event.at)
            switch event.kind {
            case .run(let run):
                runs.append(
                    TaskRun(
                        task: event.task, event: name, attempt: run.attempt,
                        startedAt: event.at - run.duration, outcome: run.outcome,
                        isAbandoned: run.isAbandoned, error: run.error, progress: run.progress,
                        epoch: run.epoch))
            case .transition(let transition):
                transitions.append(
                    TaskTransition(
                        task: event.task, event: name, from: transition.from.name,
                        to: transition.to.name, reason: transition.reason?.description,
                        attempt: transition.attempt, error: transition.error))
            }
        }
        self.init(runs: runs, transitions: transitions)
    }

    package var isEmpty: Bool { runs.isEmpty && transitions.isEmpty }
}

/// An operator's call, for whichever instances run the task.
package struct TaskControlRecord: Sendable, Equatable {
    package enum Action: String, Sendable, CaseIterable {
        case pause, resume, restart
    }

    package let task: String
    package let action: Action
    package let by: String
    package let reason: String
    /// When a pause ends by itself; nil for never.
    package let until: Duration?
    package let at: Duration

    package init(
        task: String, action: Action, by: String, reason: String, until: Duration? = nil,
        at: Duration
    ) {
        self.task = task
        self.action = action
        self.by = by.clipped(bytesMax: Pause.textBytesMax)
        self.reason = reason.clipped(bytesMax: Pause.textBytesMax)
        self.until = until?.inWholeMilliseconds
        self.at = at.inWholeMilliseconds
    }
}

extension Duration {
    /// Without what is left over a millisecond, as the stores keep times.
    fileprivate var inWholeMilliseconds: Duration {
        .milliseconds(nanosecondsClamped / 1_000_000)
    }
}
