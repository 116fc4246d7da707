// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import TestSupport
import Testing

@Suite struct SupervisorMachineTests {
    private static let chain = [
        Family.child("web", needs: ["worker"]), Family.child("worker", needs: ["store"]),
        Family.child("store"), Family.child("loner"),
    ]
    private static let three = ["a", "b", "c"].map { Family.child($0) }

    // MARK: - Names and cycles

    @Test func `a family that can't be started is refused with its fault`() throws {
        let child = { Family.child($0, needs: $1) }
        #expect(throws: SupervisionError.cycle(["a", "c", "b"])) {
            _ = try Family([
                child("first", []), child("a", ["first", "c"]),
                child("b", ["a"]), child("c", ["b"]),
                child("after", ["a"]),
            ])
        }
        #expect(throws: SupervisionError.cycle(["a"])) {
            _ = try Family([child("a", ["a"])])
        }
        #expect(throws: SupervisionError.duplicateName("a")) {
            _ = try Family([child("a", []), child("a", [])])
        }
        #expect(throws: SupervisionError.unknownDependency(child: "a", needs: "x")) {
            _ = try Family([child("a", ["x"])])
        }
    }

    // MARK: - Dependencies

    @Test func `a child starts once what it needs is up`() throws {
        var family = try Family(Self.chain)
        family.send(.start, at: 0)
        #expect(family.look() == ["run store", "run loner"])
        #expect(family.moves["web"]?.map(\.to) == [.waiting(.dependency("worker"))])
        #expect(family.state("web") == .waiting(.dependency("worker")))
        #expect(family.state("worker") == .waiting(.dependency("store")))
        family.live("store", at: 1)
        #expect(family.look() == ["run worker"])
        // No sign of life, but the start time is over.
        family.due("worker", at: 2)
        #expect(family.look() == ["run web"])
    }

    @Test func `what finished with success is as good as running for those that need it`() throws {
        for error in [nil, "broken"] {
            var family = try Family([
                Family.child("migration", restart: .temporary),
                Family.child("worker", needs: ["migration"]),
            ])
            family.send(.start, at: 0)
            family.end("migration", error, at: 1)
            #expect((family.look().last == "run worker") == (error == nil))
            #expect(family.state("migration") == .stopped)
        }
    }

    @Test func `the shutdown goes in reverse order and each gets its grace`() throws {
        var family = try Family(Self.chain)
        family.startAll()
        family.send(.stop(atOnce: false), at: 10)
        #expect(family.look() == ["ask loner", "ask web"])
        #expect(family.state("store") == .stopping)
        family.end("loner", nil, at: 11)
        #expect(family.look() == ["over loner"])
        family.end("web", nil, at: 11)
        #expect(family.look() == ["ask worker", "over web"])
        // The worker ignores the request and its cancellation.
        family.due("worker", at: 16)
        #expect(family.look() == ["ask worker", "cancel worker"])
        family.due("worker", at: 18)
        #expect(family.look() == ["ask store", "over worker"])
        family.end("store", "late", at: 19)
        #expect(family.look() == ["over store"])
        #expect(family.machine.children.allSatisfy { $0.state == .stopped })
        #expect(family.machine.children.allSatisfy { $0.consecutiveFailures == 0 })
    }

    @Test func `a cancelled supervisor cancels everyone at once`() throws {
        var family = try Family(Self.chain)
        family.startAll()
        family.send(.stop(atOnce: false), at: 10)
        _ = family.look()
        family.send(.stop(atOnce: true), at: 11)
        #expect(Set(family.look().filter { $0.hasPrefix("cancel") }).count == 4)
    }

    @Test func `a pause takes those that need it down first, and a resume brings them back`() throws
    {
        var family = try Family(Self.chain)
        family.startAll()
        let pause = TaskControl.pause(Pause(by: "ann", reason: ""))
        #expect(family.control(pause, "store", at: 10) == .done)
        #expect(family.look() == ["ask web"])
        #expect(family.state("store") == .stopping)
        family.end("web", nil, at: 11)
        #expect(family.look() == ["ask worker"])
        family.end("worker", nil, at: 12)
        #expect(family.look() == ["ask store"])
        family.end("store", nil, at: 13)
        #expect(family.state("store") == .paused)
        #expect(family.state("worker") == .waiting(.dependency("store")))
        #expect(family.state("loner") == .running)
        #expect(family.control(.resume, "store", at: 14) == .done)
        #expect(family.look() == ["run store"])
        family.live("store", at: 15)
        #expect(family.look() == ["run worker"])
        #expect(family.machine.children.allSatisfy { $0.consecutiveFailures == 0 })
    }

    @Test func `a restart takes those that need it down and up again`() throws {
        var family = try Family(Self.chain)
        family.startAll()
        #expect(family.control(.restart(by: "ann"), "worker", at: 10) == .done)
        #expect(family.look() == ["ask web"])
        family.end("web", nil, at: 11)
        family.end("worker", nil, at: 12)
        #expect(family.look() == ["ask worker", "run worker"])
        family.live("worker", at: 13)
        #expect(family.look() == ["run web"])
        #expect(family.begun["store"] == 1)
    }

    @Test func `controls say when they can't be applied`() throws {
        var family = try Family(Self.three)
        family.startAll()
        #expect(family.control(.resume, "x", at: 1) == .unknownTask)
        #expect(family.control(.resume, "a", at: 1) == .notApplicable("it is not paused"))
        #expect(family.look() == [])
    }

    // MARK: - Strategies

    @Test func `one for one leaves even those that need it alone`() throws {
        var family = try Family(Self.chain)
        family.startAll()
        family.end("store", at: 10)
        #expect(family.look() == [])
        #expect(family.state("worker") == .running)
        // Its own next start has to wait.
        family.end("worker", at: 11)
        family.due("worker", at: 21)
        #expect(family.look() == [])
        #expect(family.state("worker") == .waiting(.dependency("store")))
        family.due("store", at: 21)
        family.live("store", at: 21)
        #expect(family.look() == ["run store", "run worker"])
    }

    @Test func `rest for one restarts what comes after, in order`() throws {
        var family = try Family(Self.three, strategy: .restForOne)
        family.startAll()
        family.end("b", at: 10)
        #expect(family.look() == ["ask c"])
        family.due("b", at: 20)
        #expect(family.look() == [])
        #expect(family.state("b") == .waiting(.dependency("c")), "c has not stopped yet")
        family.end("c", nil, at: 21)
        #expect(family.look() == ["run b"])
        family.live("b", at: 22)
        #expect(family.look() == ["run c"])
        #expect(family.begun == ["a": 1, "b": 2, "c": 2])
        #expect(family.machine.children[2].consecutiveFailures == 0)
    }

    @Test func `one for all restarts everyone after the backoff, in order`() throws {
        var family = try Family(Self.three, strategy: .oneForAll)
        family.startAll()
        family.end("b", at: 10)
        #expect(family.look() == ["ask c"])
        family.end("c", nil, at: 11)
        #expect(family.look() == ["ask a"])
        family.end("a", nil, at: 12)
        #expect(family.look() == [])
        #expect(family.state("a") == .waiting(.dependency("b")))
        family.due("b", at: 20)
        #expect(family.look() == ["run a"])
        family.live("a", at: 21)
        family.live("b", at: 21)
        #expect(family.look() == ["run b", "run c"])
        #expect(family.machine.children.map(\.consecutiveFailures) == [0, 1, 0])
    }

    @Test func `a temporary child's end restarts nobody`() throws {
        let children = [Family.child("a", restart: .temporary), Family.child("b")]
        for strategy in RestartStrategy.allCases {
            var family = try Family(children, strategy: strategy)
            family.startAll()
            family.end("a", at: 10)
            #expect(family.look() == [])
            // And it doesn't keep the others from starting again.
            family.end("b", at: 11)
            family.due("b", at: 21)
            #expect(family.look() == ["run b"])
        }
    }

    // MARK: - Whatever happens

    @Test(arguments: RestartStrategy.allCases)
    func `whatever happens no body runs twice and nobody is stuck`(
        strategy: RestartStrategy
    ) throws {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for _ in 0..<60 {
            let count = Int.random(in: 1...6, using: &random)
            let children = (0..<count).map { number in
                Family.child(
                    "\(number)",
                    needs: (0..<number).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
                        .map { "\($0)" },
                    restart: Int.random(in: 0..<4, using: &random) == 0 ? .transient : .permanent)
            }
            var family = try Family(
                children.shuffled(using: &random), strategy: strategy, seed: random.next())
            family.send(.start, at: 0)
            var now = 0
            for _ in 0..<150 {
                now += Int.random(in: 0...4, using: &random)
                disturb(&family, at: now, using: &random)
                checkOrder(family)
            }
            #expect(!family.hasDoubled)
            settle(&family, &now)
            #expect(family.machine.children.allSatisfy { $0.isUp }, "left alone, all come up")
            stop(&family, &now)
            #expect(Set(family.log.filter { $0.hasPrefix("over") }).count == count)
            // Every run that has ended was recorded once.
            for (name, begun) in family.begun {
                #expect(family.ended[name] == Array(1...begun))
            }
        }
    }

    private func disturb(
        _ family: inout Family, at now: Int, using random: inout SeededRandom
    ) {
        let name = family.machine.names.randomElement(using: &random) ?? "0"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: family.due(name, at: now)
        case 30..<60: family.live(name, at: now)
        case 60..<85:
            if family.bodies[name] != nil {
                family.end(name, Bool.random(using: &random) ? "x" : nil, at: now)
            }
        case 85..<89: _ = family.control(.restart(by: "x"), name, at: now)
        case 89..<93:
            let pause = Pause(by: "x", reason: "", until: .seconds(now + 20))
            _ = family.control(.pause(pause), name, at: now)
        default: _ = family.control(.resume, name, at: now)
        }
    }

    /// Nothing that is asked to stop on purpose still has a running body that needs it.
    private func checkOrder(_ family: Family) {
        for child in family.machine.children where child.gate.isNeeded {
            if case .stopping(_, .paused) = child.phase { Issue.record("stopped while needed") }
            if case .stopping(_, .held) = child.phase { Issue.record("stopped while needed") }
        }
    }

    /// Lets time pass; bodies asked to stop do, the others live, and finished ones run again.
    private func settle(_ family: inout Family, _ now: inout Int) {
        for _ in 0..<60 {
            now += 5
            for (child, name) in zip(family.machine.children, family.machine.names) {
                if case .stopping = child.phase { family.end(name, nil, at: now) }
                if case .cancelling = child.phase { family.end(name, nil, at: now) }
                if child.isDone { _ = family.control(.restart(by: "x"), name, at: now) }
                family.live(name, at: now)
                family.due(name, at: now)
            }
        }
    }

    private func stop(_ family: inout Family, _ now: inout Int) {
        _ = family.look()
        family.send(.stop(atOnce: false), at: now)
        for _ in 0..<20 {
            now += 10
            for name in family.machine.names { family.due(name, at: now) }
        }
    }
}
