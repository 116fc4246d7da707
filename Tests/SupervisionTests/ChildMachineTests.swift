// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Supervision
import TestSupport
import Testing

@Suite struct ChildMachineTests {
    private var random = SeededRandom(seed: 7)

    private static func machine(heartbeatTimeout: Duration? = nil) -> ChildMachine {
        var policy = ChildPolicy()
        policy.backoff = Backoff(
            base: .seconds(1), factorPercent: 200, cap: .seconds(60), jitter: .none)
        policy.consecutiveFailuresMax = 3
        policy.stableTime = .seconds(100)
        policy.heartbeatTimeout = heartbeatTimeout
        policy.shutdownGrace = .seconds(5)
        policy.cancellationGrace = .seconds(2)
        return ChildMachine(policy: policy, at: .zero)
    }

    @Test mutating func `a failed body is run again after its backoff`() {
        var machine = Self.machine()
        #expect(machine.handle(.start, at: .seconds(1), using: &random) == [.run(attempt: 1)])
        #expect(machine.state == .running)
        #expect(machine.deadline == nil)
        let actions = machine.handle(
            .ended(attempt: 1, error: "broken"), at: .seconds(2), using: &random)
        #expect(
            actions == [
                .report(.failed(error: "broken", consecutive: 1, retryIn: .seconds(1)))
            ])
        #expect(machine.state == .waiting(until: .seconds(3)))
        #expect(machine.deadline == .seconds(3))
        #expect(machine.handle(.due, at: .milliseconds(2_999), using: &random) == [])
        #expect(machine.handle(.due, at: .seconds(3), using: &random) == [.run(attempt: 2)])
        #expect(machine.lastError == "broken")
        #expect(machine.since == .seconds(3))
    }

    @Test mutating func `a body that returns unasked has failed`() {
        var machine = Self.machine()
        _ = machine.handle(.start, at: .zero, using: &random)
        _ = machine.handle(.ended(attempt: 1, error: nil), at: .seconds(1), using: &random)
        #expect(machine.consecutiveFailures == 1)
        #expect(machine.state == .waiting(until: .seconds(2)))
        #expect(machine.lastError == "it returned without being asked to")
    }

    @Test mutating func `failures in a row lengthen the pause up to the longest one`() {
        var machine = Self.machine()
        var now = Duration.zero
        var pauses: [Duration] = []
        _ = machine.handle(.start, at: now, using: &random)
        for attempt in 1...6 {
            let actions = machine.handle(
                .ended(attempt: attempt, error: "x"), at: now, using: &random)
            #expect(actions.contains(.report(.degraded)) == (attempt == 3))
            #expect(machine.isDegraded == (attempt >= 3))
            guard case .waiting(let until) = machine.state else {
                Issue.record("\(machine.state)")
                return
            }
            pauses.append(until - now)
            now = until
            let run = machine.handle(.due, at: now, using: &random)
            #expect(run == [.run(attempt: attempt + 1)], "never abandoned")
        }
        #expect(
            pauses == [
                .seconds(1), .seconds(2), .seconds(60), .seconds(60), .seconds(60), .seconds(60),
            ])
    }

    @Test mutating func `only a stable run ends a row of failures`() {
        var machine = Self.machine()
        _ = machine.handle(.start, at: .zero, using: &random)
        for attempt in 1...3 {
            _ = machine.handle(.ended(attempt: attempt, error: "x"), at: .zero, using: &random)
            guard case .waiting(let until) = machine.state else { return }
            _ = machine.handle(.due, at: until, using: &random)
        }
        #expect(machine.isDegraded)
        let start = machine.since
        #expect(machine.deadline == start + .seconds(100))
        #expect(machine.handle(.due, at: start + .seconds(99), using: &random) == [])
        #expect(machine.isDegraded)
        let actions = machine.handle(.due, at: start + .seconds(100), using: &random)
        #expect(actions == [.report(.recovered)])
        #expect(!machine.isDegraded)
        #expect(machine.state == .running)
        #expect(machine.deadline == nil)
    }

    @Test mutating func `a stop asks, then cancels, then abandons`() {
        var machine = Self.machine()
        _ = machine.handle(.start, at: .zero, using: &random)
        let asked = machine.handle(.stop(atOnce: false), at: .seconds(1), using: &random)
        #expect(asked == [.askToStop])
        #expect(machine.state == .stopping(until: .seconds(6)))
        #expect(machine.handle(.stop(atOnce: false), at: .seconds(2), using: &random) == [])
        #expect(machine.handle(.due, at: .seconds(6), using: &random) == [.cancel])
        #expect(machine.state == .cancelling(until: .seconds(8), isFinal: true))
        let last = machine.handle(.due, at: .seconds(8), using: &random)
        #expect(last == [.report(.abandoned), .report(.stopped)])
        #expect(machine.state == .stopped)
        #expect(machine.deadline == nil)
        let late = machine.handle(.ended(attempt: 1, error: "x"), at: .seconds(9), using: &random)
        #expect(late == [])
    }

    @Test(arguments: [nil, "CancellationError()"] as [String?])
    mutating func `the end after a stop is no failure`(error: String?) {
        for atOnce in [false, true] {
            var machine = Self.machine()
            _ = machine.handle(.start, at: .zero, using: &random)
            _ = machine.handle(.stop(atOnce: atOnce), at: .zero, using: &random)
            let actions = machine.handle(
                .ended(attempt: 1, error: error), at: .seconds(1), using: &random)
            #expect(actions == [.report(.stopped)])
            #expect(machine.consecutiveFailures == 0)
        }
    }

    @Test mutating func `a stop at once cancels a body that was only asked`() {
        var machine = Self.machine()
        _ = machine.handle(.start, at: .zero, using: &random)
        _ = machine.handle(.stop(atOnce: false), at: .zero, using: &random)
        let actions = machine.handle(.stop(atOnce: true), at: .seconds(1), using: &random)
        #expect(actions == [.askToStop, .cancel])
    }

    @Test mutating func `a stop while nothing runs is immediate`() {
        var idle = Self.machine()
        #expect(
            idle.handle(.stop(atOnce: false), at: .zero, using: &random) == [.report(.stopped)])
        #expect(idle.handle(.start, at: .zero, using: &random) == [])
        var waiting = Self.machine()
        _ = waiting.handle(.start, at: .zero, using: &random)
        _ = waiting.handle(.ended(attempt: 1, error: "x"), at: .zero, using: &random)
        _ = waiting.handle(.stop(atOnce: false), at: .zero, using: &random)
        #expect(waiting.state == .stopped)
        #expect(waiting.handle(.due, at: .seconds(99), using: &random) == [])
    }

    @Test mutating func `a silent body is cancelled and replaced`() {
        var machine = Self.machine(heartbeatTimeout: .seconds(10))
        _ = machine.handle(.start, at: .zero, using: &random)
        machine.beat(attempt: 1, at: .seconds(4))
        #expect(machine.deadline == .seconds(14))
        #expect(machine.handle(.due, at: .seconds(10), using: &random) == [])
        machine.beat(attempt: 1, at: .seconds(13))
        #expect(machine.handle(.due, at: .seconds(14), using: &random) == [])
        let hung = machine.handle(.due, at: .seconds(23), using: &random)
        #expect(hung == [.report(.hung(silent: .seconds(10))), .cancel])
        _ = machine.handle(
            .ended(attempt: 1, error: "CancellationError()"), at: .seconds(24), using: &random)
        #expect(machine.state == .waiting(until: .seconds(25)))
        #expect(machine.consecutiveFailures == 1)
        #expect(machine.lastError == "no sign of life for 10.0 seconds")
    }

    @Test mutating func `a hung body that ignores its cancellation is replaced all the same`() {
        var machine = Self.machine(heartbeatTimeout: .seconds(10))
        _ = machine.handle(.start, at: .zero, using: &random)
        _ = machine.handle(.due, at: .seconds(10), using: &random)
        let actions = machine.handle(.due, at: .seconds(12), using: &random)
        #expect(actions.first == .report(.abandoned))
        #expect(machine.state == .waiting(until: .seconds(13)))
        _ = machine.handle(.due, at: .seconds(13), using: &random)
        // The old body's signs and end belong to no one any more.
        machine.beat(attempt: 1, at: .seconds(14))
        #expect(machine.lastHeartbeat == nil)
        #expect(
            machine.handle(.ended(attempt: 1, error: nil), at: .seconds(14), using: &random) == [])
        #expect(machine.state == .running)
        #expect(machine.attempt == 2)
    }

    @Test mutating func `a hung body asked to stop meanwhile is not run again`() {
        var machine = Self.machine(heartbeatTimeout: .seconds(10))
        _ = machine.handle(.start, at: .zero, using: &random)
        _ = machine.handle(.due, at: .seconds(10), using: &random)
        _ = machine.handle(.stop(atOnce: false), at: .seconds(11), using: &random)
        _ = machine.handle(.ended(attempt: 1, error: nil), at: .seconds(11), using: &random)
        #expect(machine.state == .stopped)
    }

    @Test func `whatever happens the machine keeps its rules`() {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for _ in 0..<300 {
            var machine = Self.machine(
                heartbeatTimeout: Bool.random(using: &random) ? .seconds(10) : nil)
            var now = Duration.zero
            for _ in 0..<200 {
                now += .milliseconds(Int64.random(in: 0...20_000, using: &random))
                let event: ChildMachine.Event =
                    switch Int.random(in: 0..<100, using: &random) {
                    case 0..<10: .start
                    case 10..<60: .due
                    case 60..<62: .stop(atOnce: Bool.random(using: &random))
                    default:
                        .ended(
                            attempt: machine.attempt - Int.random(in: 0...1, using: &random),
                            error: "x")
                    }
                let before = machine
                let actions = machine.handle(event, at: now, using: &random)
                let runs = actions.filter { if case .run = $0 { true } else { false } }
                #expect(
                    runs
                        == (machine.attempt > before.attempt
                            ? [.run(attempt: before.attempt + 1)] : []))
                if before.state == .stopped {
                    #expect(actions.isEmpty && machine.state == .stopped)
                }
                // A child that neither runs nor has ended always has a time to come back.
                switch machine.state {
                case .waiting, .stopping, .cancelling: #expect(machine.deadline != nil)
                case .idle, .running, .stopped: break
                }
                // Its own deadline always brings it on: no loop without progress.
                if let deadline = machine.deadline, deadline <= now {
                    #expect(!machine.handle(.due, at: now, using: &random).isEmpty)
                }
            }
        }
    }
}
