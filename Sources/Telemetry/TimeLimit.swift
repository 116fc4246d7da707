// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Suspends for the duration; throws when the task is cancelled.
package typealias Sleep = @Sendable (Duration) async throws -> Void

/// Runs `work` and returns what it returns; nil when `limit` passes or the task is cancelled first.
///
/// Work that came too late is cancelled and left to itself: a wait for what ignores its
/// cancellation would be a wait without a limit. So it runs in a task of its own.
func within<Result: Sendable>(
    _ limit: Duration, sleep: @escaping Sleep,
    _ work: @escaping @Sendable () async -> Result
) async -> Result? {
    let (results, post) = AsyncStream.makeStream(
        of: Result?.self, bufferingPolicy: .bufferingOldest(1))
    let worker = Task { _ = post.yield(await work()) }
    let timer = Task {
        if (try? await sleep(limit)) != nil { post.yield(nil) }
    }
    defer {
        worker.cancel()
        timer.cancel()
    }
    for await result in results { return result }
    return nil
}
