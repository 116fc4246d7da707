// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Transport

/// Connects a client over plain TCP.
func connect(
    _ port: Int, callsWaitingMax: Int = 1000, timeouts: HTTP2Timeouts = HTTP2Timeouts(),
    onEnding: @escaping @Sendable () -> Void = {}
) async throws -> HTTP2Client {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    return try await ClientBootstrap(group: loop)
        .channelOption(.allowRemoteHalfClosure, value: true)
        .connect(host: "127.0.0.1", port: port)
        .flatMapThrowing { channel in
            try HTTP2Client.install(
                on: channel, authority: "127.0.0.1:\(port)", isEncrypted: false,
                timeouts: timeouts, callsWaitingMax: callsWaitingMax,
                resources: EventLoopResources(loop), onEnding: onEnding)
        }.get()
}

/// Something a test waits for.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func fire() { continuation.yield() }

    func wait() async { for await _ in stream { return } }
}

/// The client's end against the real server.
@Suite(.timeLimit(.minutes(1))) struct HTTP2ClientTests {
    @Test func `calls run side by side on one connection`() async throws {
        try await withServer { port, _ in
            let client = try await connect(port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<500 {
                    group.addTask {
                        let body = Array("call \(index)".utf8)
                        let response = try await client.call(
                            HTTP2CallRequest(path: "/rpc", body: body))
                        #expect(response.status == 200)
                        #expect(response.headers["content-type"] == "text/plain")
                        #expect(try await response.collect(bytesMax: 100) == body)
                    }
                }
                try await group.waitForAll()
            }
            client.close(grace: .seconds(1))
            try await client.closeFuture.get()
        }
    }

    @Test func `a large upload and its echo pass flow control`() async throws {
        try await withServer { port, _ in
            let client = try await connect(port)
            let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let response = try await client.call(HTTP2CallRequest(path: "/", body: body))
            #expect(try await response.collect(bytesMax: body.count) == body)
            client.close(grace: .seconds(1))
        }
    }

    @Test func `trailers follow the body`() async throws {
        let handler = ClosureHandler { _, exchange in
            exchange.begin(status: 200, headers: HTTPHeaders(["content-type": "application/grpc"]))
            try? await exchange.write(Array("part".utf8))
            exchange.finish(trailers: HTTPHeaders(["grpc-status": "0"]))
        }
        try await withServer(handler) { port, _ in
            let client = try await connect(port)
            let response = try await client.call(HTTP2CallRequest(path: "/"))
            #expect(try await response.collect(bytesMax: 10) == Array("part".utf8))
            #expect(await response.trailers()?["grpc-status"] == "0")
            client.close(grace: .seconds(1))
        }
    }

    @Test func `a reader that does not read makes the writer wait`() async throws {
        let written = Atomic(0)
        let closed = Signal()
        let handler = ClosureHandler { _, exchange in
            exchange.begin(status: 200, headers: HTTPHeaders())
            do {
                while true {
                    try await exchange.write([UInt8](repeating: 1, count: 10_000))
                    written.add(10_000, ordering: .relaxed)
                }
            } catch {
                closed.fire()
            }
        }
        try await withServer(handler) { port, _ in
            let client = try await connect(port)
            let response = try await client.call(HTTP2CallRequest(path: "/"))
            var received = 0
            while received < 1_000_000 { received += try await response.next()?.count ?? 0 }
            // Stream window, write buffer, and what the reader has taken.
            #expect(written.load(ordering: .relaxed) < received + 65_535 * 2 + 64 * 1024 + 20_000)
            client.close(grace: .zero)
            await closed.wait()
        }
    }

    @Test func `cancelling a call cancels its handler`() async throws {
        let began = Signal()
        let cancelled = Signal()
        let handler = ClosureHandler { _, exchange in
            began.fire()
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                cancelled.fire()
            }
        }
        try await withServer(handler) { port, _ in
            let client = try await connect(port)
            let task = Task { try await client.call(HTTP2CallRequest(path: "/")) }
            await began.wait()
            task.cancel()
            let error = await #expect(throws: HTTP2CallError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            await cancelled.wait()
            client.close(grace: .zero)
        }
    }

    @Test func `a response that is dropped resets its stream`() async throws {
        let cancelled = Signal()
        let handler = ClosureHandler { _, exchange in
            exchange.begin(status: 200, headers: HTTPHeaders())
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                cancelled.fire()
            }
        }
        try await withServer(handler) { port, _ in
            let client = try await connect(port)
            _ = try await client.call(HTTP2CallRequest(path: "/"))
            await cancelled.wait()
            client.close(grace: .zero)
        }
    }

    @Test func `calls beyond the server's streams wait, and beyond the queue fail`() async throws {
        let running = Atomic(0)
        let most = Atomic(0)
        let handler = ClosureHandler { request, exchange in
            most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            await Task.yield()
            running.subtract(1, ordering: .relaxed)
            exchange.respond(HTTPResponse(status: 200))
        }
        try await withServer(handler, configure: { $0.http2.concurrentStreamsMax = 5 }) { port, _ in
            let client = try await connect(port, callsWaitingMax: 50)
            let first = try await client.call(HTTP2CallRequest(path: "/"))
            #expect(first.status == 200)
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        do {
                            return try await client.call(HTTP2CallRequest(path: "/")).status == 200
                        } catch {
                            #expect((error as? HTTP2CallError)?.code == .queueFull)
                            return false
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(outcomes >= 55)
            #expect(most.load(ordering: .relaxed) <= 5)
            client.close(grace: .zero)
        }
    }

    @Test func `a draining server answers what it has and asks for a new connection`() async throws
    {
        let began = Signal()
        let ending = Signal()
        let release = Signal()
        let handler = ClosureHandler { _, exchange in
            began.fire()
            await release.wait()
            exchange.respond(HTTPResponse(status: 200, body: Array("late".utf8)))
        }
        try await withServer(handler) { port, server in
            let client = try await connect(port) { ending.fire() }
            async let answer = client.call(HTTP2CallRequest(path: "/")).collect(bytesMax: 10)
            await began.wait()
            async let drained: Void = server.drain(grace: .seconds(10))
            await ending.wait()
            #expect(!client.isOpen)
            let error = await #expect(throws: HTTP2CallError.self) {
                try await client.call(HTTP2CallRequest(path: "/"))
            }
            #expect(error?.code == .notProcessed)
            release.fire()
            #expect(try await answer == Array("late".utf8))
            await drained
            try await client.closeFuture.get()
        }
    }

    @Test func `a lost connection leaves the outcome unknown`() async throws {
        let began = Signal()
        let handler = ClosureHandler { _, _ in
            began.fire()
            try? await Task.sleep(for: .seconds(60))
        }
        try await withServer(handler) { port, server in
            let client = try await connect(port)
            let task = Task { try await client.call(HTTP2CallRequest(path: "/")) }
            await began.wait()
            async let drained: Void = server.drain(grace: .zero)
            let error = await #expect(throws: HTTP2CallError.self) { try await task.value }
            #expect(error?.isSafeToRepeat == false)
            await drained
        }
    }
}
