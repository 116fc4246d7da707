// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import NIOCore

/// Tells HTTP/2 with prior knowledge (RFC 9113 section 3.3) from HTTP/1.1 on a new connection.
///
/// It installs the handlers of the protocol that it finds and leaves. What is neither, such as a
/// TLS hello on a port without TLS, is closed at once; silence is closed after a while.
final class ProtocolDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    enum Detected { case http1, http2 }

    private static let preface = Array("PRI * HTTP/2.0\r\n".utf8)
    private let timeout: Duration
    private let install: (Detected, any Channel) throws -> Void
    private var received = ByteBuffer()
    private var timer: ConnectionTimer?

    init(timeout: Duration, install: @escaping (Detected, any Channel) throws -> Void) {
        self.timeout = timeout
        self.install = install
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let timer = ConnectionTimer(context.eventLoop) {
            channel.close(promise: nil)
            return nil
        }
        timer.arm(context.eventLoop.now + TimeAmount(timeout))
        self.timer = timer
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        guard let first = received.readableBytesView.first else { return }
        let isToken = (UInt8(ascii: "A")...UInt8(ascii: "z")).contains(first)
        guard isToken else {
            context.close(promise: nil)
            return
        }
        if !received.readableBytesView.starts(with: Self.preface.prefix(received.readableBytes)) {
            begin(.http1, context)
        } else if received.readableBytes >= Self.preface.count {
            begin(.http2, context)
        }
    }

    private func begin(_ detected: Detected, _ context: ChannelHandlerContext) {
        let bytes = received
        received = ByteBuffer()
        do {
            try install(detected, context.channel)
        } catch {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A peer that stops sending before it has said anything wants nothing.
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
