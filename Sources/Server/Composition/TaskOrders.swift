// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Supervision

/// Carries out each order once, in the order of their numbers.
actor TaskOrders {
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
        // In this order: what comes in between is carried out twice, which for a pause changes
        // nothing, rather than never.
        let newest = try await store.newestNumber()
        let standing = try await store.standingControls()
        guard position == nil else { return }
        position = newest
        for order in standing where order.record.action == .pause {
            _ = carryOut(order.record, on: supervisor)
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
