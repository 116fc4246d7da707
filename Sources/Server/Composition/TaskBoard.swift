// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Supervision
import Synchronization

/// The tasks of this instance, the history they leave in the store, and the orders they get there.
///
/// ```
///   task.pause ─► store ─► every instance's `task-orders` ─► its supervisor
///   supervisor ─► TaskHistoryWriter ─► store ─► task.runs, task.watch
/// ```
final class TaskBoard: Sendable {
    /// How long after its call an order is at work on every instance, the store's time aside.
    static let pollInterval: Duration = .milliseconds(500)

    let instance: String
    let store: any TaskStore
    private let orders: TaskOrders
    private let supervisor = Mutex<Supervisor?>(nil)

    init(instance: String, store: any TaskStore, logger: Logger) {
        self.instance = instance
        self.store = store
        orders = TaskOrders(store: store, logger: logger)
    }

    /// Said once, before the supervisor runs: its children need this board.
    func attach(_ supervisor: Supervisor) { self.supervisor.withLock { $0 = supervisor } }

    /// How every task of this instance is doing; empty before `attach`.
    func status() -> [ChildStatus] { supervisor.withLock { $0 }?.status() ?? [] }

    /// Keeps an order and carries it out here; the other instances find it by themselves.
    ///
    /// - Returns: what became of it on this instance.
    func order(_ order: TaskControlRecord) async throws(TaskStoreError) -> ControlResult {
        let number = try await store.insert(order)
        guard let supervisor = supervisor.withLock({ $0 }) else { return .unknownTask }
        return try await orders.carryOut(through: number, on: supervisor)
    }

    /// Follows the orders of all instances. What must not run while it is paused needs this child:
    /// it counts as running only when the standing pauses are in force.
    var child: Child {
        Child(name: "task-orders") { context in
            guard let supervisor = self.supervisor.withLock({ $0 }) else { return }
            while !context.isStopping {
                try await self.orders.carryOut(on: supervisor)
                context.progress("following")
                await context.wait(atMost: Self.pollInterval)
                try Task.checkCancellation()
            }
        }
    }
}

/// Carries out each order once, in the order of their numbers.
private actor TaskOrders {
    private static let pageMax = 200

    private let store: any TaskStore
    private let logger: Logger
    /// The newest order that was carried out; nil until the first look.
    private var position: Int64?
    /// What became of the last orders here, by number; for whoever gave them.
    private var results: [Int64: ControlResult] = [:]

    init(store: any TaskStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Carries out what is new, and says what became of order `number`.
    func carryOut(
        through number: Int64, on supervisor: Supervisor
    ) async throws(TaskStoreError) -> ControlResult {
        try await carryOut(on: supervisor)
        // Somebody else's look may have come across it; whoever did has left the result.
        return results[number] ?? .done
    }

    func carryOut(on supervisor: Supervisor) async throws(TaskStoreError) {
        if position == nil { try await takeStandingOrders(to: supervisor) }
        var page: [Numbered<TaskControlRecord>]
        repeat {
            page = try await store.controls(after: position ?? 0, limit: Self.pageMax)
            // Another call may have read the same rows meanwhile, and got here first.
            for order in page where order.number > position ?? 0 {
                position = order.number
                let result = carryOut(order.record, on: supervisor)
                results[order.number] = result
                logger.notice(
                    "task order",
                    metadata: [
                        "task": "\(order.record.task)", "action": "\(order.record.action)",
                        "by": "\(order.record.by)", "reason": "\(order.record.reason)",
                        "result": "\(result)",
                    ])
            }
        } while page.count == Self.pageMax
        if results.count > Self.pageMax {
            results = results.filter { $0.key > (position ?? 0) - Int64(Self.pageMax) }
        }
    }

    /// The pauses in force when the program starts. Restarts of the past are over.
    private func takeStandingOrders(to supervisor: Supervisor) async throws(TaskStoreError) {
        var last: Int64 = 0
        var standing: [String: TaskControlRecord] = [:]
        var page: [Numbered<TaskControlRecord>]
        repeat {
            page = try await store.controls(after: last, limit: Self.pageMax)
            for order in page where order.record.action != .restart {
                standing[order.record.task] = order.record
            }
            last = page.last?.number ?? last
        } while page.count == Self.pageMax
        guard position == nil else { return }
        position = last
        for order in standing.values.sorted(by: { $0.task < $1.task })
        where order.action == .pause {
            _ = carryOut(order, on: supervisor)
        }
    }

    private func carryOut(
        _ order: TaskControlRecord, on supervisor: Supervisor
    ) -> ControlResult {
        switch order.action {
        case .pause:
            if let until = order.until, until <= WallTime.system.now() { return .done }
            return supervisor.pause(
                task: order.task, by: order.by, reason: order.reason, until: order.until)
        case .resume: return supervisor.control(.resume, task: order.task)
        case .restart: return supervisor.control(.restart(by: order.by), task: order.task)
        }
    }
}

/// Writes what happens to the tasks into the store, as long as it takes.
///
/// While the store is away, events wait in the supervisor's bounded buffer; the oldest are dropped
/// when it is full, and counted here.
struct TaskHistoryWriter: SupervisionObserver {
    static let retryInterval: Duration = .milliseconds(500)

    let instance: String
    let store: any TaskStore
    let logger: Logger

    func observe(_ events: [SupervisionEvent], dropped: Int) async {
        if dropped > 0 {
            logger.warning("task history has a gap", metadata: ["dropped": "\(dropped)"])
        }
        let history = TaskHistory(events, on: instance)
        while !Task.isCancelled {
            do throws(TaskStoreError) {
                return try await store.append(history)
            } catch {
                logger.debug(
                    "task history waits", metadata: ["error": "\(error.debugDescription)"])
            }
            try? await Task.sleep(for: Self.retryInterval)
        }
    }
}
