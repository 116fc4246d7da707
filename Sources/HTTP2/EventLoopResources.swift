// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import NIOCore
internal import Synchronization

/// Runs the jobs of tasks on an event loop, so that a request's task needs no hop to answer.
///
/// Jobs that come while others wait go with them: a batch that is committed wakes hundreds of
/// tasks, and the loop once.
///
/// - Note: `@unchecked Sendable`: what is mutable beside the lock is touched on `loop` only.
package final class EventLoopTaskExecutor: TaskExecutor, @unchecked Sendable {
    package let loop: any EventLoop
    private let waiting = Mutex<[UnownedJob]>([])
    /// Empty between two turns; kept for its memory.
    private var running: [UnownedJob] = []

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = waiting.withLock { waiting in
            waiting.append(job)
            return waiting.count == 1
        }
        if isFirst { loop.execute { self.runWaiting() } }
    }

    /// Runs the jobs that wait now; those they make wait for the loop's next turn.
    private func runWaiting() {
        waiting.withLock { swap(&$0, &running) }
        for job in running { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        running.removeAll(keepingCapacity: true)
    }
}

/// What all connections of one event loop share, so that an idle connection holds none of it.
///
/// - Note: `@unchecked Sendable`: what is mutable is touched on `loop` only.
package final class EventLoopResources: @unchecked Sendable {
    package let loop: any EventLoop
    package let executor: EventLoopTaskExecutor
    /// Frames on their way to a socket. It is empty whenever no connection is writing, and
    /// keeps its memory while sockets take all of it.
    var scratch: ByteBuffer
    /// The open streams of its HTTP/2 servers' connections.
    package let openStreams = ConnectionCounter()
    /// Handlers on this loop that have not returned, those of closed streams included.
    package private(set) var handlersRunning = 0
    private var idleWaiters: [EventLoopPromise<Void>] = []

    package init(_ loop: any EventLoop) {
        self.loop = loop
        executor = EventLoopTaskExecutor(loop)
        scratch = ByteBufferAllocator().buffer(capacity: 64 * 1024)
    }

    /// Has `handler` answer: now, or in a task of its own on the loop, beginning now.
    ///
    /// - Parameter exchange: Told when the handler has returned.
    /// - Returns: The task; nil when none is needed.
    package func run(
        _ handler: any HTTPHandler, _ request: HTTPRequest, _ exchange: some HandledExchange
    ) -> Task<Void, Never>? {
        guard let work = handler.begin(request, exchange) else {
            exchange.handlerReturned()
            return nil
        }
        handlersRunning += 1
        return Task.immediate(executorPreference: executor) {
            await work()
            exchange.handlerReturned()
            self.handlerReturned()
        }
    }

    private func handlerReturned() {
        handlersRunning -= 1
        guard handlersRunning == 0 else { return }
        for waiter in idleWaiters { waiter.succeed() }
        idleWaiters = []
    }

    /// Succeeds when no handler runs, or when `timeout` has passed.
    ///
    /// - Returns: Whether no handler runs.
    package func handlersReturned(timeout: Duration) -> EventLoopFuture<Bool> {
        loop.flatSubmit { [self] in
            let promise = loop.makePromise(of: Void.self)
            if handlersRunning == 0 {
                promise.succeed()
            } else {
                idleWaiters.append(promise)
            }
            let timer = loop.scheduleTask(in: TimeAmount(timeout)) { promise.succeed() }
            return promise.futureResult.map { [self] in
                timer.cancel()
                return handlersRunning == 0
            }
        }
    }
}

/// An exchange that wants to know when its handler has returned, on the event loop.
package protocol HandledExchange: HTTPExchange {
    func handlerReturned()
}
