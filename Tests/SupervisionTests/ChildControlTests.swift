// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Testing

@Suite struct ChildControlTests {
    @Test func `a pause stops the body without failing, and a resume runs it anew`() {
        var walk = ChildWalk()
        let pause = Pause(by: "ann", reason: "maintenance")
        walk.send(.start, at: 0)
        #expect(
            walk.send(.control(.pause(pause)), at: 1) == [.report(.paused(pause)), .askToStop])
        #expect(walk.machine.state == .stopping)
        walk.fail(at: 2)
        #expect(walk.machine.state == .paused)
        #expect(walk.machine.pause == pause)
        #expect(walk.machine.consecutiveFailures == 0)
        #expect(walk.runs.map(\.outcome) == [.paused])
        #expect(walk.machine.deadline == nil, "without an end of its own")
        #expect(walk.send(.due, at: 1_000) == [])
        #expect(
            walk.send(.control(.resume), at: 1_001)
                == [.report(.resumed), .run(attempt: 2, lease: nil)])
        #expect(walk.machine.pause == nil)
    }

    @Test func `a pause ends by itself at its time`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        walk.send(
            .control(.pause(Pause(by: "ann", reason: "", until: .seconds(50)))), at: 1)
        walk.fail(nil, at: 2)
        #expect(walk.machine.deadline == .seconds(50))
        #expect(walk.send(.due, at: 49) == [])
        #expect(walk.send(.due, at: 50) == [.report(.resumed), .run(attempt: 2, lease: nil)])
    }

    @Test func `a pause that ends while the body still stops runs it again afterwards`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        walk.send(.control(.pause(Pause(by: "ann", reason: "", until: .seconds(3)))), at: 1)
        #expect(walk.send(.due, at: 3) == [.report(.resumed)])
        #expect(walk.machine.state == .stopping)
        #expect(walk.fail(nil, at: 4) == [.run(attempt: 2, lease: nil)])
    }

    @Test func `a pause keeps the backoff that is under way`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        for round in 1...4 {
            walk.fail(at: round * 100)
            walk.send(.due, at: round * 100 + 60)
        }
        walk.fail(at: 500)
        walk.send(.control(.pause(Pause(by: "ann", reason: ""))), at: 501)
        #expect(walk.machine.state == .paused)
        #expect(walk.send(.control(.resume), at: 510) == [.report(.resumed)])
        #expect(walk.machine.state == .degraded)
        #expect(walk.machine.deadline == .seconds(560))
    }

    @Test func `a restart ends the backoff and changes no count`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        walk.fail(at: 1)
        #expect(
            walk.send(.control(.restart(by: "ann")), at: 1)
                == [.report(.restartAsked(by: "ann")), .run(attempt: 2, lease: nil)])
        #expect(walk.machine.consecutiveFailures == 1)
    }

    @Test func `a restart replaces the body once it has ended`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        #expect(
            walk.send(.control(.restart(by: "ann")), at: 1)
                == [.report(.restartAsked(by: "ann")), .askToStop])
        #expect(walk.send(.due, at: 6) == [.askToStop, .cancel])
        #expect(walk.fail(at: 7) == [.run(attempt: 2, lease: nil)])
        #expect(walk.runs.map(\.outcome) == [.restarted])
        #expect(walk.machine.consecutiveFailures == 0)
    }

    @Test func `what makes no sense is refused with its reason`() {
        var walk = ChildWalk()
        let pause = TaskControl.pause(Pause(by: "ann", reason: ""))
        walk.send(.start, at: 0)
        #expect(walk.machine.objection(to: .resume) == "it is not paused")
        walk.send(pause, at: 1)
        #expect(walk.machine.objection(to: .restart(by: "ann")) == "it is paused")
        #expect(walk.machine.objection(to: pause) == nil, "a second takes the first one's place")
        walk.send(.stop(atOnce: false), at: 2)
        for control in [pause, .resume, .restart(by: "ann")] {
            #expect(walk.machine.objection(to: control) == "it is stopping for good")
            #expect(walk.send(control, at: 3) == [])
        }
        var done = ChildWalk { $0.restart = .temporary }
        done.send(.start, at: 0)
        done.fail(nil, at: 1)
        #expect(done.machine.objection(to: pause) == "it has ended")
    }

    // MARK: - Stop

    @Test func `a stop asks, then cancels, then abandons`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        #expect(walk.send(.stop(atOnce: false), at: 1) == [.askToStop])
        #expect(walk.send(.stop(atOnce: false), at: 2) == [])
        #expect(walk.machine.deadline == .seconds(6))
        #expect(walk.send(.due, at: 6) == [.askToStop, .cancel])
        #expect(walk.machine.deadline == .seconds(8))
        #expect(walk.send(.due, at: 8) == [.report(.abandoned), .report(.stopped)])
        #expect(walk.machine.state == .stopped)
        #expect(walk.fences == 1)
        #expect(walk.machine.deadline == nil)
        #expect(walk.fail(at: 9) == [])
        #expect(walk.runs.map(\.outcome) == [.shutDown])
    }

    @Test(arguments: [nil, "CancellationError()"] as [String?])
    func `the end after a stop is no failure`(error: String?) {
        for atOnce in [false, true] {
            var walk = ChildWalk()
            walk.send(.start, at: 0)
            walk.send(.stop(atOnce: atOnce), at: 0)
            #expect(walk.fail(error, at: 1) == [.report(.stopped)])
            #expect(walk.machine.consecutiveFailures == 0)
        }
    }

    @Test func `a stop at once cancels a body that was only asked, or is still needed`() {
        var asked = ChildWalk()
        asked.send(.start, at: 0)
        asked.send(.stop(atOnce: false), at: 0)
        #expect(asked.send(.stop(atOnce: true), at: 1) == [.askToStop, .cancel])
        var needed = ChildWalk()
        needed.send(.start, at: 0)
        needed.send(.gate(.init(isNeeded: true)), at: 0)
        #expect(needed.send(.stop(atOnce: false), at: 1) == [])
        #expect(needed.machine.state == .stopping)
        #expect(needed.send(.stop(atOnce: true), at: 2) == [.askToStop, .cancel])
    }

    @Test func `a stop while nothing runs is immediate`() {
        var idle = ChildWalk()
        #expect(idle.send(.stop(atOnce: false), at: 0) == [.report(.stopped)])
        #expect(idle.send(.start, at: 0) == [])
        var waiting = ChildWalk()
        waiting.send(.start, at: 0)
        waiting.fail(at: 0)
        waiting.send(.stop(atOnce: false), at: 0)
        #expect(waiting.machine.state == .stopped)
        #expect(waiting.send(.due, at: 99) == [])
    }

    @Test func `a hung body asked to stop meanwhile is not run again`() {
        var walk = ChildWalk { $0.heartbeatTimeout = .seconds(10) }
        walk.send(.start, at: 0)
        walk.send(.due, at: 10)
        walk.send(.stop(atOnce: false), at: 11)
        walk.fail(nil, at: 11)
        #expect(walk.machine.state == .stopped)
        #expect(walk.runs.map(\.outcome) == [.hung])
    }
}

extension ChildWalk {
    @discardableResult
    fileprivate mutating func send(
        _ control: TaskControl, at seconds: Int
    ) -> [ChildMachine.Action] {
        send(.control(control), at: seconds)
    }
}
