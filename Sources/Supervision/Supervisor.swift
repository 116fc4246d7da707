// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Runs children side by side and restarts each on its own.
///
/// One `SupervisorMachine` decides; every child has its own driver, which does what it says, so
/// nothing one child does holds up another. On graceful shutdown bodies are asked to stop, those
/// that need others before them, and get their grace; when the supervisor's own task is cancelled,
/// all bodies are cancelled at once. Either way `run` returns in bounded time, though a body, the
/// keeper of leases or the observer ignores its cancellation; until then it never gives up.
package final class Supervisor: Service, Sendable {
    /// How long the observer may take over the last events.
    private static let observerGrace: Duration = .seconds(1)

    let children: [Child]
    let instance: String
    let keeper: (any LeaseKeeper)?
    let leasePolicy: LeasePolicy
    let time: SteadyTime
    let logger: Logger
    let mailboxes: [Mailbox]
    private let wall: WallTime
    private let observer: (any SupervisionObserver)?
    private let outbox = ObserverOutbox()
    private let machine: Mutex<SupervisorMachine>

    /// - Parameters:
    ///   - children: Their names differ, and what they need makes no cycle.
    ///   - instance: Names this process in the cluster: the holder of its leases. Processes that
    ///     live at the same time never share one, or they would take each other's leases.
    ///   - keeper: Keeps the leases of leader-scoped children; needed when there is one.
    ///   - observer: Is told every transition and every finished run.
    package init(
        children: [Child], strategy: RestartStrategy = .oneForOne, instance: String = "local",
        keeper: (any LeaseKeeper)? = nil, leasePolicy: LeasePolicy = LeasePolicy(),
        observer: (any SupervisionObserver)? = nil, logger: Logger, time: SteadyTime = .system,
        wall: WallTime = .system
    ) throws(SupervisionError) {
        if keeper == nil, let leader = children.first(where: { $0.scope == .leader }) {
            throw .leaseKeeperMissing(child: leader.name)
        }
        machine = Mutex(
            try SupervisorMachine(
                children: children, strategy: strategy, leasePolicy: leasePolicy, at: time.now()))
        self.children = children
        self.instance = instance
        self.keeper = keeper
        self.leasePolicy = leasePolicy
        self.observer = observer
        self.logger = logger
        self.time = time
        self.wall = wall
        mailboxes = children.map { _ in Mailbox() }
    }

    /// Runs the children until the service is shut down or the task cancelled. Once only.
    package func run() async throws {
        // Unstructured, so that a cancelled task still sees its bodies to their end.
        let drivers = children.indices.map { index in Task { await self.drive(index) } }
        let told = WakeSignal()
        let telling = observer.map { observer in
            Task {
                await outbox.deliver(to: observer)
                told.signal()
            }
        }
        step(.start)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                for driver in drivers { await driver.value }
            } onGracefulShutdown: {
                self.step(.stop(atOnce: false))
            }
        } onCancel: {
            self.step(.stop(atOnce: true))
        }
        outbox.close()
        guard let telling else { return }
        // Likewise: the last events are told though this task is cancelled.
        await Task { await told.wait(atMost: Self.observerGrace, on: time) }.value
        telling.cancel()
    }

    /// How every child is doing now, in the order they were given.
    package func status() -> [ChildStatus] {
        let (machine, now) = machine.withLock { ($0, time.now()) }
        let wall = wall.now()
        return children.indices.map { index in
            ChildStatus(
                name: children[index].name, machine: machine.children[index],
                lease: machine.leases[index], at: now, wall: wall)
        }
    }

    /// Pauses the task until it is resumed.
    ///
    /// - Parameters:
    ///   - who: The principal, for status and log.
    ///   - reason: Why, likewise.
    ///   - until: The time of day, since the Unix epoch, at which the pause ends by itself; nil for
    ///     never. It is held on the steady clock: setting the machine's clock doesn't move it.
    package func pause(
        task: String, by who: String, reason: String, until: Duration? = nil
    ) -> ControlResult {
        let steadyUntil = until.map { time.now() + ($0 - wall.now()) }
        return control(.pause(Pause(by: who, reason: reason, until: steadyUntil)), task: task)
    }

    package func control(_ control: TaskControl, task: String) -> ControlResult {
        machine.withLock { machine in
            var random = SystemRandomNumberGenerator()
            let (result, steps) = machine.control(
                control, task: task, at: time.now(), using: &random)
            deliver(steps)
            return result
        }
    }

    // MARK: - Steps

    /// Everything that happens comes through here, from any task.
    func step(_ event: SupervisorMachine.Event) {
        machine.withLock { machine in
            var random = SystemRandomNumberGenerator()
            // Read under the lock: the machine's time never goes back.
            let steps = machine.handle(event, at: time.now(), using: &random)
            deliver(steps)
        }
    }

    /// Hands the steps to drivers and observer in the order they were taken; called under the lock,
    /// and waits for nobody.
    private func deliver(_ steps: [SupervisorMachine.Step]) {
        for step in steps {
            mailboxes[step.child].post.yield(step.action)
            guard observer != nil, case .child(let action) = step.action else { continue }
            let kind: SupervisionEvent.Kind
            switch action {
            case .moved(let transition): kind = .transition(transition)
            case .finished(let run): kind = .run(run)
            default: continue
            }
            outbox.put(kind, task: children[step.child].name, at: wall.now())
        }
    }
}

/// What one driver has to do.
///
/// Actions are few by construction (each step makes at most a handful, and performing one waits
/// for nothing), so the buffer needs no limit.
final class Mailbox: Sendable {
    let actions: AsyncStream<SupervisorMachine.Action>
    let post: AsyncStream<SupervisorMachine.Action>.Continuation
    /// Calls to the keeper that have not returned, among them those that came too late.
    let leaseCalls = Atomic(0)

    init() { (actions, post) = AsyncStream.makeStream() }
}
