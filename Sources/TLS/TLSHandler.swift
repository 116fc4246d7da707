// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// TLS for one channel: ciphertext below, plaintext above.
///
/// ```
///            added/active            handshake done
///   waiting ─────────────▶ handshaking ──────────▶ open ──▶ closed
///                               └──────── failure ──────────▲
/// ```
/// * Fires `TLSHandshakeCompleted` before the first plaintext.
/// * Everything written between two flushes leaves in as few records as fit, in one buffer.
/// * The peer's `close_notify` fires `ChannelEvent.inputClosed`; `close(mode: .output)` sends ours
///   and leaves the other direction open (RFC 8446 section 6.1).
/// * A failure is fired as `TLSError`, its alert is sent, and the channel is closed.
///
/// Reads are passed on as they are: whoever stops reading above stops the socket.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package struct Limits: Sendable {
        /// From the connection's start to the end of the handshake.
        package var handshakeTimeout: Duration = .seconds(5)
        /// Ciphertext of the peer before the handshake ends; certificates are the bulk of it.
        package var handshakeBytesMax = 64 * 1024
        /// Plaintext held back until the handshake ends; more is refused.
        package var pendingBytesMax = 1024 * 1024
        /// Plaintext held back until a flush; more is encrypted at once.
        package var unflushedBytesMax = 64 * 1024
        /// Reads that made OpenSSL answer by itself while the peer did not take our records.
        package var unreadAnswersMax = 16
        /// Key updates of a peer (RFC 8446 section 4.6.3), each of which costs as much as many
        /// records, over a connection's life…
        package var keyUpdatesMax = 64
        /// …and one more for each so many bytes of plaintext, received or sent.
        package var keyUpdatePlaintextBytes = 1 << 20
        /// How long a close waits for the peer to take what was written before it.
        package var closeTimeout: Duration = .seconds(1)

        package init() {}
    }

    private enum State { case waiting, handshaking, open, closed }

    private let session: TLSSession
    private let limits: Limits
    private let isClient: Bool
    private var state = State.waiting
    private var timeout: Scheduled<Void>?
    private var handshakeBytes = 0
    private var pending = PendingWrites()
    private var flushWhenOpen = false
    private var peerHasClosed = false
    private var outputIsClosed = false
    /// The layer above has asked for data and got none since.
    private var readIsWanted = false
    private var isClosing = false
    private var unreadAnswers = 0
    /// Received and sent.
    private var plaintextBytes = 0

    /// - Parameter serverName: for a client, the name or IP address the certificate must be for.
    /// - Throws: `TLSError` when OpenSSL has no memory or the name is no name.
    package init(
        context: TLSContext, serverName: String? = nil, limits: Limits = Limits()
    ) throws(TLSError) {
        precondition(
            context.role == .server || serverName != nil, "a client verifies the server's name")
        session = try TLSSession(context: context)
        isClient = context.role == .client
        self.limits = limits
        if isClient, let serverName { try session.expect(serverName) }
    }

    // MARK: Life of the channel

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard state == .waiting else { return }
        state = .handshaking
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: TimeAmount(limits.handshakeTimeout)) {
            let (handler, context) = bound.value
            handler.fail(context, TLSError(.handshakeTimeout, "TLS handshake timed out"))
        }
        if isClient { stepHandshake(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        stop(TLSError(.closed, "TLS handler removed"))
    }

    package func channelInactive(context: ChannelHandlerContext) {
        endOfStream(context)
        stop(TLSError(.closed, "connection closed"))
        context.fireChannelInactive()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            // The socket's end; `close_notify` has already been fired as the same event.
            guard !peerHasClosed else { return }
            endOfStream(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The socket has ended: without `close_notify` somebody may have cut the stream short.
    private func endOfStream(_ context: ChannelHandlerContext) {
        guard !peerHasClosed else { return }
        peerHasClosed = true
        switch state {
        case .handshaking:
            context.fireErrorCaught(TLSError(.truncated, "connection closed in the TLS handshake"))
        case .open:
            context.fireErrorCaught(TLSError(.truncated, "connection closed without close_notify"))
        case .waiting, .closed: break
        }
    }

    private func stop(_ error: TLSError) {
        state = .closed
        timeout?.cancel()
        timeout = nil
        pending.failAll(error)
    }

    /// Sends the alert OpenSSL has made, tells the layers above and closes the channel.
    private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        guard state != .closed else { return }
        stop(error)
        sendRecords(context, promise: nil)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    // MARK: Inbound

    package func read(context: ChannelHandlerContext) {
        readIsWanted = true
        context.read()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .closed, !peerHasClosed else { return }
        let records = unwrapInboundIn(data)
        if state != .open {
            handshakeBytes += records.readableBytes
            guard handshakeBytes <= limits.handshakeBytesMax else {
                return fail(context, TLSError(.limitExceeded, "TLS handshake is too large"))
            }
        }
        session.receive(records)
        if state == .handshaking { stepHandshake(context) }
        if state == .open { decrypt(context) }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        // Half a record or a handshake message: the layer above still waits for its data.
        if readIsWanted, state != .closed {
            context.read()
        }
        context.fireChannelReadComplete()
    }

    private func stepHandshake(_ context: ChannelHandlerContext) {
        switch session.handshake() {
        case .needsInput:
            sendRecords(context, promise: nil)
        case .failed(let error):
            fail(context, error)
        case .done:
            sendRecords(context, promise: nil)
            state = .open
            timeout?.cancel()
            timeout = nil
            context.fireUserInboundEventTriggered(session.negotiated)
            if flushWhenOpen, state == .open {
                flushWhenOpen = false
                encryptPending(context)
            }
        }
    }

    private func decrypt(_ context: ChannelHandlerContext) {
        guard session.hasInput else { return }
        var plaintext = context.channel.allocator.buffer(
            capacity: session.inputBytes + TLSSession.readStepBytes)
        let outcome = session.read(into: &plaintext)
        plaintextBytes += plaintext.readableBytes
        let keyUpdatesMax =
            limits.keyUpdatesMax + plaintextBytes / limits.keyUpdatePlaintextBytes
        guard session.keyUpdates <= keyUpdatesMax else {
            return fail(context, TLSError(.limitExceeded, "too many TLS key updates"))
        }
        guard answerProtocolMessages(context) else { return }
        if plaintext.readableBytes > 0 {
            readIsWanted = false
            context.fireChannelRead(wrapInboundOut(plaintext))
        }
        guard state == .open else { return }
        switch outcome {
        case .drained: break
        case .closed:
            peerHasClosed = true
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .failed(let error): fail(context, error)
        }
    }

    /// Sends what OpenSSL answers on its own (key updates, refused renegotiations).
    ///
    /// A peer that provokes such answers and does not read them is cut off, or they would pile up
    /// without limit.
    private func answerProtocolMessages(_ context: ChannelHandlerContext) -> Bool {
        guard session.hasOutbound else { return true }
        unreadAnswers = context.channel.isWritable ? 0 : unreadAnswers + 1
        guard unreadAnswers <= limits.unreadAnswersMax else {
            fail(context, TLSError(.limitExceeded, "TLS answers are not read"))
            return false
        }
        sendRecords(context, promise: nil)
        return true
    }

    // MARK: Outbound

    package func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        guard state != .closed, !outputIsClosed else {
            promise?.fail(TLSError(.closed, "the TLS session is closed"))
            return
        }
        let plaintext = unwrapOutboundIn(data)
        if state != .open, pending.bytes + plaintext.readableBytes > limits.pendingBytesMax {
            promise?.fail(TLSError(.limitExceeded, "too much data before the TLS handshake"))
            return
        }
        pending.append(plaintext, promise)
        if state == .open, pending.bytes > limits.unflushedBytesMax {
            encryptPending(context, flushing: false)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        guard state == .open else {
            flushWhenOpen = state != .closed
            return
        }
        encryptPending(context)
    }

    private func encryptPending(_ context: ChannelHandlerContext, flushing: Bool = true) {
        let promise = pending.takePromise(on: context.eventLoop)
        while let plaintext = pending.next(
            upTo: TLSSession.recordPlaintextBytesMax, allocator: context.channel.allocator)
        {
            plaintextBytes += plaintext.readableBytes
            do throws(TLSError) {
                try session.write(plaintext)
            } catch {
                promise?.fail(error)
                return fail(context, error)
            }
        }
        sendRecords(context, promise: promise, flushing: flushing)
    }

    private func sendRecords(
        _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?, flushing: Bool = true
    ) {
        if let records = session.takeOutbound() {
            context.write(wrapOutboundOut(records), promise: promise)
        } else {
            promise?.succeed()
        }
        if flushing { context.flush() }
    }

    package func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        guard state == .open, mode != .input else {
            if mode != .input { outputIsClosed = true }
            if mode == .all { stop(TLSError(.closed, "connection closed")) }
            return context.close(mode: mode, promise: promise)
        }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sendCloseNotify(context, promise: sent)
        if mode == .output {
            context.close(mode: .output, promise: promise)
        } else {
            stop(TLSError(.closed, "connection closed"))
            closeWhenSent(context, sent.futureResult, promise: promise)
        }
    }

    private func sendCloseNotify(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>)
    {
        if !outputIsClosed {
            encryptPending(context)
            session.close()
            outputIsClosed = true
        }
        // Empty when it has been sent before; its promise still completes after all earlier ones.
        let records = session.takeOutbound() ?? ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(records), promise: promise)
    }

    /// NIO drops at a close what the socket has not taken yet; a slow reader gets some time, one
    /// that reads nothing does not hold the connection.
    private func closeWhenSent(
        _ context: ChannelHandlerContext, _ sent: EventLoopFuture<Void>,
        promise: EventLoopPromise<Void>?
    ) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let close: @Sendable () -> Void = {
            let (handler, context) = bound.value
            guard !handler.isClosing else { return }
            handler.isClosing = true
            handler.timeout?.cancel()
            handler.timeout = nil
            context.close(promise: promise)
        }
        sent.whenComplete { _ in close() }
        guard !isClosing else { return }
        timeout = context.eventLoop.scheduleTask(in: TimeAmount(limits.closeTimeout), close)
    }
}
