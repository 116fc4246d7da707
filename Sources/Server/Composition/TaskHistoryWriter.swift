// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Supervision

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
