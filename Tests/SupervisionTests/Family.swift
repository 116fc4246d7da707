// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Supervision
import TestSupport

/// A supervisor's machine with imagined bodies, walked by a test.
struct Family {
    var machine: SupervisorMachine
    var random: SeededRandom
    /// What was asked for since the last look: `run a`, `ask a`, `cancel a`, `over a`.
    private(set) var log: [String] = []
    /// Attempts of bodies under way that are not fenced.
    private(set) var bodies: [String: Int] = [:]
    private(set) var begun: [String: Int] = [:]
    private(set) var ended: [String: [Int]] = [:]
    private(set) var moves: [String: [Transition]] = [:]
    private(set) var hasDoubled = false

    static func child(
        _ name: String, needs: [String] = [], restart: RestartPolicy = .permanent
    ) -> Child {
        var policy = ChildPolicy()
        policy.restart = restart
        policy.backoff = Backoff(
            base: .seconds(10), factorPercent: 100, cap: .seconds(10), jitter: .none)
        policy.shutdownGrace = .seconds(5)
        policy.cancellationGrace = .seconds(2)
        return Child(name: name, policy: policy, needs: needs) { _ in }
    }

    init(
        _ children: [Child], strategy: RestartStrategy = .oneForOne, seed: UInt64 = 7
    ) throws {
        machine = try SupervisorMachine(children: children, strategy: strategy, at: .zero)
        random = SeededRandom(seed: seed)
    }

    mutating func send(_ event: SupervisorMachine.Event, at seconds: Int) {
        perform(machine.handle(event, at: .seconds(seconds), using: &random))
    }

    mutating func control(
        _ control: TaskControl, _ task: String, at seconds: Int
    ) -> ControlResult {
        let (result, steps) = machine.control(
            control, task: task, at: .seconds(seconds), using: &random)
        perform(steps)
        return result
    }

    private mutating func perform(_ steps: [SupervisorMachine.Step]) {
        for step in steps {
            let name = machine.names[step.child]
            switch step.action {
            case .child(.run(let attempt, _)):
                if bodies[name] != nil { hasDoubled = true }
                bodies[name] = attempt
                begun[name, default: 0] += 1
                log.append("run \(name)")
            case .child(.askToStop): log.append("ask \(name)")
            case .child(.cancel): log.append("cancel \(name)")
            case .child(.fence): bodies[name] = nil
            case .child(.finished(let run)): ended[name, default: []].append(run.attempt)
            case .child(.moved(let move)): moves[name, default: []].append(move)
            case .over: log.append("over \(name)")
            default: break
            }
        }
    }

    /// The body of `name` gives a sign of life.
    mutating func live(_ name: String, at seconds: Int) {
        guard let attempt = bodies[name] else { return }
        send(.child(number(name), .sign(attempt: attempt, .alive)), at: seconds)
    }

    /// The body of `name` ends.
    mutating func end(_ name: String, _ error: String? = "broken", at seconds: Int) {
        let attempt = machine.children[number(name)].attempt
        send(.child(number(name), .ended(attempt: attempt, error: error)), at: seconds)
    }

    mutating func due(_ name: String, at seconds: Int) {
        send(.due(number(name)), at: seconds)
    }

    func state(_ name: String) -> ChildState { machine.children[number(name)].state }

    func number(_ name: String) -> Int {
        guard let number = machine.names.firstIndex(of: name) else {
            preconditionFailure("no child \(name)")
        }
        return number
    }

    /// What was asked for since the last look.
    mutating func look() -> [String] {
        defer { log = [] }
        return log
    }

    /// Starts everything: each body lives as soon as it runs.
    mutating func startAll(at seconds: Int = 0) {
        send(.start, at: seconds)
        for _ in machine.names {
            for name in machine.names { live(name, at: seconds) }
        }
        log = []
    }
}
