// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Supervision
import Synchronization
import TellerProtocol
import Workers

/// The tasks of this instance, the history they leave in the store, and the orders they get there.
///
/// ```
///   task.pause ─► store ─► every instance's `task-orders` ─► its supervisor
///   supervisor ─► TaskHistoryWriter ─► store ─► task.runs, task.watch
/// ```
final class TaskBoard: Sendable {
    /// How long after its call an order is at work on every instance, the store's time aside.
    static let pollInterval: Duration = .milliseconds(500)
    /// The child that follows orders.
    static let childName = "task-orders"
    /// Whose pause of the dispatcher is the kill switch's.
    static let killSwitchAuthor = "kill-switch"

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

    /// The kill switch: nothing new is paid by any instance until an operator resumes the
    /// dispatcher. What has been sent is still confirmed.
    func stopPayouts(because reason: String, at now: Timestamp) async throws {
        let order = TaskControlRecord(
            task: Workers.dispatcherName, action: .pause, by: Self.killSwitchAuthor,
            reason: reason, until: nil, at: now.timeOfDay)
        _ = try await self.order(order)
    }

    /// Follows the orders of all instances. What must not run while it is paused needs this child:
    /// it counts as running only when the standing pauses are in force.
    var child: Child {
        Child(name: Self.childName) { context in
            guard let supervisor = self.supervisor.withLock({ $0 }) else { return }
            var isInForce = false
            while !context.isStopping {
                do throws(TaskStoreError) {
                    try await self.orders.carryOut(on: supervisor)
                    context.waiting(for: nil)
                    context.progress("following")
                    isInForce = true
                } catch {
                    guard isInForce else { throw error }
                    // The pauses in force stay so, and whoever needs this child runs on.
                    context.waiting(for: .store)
                }
                await context.wait(atMost: Self.pollInterval)
                try Task.checkCancellation()
            }
        }
    }
}
