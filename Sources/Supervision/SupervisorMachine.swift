// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// All children of a supervisor as one state machine, as pure as the machines it is made of.
///
/// ```
///   event for a child ─► ChildMachine ──┐ ended, is up, is withdrawn
///        ▲                              ▼
///        │                gates: blocked, held, needed   ◄── strategy: who goes down with it
///        │                              │
///        └────── gates of others ◄──────┤
///   lease wanted, held ◄─► LeaseMachine ┘      … until nothing changes; then the timers
/// ```
///
/// A child starts when everything it needs is up, and is asked to stop when nothing that needs it
/// has a body any more. A child that is paused, restarted or has lost its lease takes those that
/// need it down first, or with it. A child that *fails* takes down whom the strategy says, and
/// nobody under one-for-one: what depended on it goes on, and only waits for it at its own next
/// start. Those taken down stop in the reverse of the start order, and the failed child waits for
/// them; under one-for-all everyone waits for its backoff, too.
///
/// Each step sends every child at most one start and one stop: the loop over the gates ends.
package struct SupervisorMachine: Sendable {
    package enum Event: Sendable, Equatable {
        case start
        /// Stop for good.
        case stop(atOnce: Bool)
        /// The timer of this child has come.
        case due(Int)
        case child(Int, ChildMachine.Event)
        case lease(Int, LeaseMachine.Event)
    }

    package enum Action: Sendable, Equatable {
        case child(ChildMachine.Action)
        case lease(LeaseMachine.Action)
        /// Come back with `.due` then; takes the place of the timer before.
        case arm(Duration)
        /// The child has stopped for good, its lease given back: nothing more comes.
        case over
    }

    package struct Step: Sendable, Equatable {
        package let child: Int
        package let action: Action
    }

    package let names: [String]
    package private(set) var children: [ChildMachine]
    /// nil for children without a lease.
    package private(set) var leases: [LeaseMachine?]
    private let order: StartOrder
    private let strategy: RestartStrategy
    /// Taken down by another's failure, until their bodies have ended.
    private var isGoingDown: [Bool]
    private var armedAt: [Duration?]
    private var isStopping = false
    private var isOver: [Bool]

    package init(
        children: [Child], strategy: RestartStrategy = .oneForOne,
        leasePolicy: LeasePolicy = LeasePolicy(), at now: Duration
    ) throws(SupervisionError) {
        order = try StartOrder(children, strategy: strategy)
        self.strategy = strategy
        names = children.map(\.name)
        self.children = children.map {
            ChildMachine(policy: $0.policy, scope: $0.scope, at: now)
        }
        leases = children.map { $0.scope == .leader ? LeaseMachine(policy: leasePolicy) : nil }
        isGoingDown = children.map { _ in false }
        armedAt = children.map { _ in nil }
        isOver = children.map { _ in false }
    }

    /// Takes one step; the actions of each child are to be performed in order.
    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Step] {
        var steps: [Step] = []
        switch event {
        case .start:
            // Nobody is said to start who has to wait.
            reconcile(&steps, at: now, using: &random)
            for child in order.order { send(.start, to: child, &steps, at: now, using: &random) }
        case .stop(let atOnce):
            isStopping = true
            for child in order.order.reversed() {
                send(.stop(atOnce: atOnce), to: child, &steps, at: now, using: &random)
            }
        case .due(let child):
            if let armed = armedAt[child], armed <= now { armedAt[child] = nil }
            tell(.due, leaseOf: child, &steps, at: now)
            // What the time has done to the lease comes first.
            passLease(to: child, &steps, at: now, using: &random)
            send(.due, to: child, &steps, at: now, using: &random)
        case .child(let child, let event):
            if case .control(let control) = event, case .restart = control,
                children[child].hasBody, children[child].objection(to: control) == nil
            {
                takeDown(order.allDependents[child])
            }
            send(event, to: child, &steps, at: now, using: &random)
            // The body's chatter; nobody else is concerned.
            if case .sign = event, steps.isEmpty { return [] }
        case .lease(let child, let event):
            tell(event, leaseOf: child, &steps, at: now)
        }
        reconcile(&steps, at: now, using: &random)
        return steps
    }

    /// Whether the control can be applied; if so it has been, and the steps are to be performed.
    package mutating func control(
        _ control: TaskControl, task: String, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> (result: ControlResult, steps: [Step]) {
        guard let child = names.firstIndex(of: task) else { return (.unknownTask, []) }
        if let objection = children[child].objection(to: control) {
            return (.notApplicable(objection), [])
        }
        return (.done, handle(.child(child, .control(control)), at: now, using: &random))
    }

    // MARK: - Sending

    private mutating func send(
        _ event: ChildMachine.Event, to child: Int, _ steps: inout [Step], at now: Duration,
        using random: inout some RandomNumberGenerator
    ) {
        for action in children[child].handle(event, at: now, using: &random) {
            switch action {
            case .discardLease: tell(.discard, leaseOf: child, &steps, at: now)
            case .finished(let run):
                takeDown(after: run.outcome, of: child)
                steps.append(Step(child: child, action: .child(action)))
            default: steps.append(Step(child: child, action: .child(action)))
            }
        }
    }

    private mutating func tell(
        _ event: LeaseMachine.Event, leaseOf child: Int, _ steps: inout [Step], at now: Duration
    ) {
        let actions = leases[child]?.handle(event, at: now) ?? []
        steps += actions.map { Step(child: child, action: .lease($0)) }
    }

    private mutating func takeDown(after outcome: RunOutcome, of child: Int) {
        if outcome == .leaseLost {
            takeDown(order.allDependents[child])
        } else if outcome.isFailure, children[child].retryAt != nil {
            switch strategy {
            case .oneForOne: break
            case .restForOne: takeDown(order.allDependents[child])
            case .oneForAll: takeDown(order.order.filter { $0 != child })
            }
        }
    }

    private mutating func takeDown(_ others: [Int]) {
        for other in others where children[other].hasBody { isGoingDown[other] = true }
    }

    // MARK: - Gates

    private mutating func reconcile(
        _ steps: inout [Step], at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for child in order.order {
                if !children[child].hasBody { isGoingDown[child] = false }
                let gate = gate(of: child)
                if gate != children[child].gate || children[child].wantsGate {
                    hasChanged = true
                    send(.gate(gate), to: child, &steps, at: now, using: &random)
                }
                if passLease(to: child, &steps, at: now, using: &random) { hasChanged = true }
            }
        }
        for child in children.indices { setTimer(of: child, &steps) }
        for child in children.indices where isStopping && !isOver[child] {
            guard !children[child].hasBody, leases[child].map({ $0.state == .idle }) ?? true
            else { continue }
            isOver[child] = true
            steps.append(Step(child: child, action: .over))
        }
    }

    private func gate(of child: Int) -> ChildMachine.Gate {
        var gate = ChildMachine.Gate()
        let withdrawn = order.allNeeds[child].first { children[$0].isWithdrawn }
        gate.isHeld = isGoingDown[child] || withdrawn != nil
        gate.isNeeded = order.allDependents[child].contains { children[$0].hasBody }
        let blocker =
            withdrawn ?? order.needs[child].first { !children[$0].isUp }
            ?? order.earlier[child].first { !children[$0].isUp && !children[$0].isDone }
            ?? order.allNeeds[child].first { children[$0].state == .stopping }
            ?? order.allDependents[child].first { isGoingDown[$0] }
            ?? (strategy == .oneForAll
                ? children.indices.first {
                    $0 != child && (isGoingDown[$0] || children[$0].retryAt != nil)
                } : nil)
        gate.blockedBy = blocker.map { names[$0] }
        return gate
    }

    /// Brings a child and its lease together; returns whether anything was new to either.
    @discardableResult
    private mutating func passLease(
        to child: Int, _ steps: inout [Step], at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> Bool {
        guard leases[child] != nil else { return false }
        var hasChanged = false
        let isWanted = children[child].wantsLease
        if leases[child]?.isWanted != isWanted {
            hasChanged = true
            tell(.want(isWanted), leaseOf: child, &steps, at: now)
        }
        let held = leases[child]?.held
        let holder = leases[child]?.known?.holder
        if held != children[child].lease || holder != children[child].leaseHolder {
            hasChanged = true
            send(.lease(held, holder: holder), to: child, &steps, at: now, using: &random)
        }
        return hasChanged
    }

    private mutating func setTimer(of child: Int, _ steps: inout [Step]) {
        let deadlines = [children[child].deadline, leases[child]?.deadline].compactMap { $0 }
        guard let deadline = deadlines.min() else { return }
        // A later one waits for the timer that is there: it comes in vain, and is set anew.
        if let armed = armedAt[child], armed <= deadline { return }
        armedAt[child] = deadline
        steps.append(Step(child: child, action: .arm(deadline)))
    }
}
