// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Supervision

/// Removes what is over the limits of the tasks' history, a bounded piece at a time.
struct HistoryReaper: Sendable {
    let store: any TaskStore
    let limits: TaskHistoryLimits
    let interval: Duration

    func run(_ context: ChildContext) async throws {
        while !context.isStopping {
            var removed = 0
            try await context.turn(elsePause: .seconds(1)) {
                var last: Int
                repeat {
                    last = try await store.reap(limits)
                    removed += last
                    context.progress("removed \(removed) rows")
                } while last >= TaskHistoryLimits.reapedAtOnceMax && !context.isStopping
            }
            try await context.rest(for: interval)
        }
    }
}
