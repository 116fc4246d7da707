// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Supervision
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ObserverTests {
    private final class Recorder: SupervisionObserver {
        private let state = Mutex<(events: [SupervisionEvent], dropped: Int)>(([], 0))
        let gate: Gate?

        init(gate: Gate? = nil) { self.gate = gate }

        var events: [SupervisionEvent] { state.withLock { $0.events } }
        var dropped: Int { state.withLock { $0.dropped } }

        func observe(_ events: [SupervisionEvent], dropped: Int) async {
            state.withLock { state in
                state.events += events
                state.dropped += dropped
            }
            await gate?.wait()
        }
    }

    private struct Broken: Error {}

    private static let policy: ChildPolicy = {
        var policy = ChildPolicy()
        policy.backoff = Backoff(
            base: .nanoseconds(1), factorPercent: 100, cap: .nanoseconds(1), jitter: .none)
        return policy
    }()

    @Test func `every transition and every run is told once, in order`() async throws {
        let recorder = Recorder()
        let failing = Child(name: "fails", policy: Self.policy) { context in
            context.progress("turn \(context.attempt)")
            if context.attempt <= 3 { throw Broken() }
            await untilStopped(context)
        }
        let steady = Child(name: "steady") { await untilStopped($0) }
        let wall = WallTime { .seconds(1_800_000_000) }
        let supervisor = try Supervisor(
            children: [failing, steady], observer: recorder, logger: quiet, wall: wall)
        let running = Task { try await supervisor.run() }
        await eventually {
            supervisor.status().allSatisfy { $0.heartbeatAge != nil && $0.attempt >= 1 }
        }
        await eventually { supervisor.status()[0].attempt == 4 }
        running.cancel()
        try await running.value

        let events = recorder.events
        #expect(recorder.dropped == 0)
        #expect(events.map(\.sequence) == Array(1...UInt64(events.count)))
        #expect(events.allSatisfy { $0.at == .seconds(1_800_000_000) })
        var runs: [FinishedRun] = []
        for task in ["fails", "steady"] {
            var state = ChildState.stopped
            for event in events where event.task == task {
                switch event.kind {
                case .transition(let transition):
                    #expect(transition.from == state && transition.to != state)
                    state = transition.to
                case .run(let run): if task == "fails" { runs.append(run) }
                }
            }
            #expect(state == .stopped, "the last word is told too")
        }
        #expect(runs.map(\.attempt) == [1, 2, 3, 4])
        #expect(runs.map(\.outcome) == [.failed, .failed, .failed, .shutDown])
        #expect(runs.map(\.error) == ["Broken()", "Broken()", "Broken()", nil])
        #expect(runs.map(\.progress) == (1...4).map { "turn \($0)" })
        #expect(runs.allSatisfy { $0.duration >= .zero })
    }

    @Test func `a slow observer holds nobody up and is told what it missed`() async throws {
        let gate = Gate()
        let recorder = Recorder(gate: gate)
        let child = Child(name: "fails", policy: Self.policy) { _ in throw Broken() }
        let supervisor = try Supervisor(children: [child], observer: recorder, logger: quiet)
        let running = Task { try await supervisor.run() }
        // The first call never returns, and still the child goes on.
        await eventually { supervisor.status()[0].attempt > 2_000 }
        gate.open()
        running.cancel()
        try await running.value
        let events = recorder.events
        #expect(recorder.dropped > 0)
        let last = try #require(events.last)
        #expect(UInt64(events.count + recorder.dropped) == last.sequence)
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.sequence < $1.sequence })
    }

    @Test func `an observer that never returns does not keep the supervisor from ending`()
        async throws
    {
        let gate = Gate()
        let time = ManualTime()
        let child = Child(name: "steady") { await untilStopped($0) }
        let supervisor = try Supervisor(
            children: [child], observer: Recorder(gate: gate), logger: quiet, time: time.steady)
        let running = Task { try await supervisor.run() }
        await eventually { supervisor.status()[0].state == .running }
        running.cancel()
        let isOver = Flag()
        let waiting = Task {
            try await running.value
            isOver.raise()
        }
        while !isOver.isRaised {
            time.advance(by: .milliseconds(100))
            await Task.yield()
        }
        try await waiting.value
        gate.open()
    }
}
