// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import TestSupport
import Testing

/// Task history and controls, on every store.
@Suite struct TaskStoreTests {
    private static let now = Duration.milliseconds(1_800_000_000_000)

    private func event(
        _ sequence: Int64, on instance: String = "one", at: Duration = now
    ) -> TaskEventName {
        TaskEventName(instance: instance, sequence: sequence, at: at)
    }

    private func run(
        _ sequence: Int64, of task: String = "payouts", error: String? = nil, epoch: Int64? = nil
    ) -> TaskRun {
        TaskRun(
            task: task, event: event(sequence), attempt: Int(sequence),
            startedAt: Self.now - .milliseconds(1500), outcome: error == nil ? .finished : .failed,
            isAbandoned: epoch == nil, error: error, progress: error == nil ? nil : "n \(sequence)",
            epoch: epoch)
    }

    private func transition(
        _ sequence: Int64, of task: String = "payouts", on instance: String = "one",
        reason: String? = nil
    ) -> TaskTransition {
        TaskTransition(
            task: task, event: event(sequence, on: instance), from: "STARTING", to: "RUNNING",
            reason: reason, attempt: 1, error: reason)
    }

    private func control(
        _ action: TaskControlRecord.Action, of task: String = "payouts", at seconds: Int64 = 0,
        until: Duration? = nil
    ) -> TaskControlRecord {
        TaskControlRecord(
            task: task, action: action, by: "ops", reason: "наличные", until: until,
            at: Self.now + .seconds(seconds))
    }

    @Test(arguments: StoreKind.allCases)
    func `runs are paged newest first, as they were appended`(kind: StoreKind) async throws {
        let store = try kind.open().cluster
        let runs = [
            run(1), run(2, error: "no\ncaused by: that", epoch: 7), run(4, epoch: 9),
        ]
        try await store.append(
            TaskHistory(runs: [runs[0], runs[1], run(3, of: "deposits")], transitions: []))
        try await store.append(TaskHistory(runs: [runs[2]], transitions: []))
        try await store.append(TaskHistory(runs: [], transitions: []))
        let first = try await store.runs(of: "payouts", before: nil, limit: 2)
        #expect(first.map(\.record) == [runs[2], runs[1]])
        let rest = try await store.runs(
            of: "payouts", before: try #require(first.last).number, limit: 2)
        #expect(rest.map(\.record) == [runs[0]])
        #expect(try await store.runs(of: "payouts", before: rest[0].number, limit: 2) == [])
        #expect(try await store.runs(of: "audit", before: nil, limit: 2) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `what is appended again is kept once, and a process begins to count anew`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let history = TaskHistory(
            runs: [run(1), run(3)], transitions: [transition(2), transition(4)])
        for store in [try fixture.cluster, try fixture.openClusterAgain()] {
            try await store.append(history)
        }
        let longer = TaskHistory(runs: [], transitions: [transition(4), transition(5)])
        try await fixture.cluster.append(longer)
        // Restarted under the same name, a moment later.
        let later = TaskRun(
            task: "payouts", event: event(1, at: Self.now + .milliseconds(1)), attempt: 1,
            startedAt: Self.now, outcome: .shutDown)
        try await fixture.cluster.append(TaskHistory(runs: [later], transitions: []))
        let runs = try await fixture.cluster.runs(of: "payouts", before: nil, limit: 10)
        #expect(runs.map(\.record) == [later] + history.runs.reversed())
        let page = try await fixture.cluster.transitions(of: nil, after: 0, limit: 10)
        #expect(page.transitions.map(\.record) == [2, 4, 5].map { transition($0) })
    }

    @Test(arguments: StoreKind.allCases)
    func `transitions are read from a cursor on, of one task or of all`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().cluster
        let all = (Int64(1)...7).map { (number: Int64) -> TaskTransition in
            let task = number % 3 == 0 ? "audit" : "payouts"
            return transition(number, of: task, reason: number % 2 == 0 ? "backoff" : nil)
        }
        try await store.append(TaskHistory(runs: [], transitions: Array(all[..<4])))
        try await store.append(TaskHistory(runs: [run(8)], transitions: Array(all[4...])))
        for task in [nil, "payouts", "audit", "none"] {
            var cursor: Int64 = 0
            var read: [TaskTransition] = []
            while true {
                let page = try await store.transitions(of: task, after: cursor, limit: 2)
                #expect(!page.hasGap)
                guard let last = page.transitions.last else { break }
                #expect(last.number > cursor)
                cursor = last.number
                read += page.transitions.map(\.record)
            }
            #expect(read == all.filter { task == nil || $0.task == task })
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a reader that follows many writers misses none`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let stores = [
            try fixture.cluster, try fixture.openClusterAgain(), try fixture.openClusterAgain(),
        ]
        let (writers, batches, batch) = (6, 12, 5)
        let reader = Task { [expected = writers * batches * batch] in
            var cursor: Int64 = 0
            var read: [TaskTransition] = []
            while read.count < expected {
                // Another store each time, as after a reconnect.
                let page = try await stores[read.count % 3].transitions(
                    of: nil, after: cursor, limit: 7)
                cursor = page.transitions.last?.number ?? cursor
                read += page.transitions.map(\.record)
                try await Task.sleep(for: .zero)
            }
            return read
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for round in 0..<batches {
                        let events = (0..<batch).map { index in
                            transition(Int64(round * batch + index), on: "w\(writer)")
                        }
                        try await stores[writer % 3].append(
                            TaskHistory(
                                runs: round % 4 == 0 ? [run(Int64(1000 * writer + round))] : [],
                                transitions: events))
                    }
                }
            }
            try await group.waitForAll()
        }
        // A missed one would keep the reader waiting for ever.
        let watchdog = Task {
            try await Task.sleep(for: .seconds(20))
            reader.cancel()
        }
        let read = try await reader.value
        watchdog.cancel()
        #expect(Set(read.map(\.event)).count == writers * batches * batch)
        for writer in 0..<writers {
            let own = read.filter { $0.event.instance == "w\(writer)" }.map(\.event.sequence)
            #expect(own == own.sorted())
        }
    }

    /// The one that has taken the lower number commits later, as far as it can.
    @Test func `a number does not become visible before the ones below it`() async throws {
        let fixture = try StoreKind.postgres.open()
        let store = try fixture.cluster
        let slow = try Bystander(
            fixture,
            holding: """
                UPDATE task_numbers SET last = last + 1;
                INSERT INTO task_transitions
                SELECT last, 'audit', 'slow', 1, 0, 'STARTING', 'RUNNING', NULL, 1, NULL
                FROM task_numbers;
                """)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        let fast = Task.detached { [transition = transition(1, on: "fast")] in
            signal.yield()
            try await store.append(TaskHistory(runs: [], transitions: [transition]))
        }
        for await _ in begun { break }
        try slow.waitForOthers()
        let early = try await store.transitions(of: nil, after: 0, limit: 10)
        #expect(early.transitions == [])
        try slow.commit()
        try await fast.value
        let page = try await store.transitions(of: nil, after: 0, limit: 10)
        #expect(page.transitions.map(\.record.event.instance) == ["slow", "fast"])
    }

    @Test(arguments: StoreKind.allCases)
    func `reaping keeps the newest of each task and tells whom it cost something`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().cluster
        try await store.append(
            TaskHistory(
                runs: [1, 2, 3, 4, 5].map { run($0) } + [run(6, of: "audit")],
                transitions: [20, 11, 12, 13, 14, 15, 21].map { (sequence: Int64) in
                    transition(sequence, of: sequence < 20 ? "payouts" : "audit")
                }))
        let before = try await store.transitions(of: nil, after: 0, limit: 100).transitions
        let limits = TaskHistoryLimits(runsMax: 2, transitionsMax: 3, controlsMax: 2)
        #expect(try await store.reap(limits) == 5)
        #expect(try await store.reap(limits) == 0)
        let runs = try await store.runs(of: "payouts", before: nil, limit: 10)
        #expect(runs.map(\.record) == [run(5), run(4)])
        #expect(try await store.runs(of: "audit", before: nil, limit: 10).count == 1)
        let page = try await store.transitions(of: "payouts", after: 0, limit: 10)
        #expect(page.transitions.map(\.record.event.sequence) == [13, 14, 15])
        #expect(page.hasGap)
        // 12 is gone; who had read it has missed nothing.
        let seen = { (sequence: Int64) throws in
            try #require(before.first { $0.record.event.sequence == sequence }).number
        }
        #expect(try await store.transitions(of: nil, after: seen(11), limit: 10).hasGap)
        #expect(try await !store.transitions(of: nil, after: seen(12), limit: 10).hasGap)
        #expect(try await !store.transitions(of: "audit", after: 0, limit: 10).hasGap)
        // What has gone still counts, and numbers are not given again.
        let last = try await store.newestNumber()
        #expect(try await store.transitions(of: nil, after: last, limit: 10).transitions == [])
        try await store.append(TaskHistory(runs: [], transitions: [transition(30)]))
        let newest = try await store.transitions(of: nil, after: last, limit: 10)
        #expect(newest.transitions.map(\.record.event.sequence) == [30])
    }

    @Test(arguments: StoreKind.allCases)
    func `controls are read in order by every instance, and the newest pause stands`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (here, there) = (try fixture.cluster, try fixture.openClusterAgain())
        let pause = control(.pause, until: Self.now + .seconds(90))
        let made = [
            control(.pause, of: "audit"), pause, control(.restart, at: 1),
            control(.resume, of: "audit", at: 2), control(.restart, of: "deposits", at: 3),
        ]
        var numbers: [Int64] = []
        for control in made { numbers.append(try await here.insert(control)) }
        #expect(numbers == Array(Set(numbers)).sorted())
        #expect(try await there.insert(pause) == numbers[1])
        let read = try await there.controls(after: 0, limit: 3)
        #expect(read == zip(numbers, made).prefix(3).map { Numbered($0, $1) })
        let rest = try await there.controls(after: numbers[2], limit: 10)
        #expect(rest.map(\.record) == Array(made[3...]))
        #expect(try await there.controls(after: numbers[4], limit: 10) == [])
        #expect(try await there.standingControls().map(\.record) == [pause, made[3]])
        // However old it is, a standing pause is not reaped.
        for second in 10..<14 {
            _ = try await here.insert(control(.restart, at: Int64(second)))
        }
        let limits = TaskHistoryLimits(runsMax: 1, transitionsMax: 1, controlsMax: 2)
        // The restarts of seconds 1, 10 and 11, and the audit's first pause is within the limit.
        #expect(try await there.reap(limits) == 3)
        #expect(try await here.standingControls().map(\.record) == [pause, made[3]])
        #expect(try await here.controls(after: 0, limit: 10).count == 6)
    }
}
