// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// A request as it came over the socket.
package struct SeenRequest: Sendable {
    package let method: String
    package let target: String
    /// Names in lower case.
    package let headers: [String: String]
    package let body: String
}

/// What the server does about a request, in order.
package enum Step: Sendable {
    case send(String)
    /// Body bytes without end, until the connection is closed.
    case sendForEver
    /// Nothing more, the connection stays open.
    case hold
    case close
    /// The connection breaks (RST).
    case reset

    package static func answer(
        _ status: Int, _ body: String = "{}", headers: [String: String] = [:]
    ) -> [Step] {
        let fields = headers.map { "\($0): \($1)\r\n" }.joined()
        return [
            .send(
                "HTTP/1.1 \(status) Said\r\ncontent-length: \(body.utf8.count)\r\n\(fields)\r\n"
                    + body)
        ]
    }
}

/// An HTTP/1.1 server on loopback that does what a test says, and counts.
package final class ScriptedServer: Sendable {
    /// Told each request and its number, from 1.
    package typealias Script = @Sendable (SeenRequest, Int) -> [Step]

    package struct Counts: Sendable {
        package var requests: [SeenRequest] = []
        package var connectionsOpened = 0
        package var connectionsClosed = 0
        package var unanswered = 0
        package var unansweredMax = 0
        package var held = 0
        package var bodyBytesSent = 0
    }

    private struct State {
        var counts = Counts()
        var held: [any Channel] = []
        var waiters:
            [(until: @Sendable (Counts) -> Bool, waiter: CheckedContinuation<Void, Never>)] =
                []
    }

    private let state = Mutex(State())
    private let script: Script
    private let channel = Mutex<(any Channel)?>(nil)

    package var counts: Counts { state.withLock { $0.counts } }
    package var requests: [SeenRequest] { counts.requests }
    package var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }

    private init(_ script: @escaping Script) { self.script = script }

    /// Runs `body` beside a server.
    ///
    /// - Parameter port: Where it listens; 0 for a free one.
    package static func with<Result>(
        port: Int = 0, tls: NIOSSLContext? = nil, resetsAtOnce: Bool = false,
        _ script: @escaping Script,
        _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedServer(script)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    server.change { $0.connectionsOpened += 1 }
                    child.closeFuture.whenComplete { _ in
                        server.change { $0.connectionsClosed += 1 }
                    }
                    if resetsAtOnce { return server.reset(child) }
                    if let tls {
                        try child.pipeline.syncOperations.addHandler(
                            NIOSSLServerHandler(context: tls))
                    }
                    try child.pipeline.syncOperations.addHandler(RequestHandler(server))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        server.channel.withLock { $0 = channel }
        defer { channel.close(promise: nil) }
        return try await body(server)
    }

    /// Waits until the counts are as wished.
    package func wait(until isWished: @escaping @Sendable (Counts) -> Bool) async {
        await withCheckedContinuation { waiter in
            let isSo = state.withLock { state in
                if isWished(state.counts) { return true }
                state.waiters.append((isWished, waiter))
                return false
            }
            if isSo { waiter.resume() }
        }
    }

    /// Answers all requests that are held.
    package func answerHeld(_ text: String) {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for channel in held { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        change { $0.unanswered -= held.count }
    }

    private func change(_ body: (inout Counts) -> Void) {
        let due = state.withLock { state in
            body(&state.counts)
            let counts = state.counts
            defer { state.waiters.removeAll { $0.until(counts) } }
            return state.waiters.filter { $0.until(counts) }
        }
        for entry in due { entry.waiter.resume() }
    }

    private func reset(_ channel: any Channel) {
        let provider = channel as? any SocketOptionProvider
        // With no time to linger, closing sends RST.
        provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    fileprivate func came(_ request: SeenRequest, on channel: any Channel) {
        change { counts in
            counts.requests.append(request)
            counts.unanswered += 1
            counts.unansweredMax = max(counts.unansweredMax, counts.unanswered)
        }
        var isHeld = false
        for step in script(request, counts.requests.count) {
            switch step {
            case .send(let text):
                channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
            case .sendForEver: sendForEver(on: channel)
            case .hold:
                isHeld = true
                state.withLock { $0.held.append(channel) }
                change { $0.held += 1 }
            case .close: channel.close(promise: nil)
            case .reset: reset(channel)
            }
        }
        if !isHeld { change { $0.unanswered -= 1 } }
    }

    private func sendForEver(on channel: any Channel) {
        let chunk = ByteBuffer(repeating: UInt8(ascii: " "), count: 16 << 10)
        channel.writeAndFlush(chunk).whenSuccess { [self] in
            change { $0.bodyBytesSent += chunk.readableBytes }
            sendForEver(on: channel)
        }
    }
}

/// Cuts requests out of the bytes.
private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: ScriptedServer
    private var text = ""

    init(_ server: ScriptedServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        while let request = next() { server.came(request, on: context.channel) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func next() -> SeenRequest? {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let start = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let count = Int(headers["content-length"] ?? "0") ?? 0
        let rest = text[end.upperBound...]
        guard rest.utf8.count >= count else { return nil }
        let body = String(rest.utf8.prefix(count)) ?? ""
        text = String(rest.utf8.dropFirst(count)) ?? ""
        return SeenRequest(
            method: String(start[0]), target: String(start[1]), headers: headers, body: body)
    }
}
