// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import NIOCore
import TLS

/// Tells HTTP/2 from HTTP/1.1 on a new connection: by ALPN below TLS, else by whether it opens
/// with the preface of HTTP/2 (prior knowledge, RFC 9113 section 3.3).
///
/// It installs the handlers of the protocol that it finds and leaves. What is neither, such as a
/// TLS hello on a port without TLS, is closed at once; silence is closed after a while.
final class ProtocolDetector: ChannelInboundHandler, RemovableChannelHandler, DrainableConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    enum Detected { case http1, http2 }

    typealias Install = (Detected, TLSHandshakeCompleted?, any Channel) throws -> Void

    private static let preface = Array("PRI * HTTP/2.0\r\n".utf8)
    private static let lineBytesMax = 4096
    private let timeout: Duration
    private let isEncrypted: Bool
    private let install: Install
    private let refused: (ConnectionCounts.Refusal) -> Void
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var timer: ConnectionTimer?

    /// - Parameters:
    ///   - timeout: How long the connection may stay undecided.
    ///   - isEncrypted: Whether to wait for the handshake of a `TLSHandler` before this one.
    ///   - refused: Told why a connection is closed without a protocol.
    init(
        timeout: Duration, isEncrypted: Bool,
        refused: @escaping (ConnectionCounts.Refusal) -> Void, install: @escaping Install
    ) {
        self.refused = refused
        self.timeout = timeout
        self.isEncrypted = isEncrypted
        self.install = install
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let channel = context.channel
        let timer = ConnectionTimer(context.eventLoop) { [refused] in
            refused(.silent)
            channel.close(promise: nil)
            return nil
        }
        timer.arm(context.eventLoop.now + TimeAmount(timeout))
        self.timer = timer
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        self.context = nil
    }

    func drain(grace: Duration?) { context?.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isEncrypted { return }
        received.writeImmutableBuffer(unwrapInboundIn(data))
        switch Self.detect(received.readableBytesView) {
        case .undecided: break
        case .known(let detected): begin(detected, nil, context)
        case .unknown:
            refused(.notHTTP)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is TLSError { refused(.handshake) }
        context.fireErrorCaught(error)
    }

    enum Opening: Equatable {
        case undecided
        case known(Detected)
        case unknown
    }

    /// Judges the first bytes of a connection: the preface, or a line that ends in a version of
    /// HTTP (RFC 9112 section 3). A line that is too long is left to the parser to refuse.
    static func detect(_ bytes: some Collection<UInt8>) -> Opening {
        guard let first = bytes.first else { return .undecided }
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return .unknown }
        if bytes.starts(with: preface.prefix(bytes.count)) {
            return bytes.count < preface.count ? .undecided : .known(.http2)
        }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < lineBytesMax ? .undecided : .known(.http1)
        }
        let words = bytes[..<end].split(separator: UInt8(ascii: " "))
        guard words.count == 3, words[2].starts(with: "HTTP/".utf8) else { return .unknown }
        return .known(.http1)
    }

    private func begin(
        _ detected: Detected, _ handshake: TLSHandshakeCompleted?, _ context: ChannelHandlerContext
    ) {
        let bytes = received
        received = ByteBuffer()
        do {
            try install(detected, handshake, context.channel)
        } catch {
            context.close(promise: nil)
            return
        }
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A peer that stops sending before it has said anything wants nothing.
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        if let handshake = event as? TLSHandshakeCompleted {
            // Without ALPN it is HTTP/1.1 (RFC 9113 section 3.2).
            begin(handshake.applicationProtocol == .http2 ? .http2 : .http1, handshake, context)
        }
        context.fireUserInboundEventTriggered(event)
    }
}
