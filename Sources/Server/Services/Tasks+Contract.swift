// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Supervision
import TellerProtocol

// Supervision's values in the contract's words.

extension Timestamp {
    /// - Parameter timeOfDay: since the Unix epoch.
    init(timeOfDay: Duration) {
        self.init(unixMilliseconds: timeOfDay.nanosecondsClamped / 1_000_000)
    }

    var timeOfDay: Duration { .milliseconds(unixMilliseconds) }
}

extension TaskStatus {
    init(_ status: ChildStatus, on instance: String) {
        self.init(
            name: status.name, instance: instance,
            scope: status.scope == .leader ? .leader : .everyInstance,
            state: TaskState(status.state), since: Timestamp(timeOfDay: status.since),
            attempt: status.attempt, consecutiveFailures: status.consecutiveFailures,
            restartsInWindow: status.restartsInWindow,
            waitsFor: status.waits.map(TaskWait.init),
            nextAttempt: status.nextAttempt.map { Timestamp(timeOfDay: $0) },
            lastError: status.lastError.flatMap(\.orNothing),
            lastSuccess: status.lastSuccess.map { Timestamp(timeOfDay: $0) },
            pause: status.pause.map { pause in
                TaskPause(
                    by: pause.by, reason: pause.reason,
                    until: status.pausedUntil.map { Timestamp(timeOfDay: $0) })
            },
            heartbeatAgeMilliseconds: status.heartbeatAge.map {
                Int($0.nanosecondsClamped / 1_000_000)
            },
            leader: status.leader.map { TaskLeader(instance: $0.holder, epoch: Int($0.epoch)) },
            progress: status.progress.flatMap(\.orNothing))
    }
}

extension TaskState {
    init(_ state: ChildState) { self = TaskState(rawValue: state.name) ?? .stopped }
}

extension TaskWait {
    init(_ reason: WaitReason) {
        switch reason {
        case .backoff: self.init(kind: .backoff)
        case .dependency(let name): self.init(kind: .dependency, name: name)
        case .lease(let holder): self.init(kind: .lease, name: holder)
        case .resource(.store): self.init(kind: .store)
        case .resource(.breaker(let name)): self.init(kind: .breaker, name: name)
        case .resource(.budget(let name)): self.init(kind: .budget, name: name)
        case .resource(.condition(let text)):
            self.init(kind: .condition, name: String(text.prefix(200)))
        }
    }
}

extension FinishedTaskRun {
    init(_ run: Numbered<TaskRun>) {
        let record = run.record
        self.init(
            runId: "\(run.number)", instance: record.event.instance,
            epoch: record.epoch.map { Int($0) }, attempt: record.attempt,
            startedAt: Timestamp(timeOfDay: record.startedAt),
            endedAt: Timestamp(timeOfDay: record.event.at), outcome: TaskOutcome(record.outcome),
            error: record.error.flatMap(\.orNothing),
            progress: record.progress.flatMap(\.orNothing))
    }
}

extension TaskOutcome {
    init(_ outcome: RunOutcome) {
        self =
            switch outcome {
            case .finished: .finished
            case .failed: .failed
            case .hung: .hung
            case .leaseLost: .leaseLost
            case .paused: .paused
            case .restarted: .restarted
            case .held: .held
            case .shutDown: .shutDown
            }
    }
}

extension TaskEvent {
    /// A task's present state.
    init(_ status: ChildStatus, on instance: String, cursor: String) {
        self.init(
            cursor: cursor, task: status.name, instance: instance,
            state: TaskState(status.state), waitsFor: status.waits?.description,
            attempt: status.attempt, error: status.lastError.flatMap(\.orNothing),
            at: Timestamp(timeOfDay: status.since))
    }

    init(_ transition: TaskTransition, cursor: String) {
        self.init(
            cursor: cursor, task: transition.task, instance: transition.event.instance,
            from: TaskState(rawValue: transition.from),
            state: TaskState(rawValue: transition.to) ?? .stopped,
            waitsFor: transition.reason.flatMap(\.orNothing), attempt: transition.attempt,
            error: transition.error.flatMap(\.orNothing),
            at: Timestamp(timeOfDay: transition.event.at))
    }
}

extension String {
    /// nil for a text without a character: in the contract such a member is absent.
    fileprivate var orNothing: String? { isEmpty ? nil : self }
}
