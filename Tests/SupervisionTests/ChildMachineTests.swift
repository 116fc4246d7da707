// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import TestSupport
import Testing

@Suite struct ChildMachineTests {
    @Test func `a failed body is run again after its backoff`() {
        var walk = ChildWalk()
        #expect(walk.machine.state == .stopped)
        #expect(walk.send(.start, at: 1) == [.run(attempt: 1, lease: nil)])
        #expect(walk.machine.state == .starting)
        walk.sign(at: 1)
        #expect(walk.machine.state == .running)
        #expect(walk.machine.deadline == nil)
        let failed = walk.fail(at: 2)
        #expect(
            failed == [.report(.failed(error: "broken", consecutive: 1, retryIn: .seconds(1)))])
        #expect(walk.machine.state == .waiting(.backoff))
        #expect(walk.machine.deadline == .seconds(3))
        #expect(walk.send(.due, at: 2) == [])
        #expect(walk.send(.due, at: 3) == [.run(attempt: 2, lease: nil)])
        #expect(walk.machine.lastError == "broken")
        #expect(walk.machine.since == .seconds(3))
        #expect(walk.names == ["STARTING", "RUNNING", "WAITING", "STARTING"])
        #expect(walk.fences == 1, "whoever still has the context is too late")
    }

    // MARK: - The failures of the original service

    @Test func `the loop that ends without an error is a failure and runs again`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        walk.fail(nil, at: 1)
        #expect(walk.machine.consecutiveFailures == 1)
        #expect(walk.machine.lastError == "it returned without being asked to")
        #expect(walk.runs.map(\.outcome) == [.failed])
        #expect(walk.send(.due, at: 2) == [.run(attempt: 2, lease: nil)])
    }

    @Test func `the exception in every iteration never stops the retries`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        var now = 0
        var pauses: [Int] = []
        for attempt in 1...50 {
            walk.fail("exception \(attempt)", at: now)
            let due = walk.machine.retryAt.map { Int($0.components.seconds) } ?? .max
            pauses.append(due - now)
            now = due
            #expect(walk.send(.due, at: now) == [.run(attempt: attempt + 1, lease: nil)])
        }
        #expect(pauses == [1, 2, 4, 8] + Array(repeating: 60, count: 46))
        #expect(walk.runs.count == 50)
        #expect(walk.machine.lastError == "exception 50")
    }

    @Test func `five in a row degrade the child and are said once`() {
        var walk = ChildWalk()
        var reports: [ChildMachine.Action] = []
        walk.send(.start, at: 0)
        for round in 1...8 {
            reports += walk.fail(at: round * 1_000).filter { $0 == .report(.degraded) }
            #expect((walk.machine.state == .degraded) == (round >= 5))
            walk.send(.due, at: round * 1_000 + 60)
            // Neither a retry nor a sign of life is a recovery.
            walk.sign(at: round * 1_000 + 61)
            #expect((walk.machine.state == .degraded) == (round >= 5))
        }
        #expect(reports == [.report(.degraded)])
        #expect(walk.names.filter { $0 == "DEGRADED" }.count == 1)
    }

    @Test func `success that resets too early does not hide a row of failures`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        for round in 1...5 {
            walk.sign(.progress("one item"), at: round * 1_000)
            walk.fail(at: round * 1_000 + 1)
            walk.send(.due, at: round * 1_000 + 61)
            // Just short of the stable time.
            walk.send(.due, at: round * 1_000 + 160)
            #expect(walk.machine.consecutiveFailures == round)
        }
        #expect(walk.machine.isDegraded)
        #expect(walk.send(.due, at: 5_161) == [.report(.recovered)])
        #expect(walk.machine.state == .running)
        #expect(walk.machine.consecutiveFailures == 0)
        #expect(walk.machine.lastSuccess == .seconds(5_161))
        #expect(walk.machine.deadline == nil)
    }

    @Test func `the error swallowed inside is found by the watchdog`() {
        var walk = ChildWalk { $0.heartbeatTimeout = .seconds(10) }
        walk.send(.start, at: 0)
        walk.sign(.progress("one item"), at: 4)
        #expect(walk.machine.deadline == .seconds(14))
        #expect(walk.send(.due, at: 10) == [])
        walk.sign(at: 13)
        #expect(walk.send(.due, at: 14) == [])
        // From now on every turn fails, is swallowed, and gives no sign.
        let hung = walk.send(.due, at: 23)
        #expect(hung == [.report(.hung(silent: .seconds(10))), .askToStop, .cancel])
        walk.fail("CancellationError()", at: 24)
        #expect(walk.machine.state == .waiting(.backoff))
        #expect(walk.machine.consecutiveFailures == 1)
        #expect(walk.machine.lastError == "no sign of life for 10.0 seconds")
        #expect(walk.runs.map(\.outcome) == [.hung])
        #expect(walk.runs.first?.progress == "one item")
    }

    @Test func `the hang that ignores its cancellation is fenced and replaced`() {
        var walk = ChildWalk { $0.heartbeatTimeout = .seconds(10) }
        walk.send(.start, at: 0)
        walk.send(.due, at: 10)
        #expect(walk.machine.state == .stopping)
        #expect(walk.fences == 0)
        #expect(walk.send(.due, at: 12).first == .report(.abandoned))
        #expect(walk.fences == 1)
        #expect(walk.machine.state == .waiting(.backoff))
        #expect(walk.machine.abandonedBodies == 1)
        #expect(walk.runs.map(\.isAbandoned) == [true])
        walk.send(.due, at: 13)
        // The old body's signs and end belong to no one any more.
        walk.send(.sign(attempt: 1, .progress("late")), at: 14)
        #expect(walk.machine.lastHeartbeat == nil)
        #expect(walk.machine.progress == nil)
        #expect(walk.send(.ended(attempt: 1, error: nil), at: 14) == [])
        #expect(walk.machine.abandonedBodies == 0)
        #expect(walk.machine.attempt == 2)
        #expect(walk.runs.count == 1)
    }

    // MARK: - Flapping

    @Test func `failures with stable runs between them are flapping until the window is calm`() {
        var walk = ChildWalk {
            $0.intensityMax = 3
            $0.intensityWindow = .seconds(1_000)
        }
        walk.send(.start, at: 0)
        var reports: [ChildMachine.Action] = []
        for round in 0..<4 {
            let start = round * 200
            // The run has been stable: no row ever grows.
            reports += walk.send(.due, at: start + 150)
            reports += walk.fail(at: start + 151)
            #expect(walk.machine.consecutiveFailures == 1)
            walk.send(.due, at: start + 152)
            #expect((walk.machine.state == .flapping) == (round >= 2))
        }
        #expect(reports.filter { $0 == .report(.flapping) }.count == 1)
        #expect(reports.filter { $0 == .report(.recovered) }.count == 2)
        // Stable, but the failures are too near: it is looked at again.
        #expect(walk.send(.due, at: 852) == [])
        #expect(walk.machine.state == .flapping)
        #expect(walk.machine.deadline == .seconds(952))
        #expect(walk.machine.failuresInWindow(at: .seconds(852)) == 4)
        #expect(walk.send(.due, at: 2_000) == [.report(.recovered)])
        #expect(walk.machine.state == .running)
        #expect(walk.machine.deadline == nil)
    }

    // MARK: - Policies

    @Test(arguments: RestartPolicy.allCases)
    func `what an end means is for the policy to say`(restart: RestartPolicy) {
        for error in [nil, "broken"] {
            var walk = ChildWalk { $0.restart = restart }
            walk.send(.start, at: 0)
            walk.fail(error, at: 1)
            let runsAgain = restart == .permanent || restart == .transient && error != nil
            #expect((walk.machine.state == .waiting(.backoff)) == runsAgain)
            #expect((walk.machine.state == .stopped) == !runsAgain)
            #expect(walk.send(.due, at: 100).isEmpty == !runsAgain)
            #expect(walk.machine.hasFinished == (error == nil && restart != .permanent))
            // Stopped is no dead end.
            if !runsAgain {
                #expect(
                    walk.send(.control(.restart(by: "ann")), at: 101)
                        == [.report(.restartAsked(by: "ann")), .run(attempt: 2, lease: nil)])
            }
        }
    }

    // MARK: - Waiting

    @Test func `a child starts when its gate opens, and a held one stops without failing`() {
        var walk = ChildWalk()
        walk.send(.gate(.init(blockedBy: "store")), at: 0)
        walk.send(.start, at: 0)
        #expect(walk.machine.state == .waiting(.dependency("store")))
        #expect(walk.send(.gate(.init()), at: 1) == [.run(attempt: 1, lease: nil)])
        let needed = ChildMachine.Gate(blockedBy: "store", isHeld: true, isNeeded: true)
        #expect(walk.send(.gate(needed), at: 2) == [], "not before those that need it")
        #expect(walk.machine.state == .stopping)
        #expect(walk.send(.gate(.init(blockedBy: "store", isHeld: true)), at: 3) == [.askToStop])
        #expect(walk.fail(at: 4) == [])
        #expect(walk.machine.state == .waiting(.dependency("store")))
        #expect(walk.runs.map(\.outcome) == [.held])
        #expect(walk.machine.consecutiveFailures == 0)
        #expect(walk.send(.gate(.init()), at: 5) == [.run(attempt: 2, lease: nil)])
    }

    @Test func `a body says what it waits for`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        walk.sign(.waits(.store), at: 1)
        #expect(walk.machine.state == .waiting(.resource(.store)))
        walk.sign(.waits(.breaker("mrkt")), at: 2)
        #expect(walk.machine.state == .waiting(.resource(.breaker("mrkt"))))
        walk.sign(.waits(nil), at: 3)
        #expect(walk.machine.state == .running)
        walk.sign(.waits(.budget("mrkt")), at: 4)
        walk.fail(at: 5)
        walk.send(.due, at: 6)
        #expect(walk.machine.state == .starting, "the next body waits for nothing yet")
    }

    @Test func `a body that says nothing counts as up after the start time`() {
        var walk = ChildWalk()
        walk.send(.start, at: 0)
        #expect(!walk.machine.isUp)
        #expect(walk.machine.deadline == .seconds(1))
        walk.send(.due, at: 1)
        #expect(walk.machine.isUp)
        #expect(walk.machine.state == .running)
    }

    @Test func `a lost lease fences and cancels the body, and is no failure`() throws {
        var walk = ChildWalk(scope: .leader)
        let lease = Lease(name: "child", holder: "one", epoch: 7)
        let held = HeldLease(lease, until: .seconds(4))
        #expect(walk.send(.start, at: 0) == [])
        #expect(walk.machine.state == .waiting(.lease(holder: nil)))
        walk.send(.lease(nil, holder: "two"), at: 0)
        #expect(walk.machine.state == .waiting(.lease(holder: "two")))
        let gained = walk.send(.lease(held, holder: "one"), at: 1)
        #expect(gained == [.report(.leaseGained(epoch: 7)), .run(attempt: 1, lease: held)])
        let longer = HeldLease(lease, until: .seconds(6))
        #expect(
            walk.send(.lease(longer, holder: "one"), at: 2)
                == [.extendLease(until: .seconds(6))])
        let lost = walk.send(.lease(nil, holder: nil), at: 6)
        #expect(lost == [.report(.leaseLost(epoch: 7)), .askToStop, .cancel])
        #expect(walk.fences == 1)
        #expect(walk.fail("CancellationError()", at: 7) == [])
        #expect(walk.runs.map(\.outcome) == [.leaseLost])
        #expect(walk.runs.map(\.epoch) == [7])
        #expect(walk.machine.consecutiveFailures == 0)
        #expect(walk.machine.state == .waiting(.lease(holder: nil)))
    }

    @Test func `an abandoned body's lease is used for no other`() {
        var walk = ChildWalk(scope: .leader) { $0.heartbeatTimeout = .seconds(10) }
        let held = HeldLease(Lease(name: "child", holder: "one", epoch: 7), until: .seconds(40))
        walk.send(.start, at: 0)
        walk.send(.lease(held, holder: "one"), at: 0)
        walk.send(.due, at: 10)
        #expect(walk.send(.due, at: 12).contains(.discardLease))
        #expect(walk.runs.map(\.epoch) == [7])
        #expect(walk.send(.due, at: 20) == [])
        #expect(walk.machine.state == .waiting(.lease(holder: "one")))
    }

    @Test func `a degraded leader leaves the lease to others until it tries again`() {
        var walk = ChildWalk(scope: .leader) { $0.consecutiveFailuresMax = 1 }
        let held = HeldLease(Lease(name: "child", holder: "one", epoch: 7), until: .seconds(999))
        walk.send(.start, at: 0)
        walk.send(.lease(held, holder: "one"), at: 0)
        walk.fail(at: 1)
        #expect(!walk.machine.wantsLease)
        #expect(walk.send(.lease(nil, holder: nil), at: 1) == [], "given back, not lost")
        walk.send(.due, at: 61)
        #expect(walk.machine.wantsLease)
    }

    @Test func `whatever happens the machine keeps its rules`() {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for _ in 0..<300 { fuzz(&random) }
    }

    private func fuzz(_ random: inout SeededRandom) {
        var walk = ChildWalk(scope: Bool.random(using: &random) ? .leader : .everyInstance) {
            $0.restart = RestartPolicy.allCases.randomElement(using: &random) ?? .permanent
            $0.heartbeatTimeout = Bool.random(using: &random) ? .seconds(10) : nil
            $0.intensityMax = 8
            $0.intensityWindow = .seconds(300)
        }
        walk.random = SeededRandom(seed: random.next())
        var now = 0
        var begun = 0
        var isShutDown = false
        for _ in 0..<200 {
            now += Int.random(in: 0...20, using: &random)
            let event = event(for: walk.machine, at: now, using: &random)
            let before = walk.machine
            let known = walk.runs.count
            let actions = walk.send(event, at: now)
            if case .stop = event { isShutDown = true }
            let starts = actions.filter { if case .run = $0 { true } else { false } }
            begun += starts.count
            #expect(
                starts.count <= 1 && (starts.isEmpty || !before.hasBody || walk.runs.count > known))
            #expect(walk.machine.attempt == begun)
            // Every run that has ended is recorded once, in order.
            #expect(
                walk.runs.map(\.attempt)
                    == Array(1...(begun + 1)).dropLast(walk.machine.hasBody ? 2 : 1))
            if isShutDown { #expect(starts.isEmpty) }
            if !isShutDown, walk.machine.state == .stopped {
                #expect(walk.machine.objection(to: .restart(by: "x")) == nil || before.attempt == 0)
            }
            // Its own deadline always brings it on: no loop without progress.
            if let deadline = walk.machine.deadline, deadline <= .seconds(now) {
                let moves = walk.moves.count
                let said = !walk.send(.due, at: now).isEmpty || walk.moves.count > moves
                #expect(said || walk.machine.deadline != deadline)
                begun = walk.machine.attempt
            }
        }
        for (before, after) in zip(walk.moves, walk.moves.dropFirst()) {
            #expect(before.to == after.from && after.from != after.to)
        }
        // A stop always leads to the end, whatever the body does.
        walk.send(.stop(atOnce: Bool.random(using: &random)), at: now)
        walk.send(.gate(.init()), at: now)
        for _ in 0..<3 where walk.machine.hasBody {
            now += 10
            walk.send(.due, at: now)
        }
        #expect(walk.machine.state == .stopped && !walk.machine.hasBody)
        #expect(walk.machine.deadline == nil)
    }

    private func event(
        for machine: ChildMachine, at now: Int, using random: inout SeededRandom
    ) -> ChildMachine.Event {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<50: return .start
        case 50..<400: return .due
        case 400..<403: return .stop(atOnce: Bool.random(using: &random))
        case 403..<500:
            return .sign(
                attempt: machine.attempt,
                [.alive, .progress("x"), .waits(.store), .waits(nil)]
                    .randomElement(using: &random) ?? .alive)
        case 500..<560:
            return .gate(
                .init(
                    blockedBy: Bool.random(using: &random) ? "other" : nil,
                    isHeld: Int.random(in: 0..<4, using: &random) == 0,
                    isNeeded: Int.random(in: 0..<4, using: &random) == 0))
        case 560..<650:
            let epoch = Int64.random(in: 1...3, using: &random)
            let held = HeldLease(
                Lease(name: "x", holder: "one", epoch: epoch), until: .seconds(now + 4))
            return .lease(Int.random(in: 0..<3, using: &random) == 0 ? nil : held, holder: "one")
        case 650..<700:
            return .control(
                [
                    .pause(Pause(by: "x", reason: "y", until: .seconds(now + 30))),
                    .pause(Pause(by: "x", reason: "y")), .resume, .resume, .restart(by: "x"),
                ].randomElement(using: &random) ?? .resume)
        default:
            return .ended(
                attempt: machine.attempt - Int.random(in: 0...1, using: &random),
                error: Bool.random(using: &random) ? "x" : nil)
        }
    }
}
