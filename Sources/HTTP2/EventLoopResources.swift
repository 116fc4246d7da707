// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Runs the jobs of tasks on an event loop, so that a request's task needs no hop to answer.
package final class EventLoopTaskExecutor: TaskExecutor {
    package let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// What all connections of one event loop share, so that an idle connection holds none of it.
///
/// - Note: `@unchecked Sendable`: `scratch` is touched on `loop` only.
package final class EventLoopResources: @unchecked Sendable {
    package let loop: any EventLoop
    package let executor: EventLoopTaskExecutor
    /// Frames on their way to a socket. It is empty whenever no connection is writing, and
    /// keeps its memory while sockets take all of it.
    var scratch: ByteBuffer

    package init(_ loop: any EventLoop) {
        self.loop = loop
        executor = EventLoopTaskExecutor(loop)
        scratch = ByteBufferAllocator().buffer(capacity: 64 * 1024)
    }
}
