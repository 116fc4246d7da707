// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import NIOCore
import Synchronization
import TestSupport
import Testing
import Transport

/// The server as a whole: how many connections it holds and how it ends.
@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    @Test func `connections beyond the cap wait until one closes`() async throws {
        try await withServer(configure: { $0.connectionsMax = 4 }) { port, server in
            var held: [RawClient] = []
            for _ in 0..<4 {
                let client = try await RawClient.connect(port)
                await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                _ = await client.read { $0.count > 10 }
                held.append(client)
            }
            #expect(server.connectionCount == 4)
            let waiting = try await RawClient.connect(port)
            await waiting.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            await held.removeFirst().close()
            #expect(await waiting.readTextToEnd().hasPrefix("HTTP/1.1 200 "))
            #expect(server.connectionCount <= 4)
            for client in held { await client.close() }
        }
    }

    @Test func `a crowd larger than the cap is served in turn`() async throws {
        try await withServer(configure: { $0.connectionsMax = 8 }) { port, server in
            let served = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let client = try await RawClient.connect(port)
                        await client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                        let answer = await client.readTextToEnd()
                        await client.close()
                        return answer.hasPrefix("HTTP/1.1 200 ")
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(served == 200)
        }
    }

    @Test func `a drain closes what is silent, idle or half open at once`() async throws {
        try await withServer { port, server in
            let silent = try await RawClient.connect(port)
            let half = try await RawClient.connect(port)
            await half.send("GET / HT")
            let idle = try await RawClient.connect(port)
            await idle.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            _ = await idle.read { $0.count > 10 }
            while server.connectionCount < 3 { await Task.yield() }
            await server.drain(grace: .seconds(30))
            _ = await silent.readToEnd()
            _ = await half.readToEnd()
            _ = await idle.readToEnd()
            #expect(server.connectionCount == 0)
        }
    }

    @Test func `a drain lets an HTTP1 call end and then closes its connection`() async throws {
        let began = Signal()
        let release = Signal()
        let handler = ClosureHandler { _, exchange in
            began.fire()
            await release.wait()
            exchange.respond(HTTPResponse(status: 200, body: Array("late".utf8)))
        }
        try await withServer(handler) { port, server in
            let client = try await RawClient.connect(port)
            await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await began.wait()
            // Enough for one on each event loop: the drain has come to all of them once all are
            // closed.
            var idle: [RawClient] = []
            for _ in 0..<2 * System.coreCount { idle.append(try await RawClient.connect(port)) }
            async let drained: Void = server.drain(grace: .seconds(30))
            for client in idle { _ = await client.readToEnd() }
            release.fire()
            let answer = await client.readTextToEnd()
            #expect(answer.contains("connection: close"))
            #expect(answer.hasSuffix("late"))
            await client.close()
            await drained
        }
    }

    @Test func `a drain ends after its grace whatever a handler does`() async throws {
        let began = Signal()
        let handler = ClosureHandler { _, _ in
            began.fire()
            try? await Task.sleep(for: .seconds(3600))
        }
        try await withServer(handler) { port, server in
            let one = try await RawClient.connect(port)
            await one.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await began.wait()
            let two = try await RawClient.connect(port)
            await two.send(RawFrame.preface + RawFrame.settings().bytes + RawFrame.headers(1).bytes)
            await began.wait()
            await server.drain(grace: .milliseconds(100))
            #expect(server.connectionCount == 0)
        }
    }

    @Test func `peers that vanish in every phase leave nothing behind`() async throws {
        let handler = ClosureHandler { _, _ in try? await Task.sleep(for: .seconds(3600)) }
        // The times that run for living peers too outlast the test: leaving alone must end it.
        let never = Duration.seconds(3600)
        try await withServer(
            handler,
            configure: {
                $0.http1.halfClosed = .milliseconds(50)
                $0.http1.linger = .milliseconds(50)
                $0.http2Timeouts.drain = .milliseconds(50)
                $0.http2Timeouts.goAwayRoundTrip = .milliseconds(50)
                $0.http2Timeouts.linger = .milliseconds(50)
                $0.opening = never
                $0.http1.head = never
                $0.http1.idle = never
                $0.http2Timeouts.preface = never
                $0.http2Timeouts.settingsAcknowledgement = never
                $0.http2Timeouts.headerBlock = never
                $0.http2Timeouts.body = never
                $0.http2Timeouts.bodyInterval = never
                $0.http2Timeouts.idle = never
            }
        ) { port, server in
            let opening = RawFrame.preface + RawFrame.settings().bytes
            let phases: [[UInt8]] = [
                [], Array(RawFrame.preface.prefix(9)), RawFrame.preface, opening,
                opening + RawFrame.headers(1, flags: 0).bytes,
                opening + RawFrame.headers(1, flags: RawFrame.endHeaders).bytes,
                opening + RawFrame.headers(1).bytes,
                opening + RawFrame.headers(1).bytes + RawFrame.goAway(last: 0, 0).bytes,
                Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8),
            ]
            for phase in phases {
                for shuts in [true, false] {
                    let client = try await RawClient.connect(port)
                    await client.send(phase)
                    if shuts { await client.closeOutput() }
                    await client.close()
                }
            }
            while server.connectionCount > 0 { await Task.yield() }
        }
    }

    @Test func `a peer that never reads costs a bounded amount`() async throws {
        let written = Atomic(0)
        let closed = Signal()
        let handler = ClosureHandler { _, exchange in
            exchange.begin(status: 200, headers: HTTPHeaders())
            do {
                while true {
                    try await exchange.write([UInt8](repeating: 1, count: 16_000))
                    written.add(16_000, ordering: .relaxed)
                }
            } catch {
                closed.fire()
            }
        }
        try await withServer(handler, configure: { $0.http2Timeouts.writeInterval = .seconds(1) }) {
            port, server in
            let client = try await RawClient.connect(port, reads: false)
            await client.send(
                RawFrame.preface + RawFrame.settings([(4, 1 << 30)]).bytes
                    + RawFrame.settingsAcknowledgement.bytes
                    + RawFrame.windowUpdate(0, 1 << 30).bytes + RawFrame.headers(1).bytes)
            await closed.wait()
            // What the kernel's buffers on both sides take is not the server's memory.
            #expect(written.load(ordering: .relaxed) < 32 << 20)
            await client.close()
        }
    }
}
