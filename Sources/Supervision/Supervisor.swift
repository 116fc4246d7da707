// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Runs children side by side and restarts each on its own.
///
/// Every child has its own driver, which feeds its `ChildMachine` and does what it says; nothing
/// one child does holds up another. On graceful shutdown every body is asked to stop and gets its
/// grace; when the supervisor's own task is cancelled, bodies are cancelled at once. Either way
/// `run` returns in bounded time, though a body ignores its cancellation.
package final class Supervisor: Service, Sendable {
    private let children: [Child]
    private let time: SteadyTime
    private let logger: Logger
    private let machines: Mutex<[ChildMachine]>
    private let mailboxes: [Mailbox]

    /// A driver's events. They are few by construction: one start, stops, one end for each
    /// attempt, and one timer at a time; so the buffer needs no limit.
    private struct Mailbox {
        let events: AsyncStream<ChildMachine.Event>
        let post: AsyncStream<ChildMachine.Event>.Continuation

        init() { (events, post) = AsyncStream.makeStream() }
    }

    /// - Parameter children: Their names must differ.
    package init(children: [Child], logger: Logger, time: SteadyTime = .system) {
        precondition(Set(children.map(\.name)).count == children.count, "names must differ")
        self.children = children
        self.time = time
        self.logger = logger
        let now = time.now()
        machines = Mutex(children.map { ChildMachine(policy: $0.policy, at: now) })
        mailboxes = children.map { _ in Mailbox() }
    }

    /// Runs the children until the service is shut down or the task cancelled. Once only.
    package func run() async throws {
        // Unstructured, so that a cancelled task still sees its bodies to their end.
        let drivers = children.indices.map { index in Task { await self.drive(index) } }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                for driver in drivers { await driver.value }
            } onGracefulShutdown: {
                self.stop(atOnce: false)
            }
        } onCancel: {
            self.stop(atOnce: true)
        }
    }

    /// How every child is doing now, in the order they were given.
    package func status() -> [ChildStatus] {
        let now = time.now()
        let machines = machines.withLock { $0 }
        return zip(children, machines).map { child, machine in
            ChildStatus(name: child.name, machine: machine, at: now)
        }
    }

    private func stop(atOnce: Bool) {
        for mailbox in mailboxes { mailbox.post.yield(.stop(atOnce: atOnce)) }
    }

    // MARK: - One child

    /// The attempt under way.
    private struct Attempt {
        let context: ChildContext
        let task: Task<Void, Never>
    }

    private func drive(_ index: Int) async {
        var random = SystemRandomNumberGenerator()
        var current: Attempt?
        var timer: Task<Void, Never>?
        mailboxes[index].post.yield(.start)
        for await event in mailboxes[index].events {
            let now = time.now()
            let (actions, deadline, isOver) = machines.withLock { machines in
                let actions = machines[index].handle(event, at: now, using: &random)
                return (actions, machines[index].deadline, machines[index].state == .stopped)
            }
            for action in actions {
                switch action {
                case .run(let attempt): current = run(index, attempt: attempt)
                case .askToStop: current?.context.askToStop()
                case .cancel: current?.task.cancel()
                case .report(let report): log(report, of: index)
                }
            }
            timer?.cancel()
            if isOver { return }
            timer = deadline.map { deadline in self.timer(index, after: deadline - now) }
        }
    }

    private func run(_ index: Int, attempt: Int) -> Attempt {
        let child = children[index]
        let post = mailboxes[index].post
        let context = ChildContext(attempt: attempt, time: time) { [self] in
            let now = time.now()
            machines.withLock { $0[index].beat(attempt: attempt, at: now) }
        }
        let task = Task {
            do {
                try await child.body(context)
                post.yield(.ended(attempt: attempt, error: nil))
            } catch {
                post.yield(.ended(attempt: attempt, error: String(describing: error)))
            }
        }
        return Attempt(context: context, task: task)
    }

    private func timer(_ index: Int, after duration: Duration) -> Task<Void, Never> {
        let post = mailboxes[index].post
        return Task { [time] in
            // A timer cut short is never the newest: its event would be early and is not posted.
            guard (try? await time.sleep(max(.zero, duration))) != nil else { return }
            post.yield(.due)
        }
    }

    private func log(_ report: ChildMachine.Report, of index: Int) {
        let metadata: Logger.Metadata = ["worker": "\(children[index].name)"]
        switch report {
        case .failed(let error, let consecutive, let retryIn):
            logger.warning(
                "worker failed: \(error)",
                metadata: metadata.merging([
                    "consecutive": "\(consecutive)", "retry_in": "\(retryIn)",
                ]) { $1 })
        case .degraded: logger.error("worker degraded, retrying slowly", metadata: metadata)
        case .recovered: logger.notice("worker recovered", metadata: metadata)
        case .hung(let silent):
            logger.error("worker hung, no sign of life for \(silent)", metadata: metadata)
        case .abandoned:
            logger.critical("worker ignores its cancellation, abandoned", metadata: metadata)
        case .stopped: logger.info("worker stopped", metadata: metadata)
        }
    }
}
