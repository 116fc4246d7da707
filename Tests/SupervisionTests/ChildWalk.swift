// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Supervision
import TestSupport

/// One child's machine, walked by a test; keeps what it has said.
struct ChildWalk {
    var machine: ChildMachine
    var random = SeededRandom(seed: 7)
    private(set) var moves: [Transition] = []
    private(set) var runs: [FinishedRun] = []
    private(set) var fences = 0

    init(scope: ChildScope = .everyInstance, _ change: (inout ChildPolicy) -> Void = { _ in }) {
        var policy = Self.policy
        change(&policy)
        machine = ChildMachine(policy: policy, scope: scope, at: .zero)
    }

    static let policy: ChildPolicy = {
        var policy = ChildPolicy()
        policy.backoff = Backoff(
            base: .seconds(1), factorPercent: 200, cap: .seconds(60), jitter: .none)
        policy.consecutiveFailuresMax = 5
        policy.stableTime = .seconds(100)
        policy.intensityMax = 10
        policy.intensityWindow = .seconds(10_000)
        policy.shutdownGrace = .seconds(5)
        policy.cancellationGrace = .seconds(2)
        return policy
    }()

    /// The actions but for the ones that are kept here.
    @discardableResult
    mutating func send(_ event: ChildMachine.Event, at seconds: Int) -> [ChildMachine.Action] {
        var actions = machine.handle(event, at: .seconds(seconds), using: &random)
        // As the supervisor's machine does after every step.
        if machine.wantsGate {
            actions += machine.handle(.gate(machine.gate), at: .seconds(seconds), using: &random)
        }
        return actions.filter { action in
            switch action {
            case .moved(let move): moves.append(move)
            case .finished(let run): runs.append(run)
            case .fence: fences += 1
            default: return true
            }
            return false
        }
    }

    @discardableResult
    mutating func fail(_ error: String? = "broken", at seconds: Int) -> [ChildMachine.Action] {
        send(.ended(attempt: machine.attempt, error: error), at: seconds)
    }

    mutating func sign(_ sign: ChildMachine.Sign = .alive, at seconds: Int) {
        send(.sign(attempt: machine.attempt, sign), at: seconds)
    }

    var names: [String] { moves.map(\.to.name) }
}
