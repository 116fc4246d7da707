// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// `task.watch` over far more than a page, by a watcher that keeps leaving.
@Suite struct TaskWatchTests {
    private static let tasks = 20
    private static let chunks = 50
    private static let perChunk = 2_000

    @Test func `a watcher that reconnects at random misses none of a hundred thousand transitions`()
        async throws
    {
        let server = try TellerProcess(.postgres)
        let client = try server.client()
        var seed = SeededRandom(seed: UInt64.random(in: .min ... .max))
        let isWritten = Shared(false)
        let store = server.store
        let start = try #require(
            try await Self.first(
                of: client.task.watch(options: CallOptions(deadline: .seconds(60)))))
        let writer = Task.detached {
            for chunk in 0..<Self.chunks { try Self.write(chunk, in: store) }
            isWritten.withLock { $0 = true }
        }
        var cursor = start.cursor
        var seen: [String: Int64] = [:]
        var (count, connections, wrong) = (0, 0, [String]())
        while count < Self.chunks * Self.perChunk, connections < 2_000, wrong.count < 10 {
            connections += 1
            var left = Int.random(in: 1...5_000, using: &seed)
            let watch = client.task.watch(
                cursor: cursor, options: CallOptions(deadline: .seconds(120)))
            for try await event in watch {
                cursor = event.cursor
                left -= 1
                if event.task.hasPrefix("made-up-") {
                    count += 1
                    // Its attempts count up without a gap.
                    let expected = seen[event.task, default: 0] + 1
                    if Int64(event.attempt) != expected {
                        wrong.append("\(event.task) \(event.attempt) after \(expected - 1)")
                    }
                    seen[event.task] = Int64(event.attempt)
                }
                if left <= 0 || count == Self.chunks * Self.perChunk { break }
            }
        }
        try await writer.value
        #expect(wrong == [])
        #expect(count == Self.chunks * Self.perChunk, "\(connections) connections")
        #expect(connections > 10)
        #expect(isWritten.withLock { $0 })
        await client.shutDown()
    }

    private static func first(
        of watch: EventStream<TaskEvent, TaskWatchResult>
    ) async throws -> TaskEvent? {
        for try await event in watch { return event }
        return nil
    }

    /// Writes transitions as a busy instance would: numbers from the one row, in one transaction.
    private static func write(_ chunk: Int, in store: String) throws {
        let first = chunk * perChunk
        try SharedCluster.get().sql(
            """
            WITH taken AS (
                UPDATE task_numbers SET last = last + \(perChunk) RETURNING last - \(perChunk) AS base
            )
            INSERT INTO task_transitions
                (number, task, instance, sequence, at, from_state, to_state, attempt)
            SELECT base + n, 'made-up-' || (n % \(tasks)), 'made-up', \(first) + n,
                1795590000000 + n, 'RUNNING', 'STOPPED', (\(first) + n - 1) / \(tasks) + 1
            FROM taken CROSS JOIN generate_series(1, \(perChunk)) AS n
            """, in: store)
    }
}
