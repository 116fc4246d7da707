// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import HTTP2

/// A handler whose exchanges a test answers by hand; `/echo` answers at once.
final class ManualHandler: HTTPHandler {
    private struct Held {
        var requests: [HTTPRequest] = []
        var exchanges: [any HTTPExchange] = []
        var continuations: [CheckedContinuation<Void, Never>] = []
        var cancelled = 0
    }
    private let held = Mutex(Held())

    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        held.withLock { held in
            held.requests.append(request)
            held.exchanges.append(exchange)
        }
        if request.path == "/echo" {
            exchange.respond(HTTPResponse(status: 200, body: request.body))
            return
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                held.withLock { $0.continuations.append(continuation) }
            }
        } onCancel: {
            held.withLock { $0.cancelled += 1 }
        }
    }

    var requests: [HTTPRequest] { held.withLock { $0.requests } }
    var exchanges: [any HTTPExchange] { held.withLock { $0.exchanges } }
    var cancelledCount: Int { held.withLock { $0.cancelled } }

    /// Lets all handlers return.
    func release() {
        let continuations = held.withLock { held in
            defer { held.continuations = [] }
            return held.continuations
        }
        for continuation in continuations { continuation.resume() }
    }
}

/// A server's connection in memory, its clock in the test's hand.
final class ServerConnection {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    let connection: HTTP2Connection
    let handler = ManualHandler()
    private var unparsed: [UInt8] = []
    /// All frames received so far.
    private(set) var frames: [RawFrame] = []
    private final class Flag { var value = false }
    private let closed = Flag()
    var isClosed: Bool { closed.value }

    init(
        limits: HTTP2Limits = HTTP2Limits(), timeouts: HTTP2Timeouts = HTTP2Timeouts(),
        opens: Bool = true
    ) throws {
        channel = EmbeddedChannel(loop: loop)
        let info = HTTPConnectionInfo(
            id: 1, version: .http2, remoteAddress: "in-process", isEncrypted: false,
            clientCertificateSubject: nil)
        connection = HTTP2Connection(
            serving: handler, refusal: { HTTPResponse(status: $0) }, info: info, limits: limits,
            timeouts: timeouts, resources: EventLoopResources(loop))
        channel.closeFuture.assumeIsolated().whenComplete { [closed] _ in closed.value = true }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.pipeline.syncOperations.addHandler(connection)
        if opens {
            send(RawFrame.preface)
            send(.settings(), .settingsAcknowledgement)
        }
    }

    deinit {
        handler.release()
        channel.pipeline.fireChannelInactive()
        loop.run()
        handler.release()
        loop.run()
    }

    func send(_ bytes: [UInt8]) {
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
        channel.pipeline.fireChannelReadComplete()
        collect()
    }

    func send(_ frames: RawFrame...) { send(frames.flatMap(\.bytes)) }

    func advance(_ duration: Duration) {
        loop.advanceTime(by: TimeAmount(duration))
        collect()
    }

    /// Fetches what the connection has written.
    func collect() {
        loop.run()
        while let part = try? channel.readOutbound(as: ByteBuffer.self) {
            unparsed += Array(part.readableBytesView)
        }
        frames += RawFrame.take(from: &unparsed)
    }

    var goAwayCodes: [UInt32] {
        frames.filter { $0.kind == RawFrame.Kind.goAway }.compactMap(\.errorCode)
    }

    func resetCode(_ streamID: UInt32) -> UInt32? {
        frames.first { $0.kind == RawFrame.Kind.reset && $0.streamID == streamID }?.errorCode
    }

    func hasAnswered(_ streamID: UInt32) -> Bool {
        frames.contains { $0.kind == RawFrame.Kind.headers && $0.streamID == streamID }
    }

    func body(_ streamID: UInt32) -> [UInt8] {
        frames.filter { $0.kind == RawFrame.Kind.data && $0.streamID == streamID }
            .flatMap(\.payload)
    }
}
