// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import NIOPosix
import Synchronization
import Testing

@testable import HTTP2

@Suite struct EventLoopTaskExecutorTests {
    private struct Run: Sendable {
        let thread: Int
        let number: Int
        let isOnLoop: Bool
    }

    private final class Record: Sendable {
        let runs = Mutex<[Run]>([])
        let tasks = Mutex<[Task<Void, Never>]>([])
        let isOver = Atomic(false)
    }

    @Test func `jobs of many threads run on the loop, each once, in the order they came`()
        async throws
    {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = EventLoopTaskExecutor(group.next())
        let record = Record()
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<2_000 {
                let task = Task(executorPreference: executor) {
                    let run = Run(
                        thread: thread, number: number, isOnLoop: executor.loop.inEventLoop)
                    record.runs.withLock { $0.append(run) }
                    // Comes back from within the loop, and from another thread.
                    await Task.yield()
                    await withCheckedContinuation { continuation in
                        DispatchQueue.global().async { continuation.resume() }
                    }
                    #expect(executor.loop.inEventLoop)
                }
                record.tasks.withLock { $0.append(task) }
            }
        }
        for task in record.tasks.withLock({ $0 }) { await task.value }
        let all = record.runs.withLock { $0 }
        #expect(all.count == 8_000 && all.allSatisfy(\.isOnLoop))
        for thread in 0..<4 {
            #expect(all.filter { $0.thread == thread }.map(\.number) == Array(0..<2_000))
        }
        try await group.shutdownGracefully()
    }

    /// What a task of the loop does between two jobs must come to pass: sockets are read there.
    @Test func `a job that always makes another leaves the loop its turns`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = EventLoopTaskExecutor(group.next())
        let record = Record()
        let busy = Task(executorPreference: executor) {
            while !record.isOver.load(ordering: .relaxed) { await Task.yield() }
        }
        for _ in 0..<100 {
            try await executor.loop.scheduleTask(in: .milliseconds(1)) {}.futureResult.get()
        }
        record.isOver.store(true, ordering: .relaxed)
        await busy.value
        try await group.shutdownGracefully()
    }
}
