// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: assembles requests, answers them one after the other, keeps time.
///
///     waiting ─ head ─▶ receiving ─ end ─▶ answering ─ response sent ─▶ waiting
///        └───────────────┴──── refusal, error, close ─┴──▶ lingering ─▶ closed
///
/// While a request is being answered nothing is read, so a peer that pipelines waits in its own
/// socket; what had been decoded already is kept up to `pipelinedPartsMax`.
final class HTTP1Connection: ChannelDuplexHandler, DrainableConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waiting(until: NIODeadline)
        case receiving(IncomingRequest)
        case answering(HTTP1Exchange)
        case lingering(until: NIODeadline)
        case closed
    }

    let limits: HTTP1Limits
    let resources: EventLoopResources
    private let handler: any HTTPHandler
    private let refusal: HTTPRefusal
    private let info: HTTPConnectionInfo
    private var context: ChannelHandlerContext?
    private var state: State
    private var waitingParts: [HTTPServerRequestPart] = []
    private var readIsWithheld = false
    private var inputIsClosed = false
    private(set) var isDraining = false
    /// When the connection ends whatever it does.
    private var deadline: NIODeadline?
    private var unwritableSince: NIODeadline?
    private var timer: ConnectionTimer?

    init(
        serving handler: any HTTPHandler, refusal: @escaping HTTPRefusal, info: HTTPConnectionInfo,
        limits: HTTP1Limits, resources: EventLoopResources
    ) {
        self.handler = handler
        self.refusal = refusal
        self.info = info
        self.limits = limits
        self.resources = resources
        state = .waiting(until: resources.loop.now + TimeAmount(limits.head))
    }

    /// The handlers that stand before this one.
    static func codec(_ limits: HTTP1Limits) -> [any ChannelHandler] {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.headBytesMax
        decoderLimits.maxHeaderListSize = limits.headBytesMax
        decoderLimits.maxHeaderFieldCount = limits.headerFieldsMax
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        return [HTTPResponseEncoder(), ByteToMessageHandler(decoder)]
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        timer = ConnectionTimer(resources.loop) { [unowned self] in sweep() }
        if case .waiting(let until) = state { timer?.arm(until) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func read(context: ChannelHandlerContext) {
        if case .answering = state {
            readIsWithheld = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch state {
        case .waiting, .receiving:
            take(part)
        case .answering:
            if waitingParts.count < limits.pipelinedPartsMax {
                waitingParts.append(part)
            } else {
                context.close(promise: nil)
            }
        case .lingering, .closed:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            unwritableSince = nil
            if case .answering(let exchange) = state { exchange.drained() }
        } else {
            unwritableSince = resources.loop.now
            timer?.arm(resources.loop.now + TimeAmount(limits.write))
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            inputIsClosed = true
            switch state {
            case .answering:
                closeBy(resources.loop.now + TimeAmount(limits.halfClosed))
            case .waiting, .receiving, .lingering, .closed:
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (state, error as? HTTPParserError) {
        case (.waiting, let error?), (.receiving, let error?):
            refuse(Self.status(of: error))
        case (.answering, _?):
            // The response under way is still sent; `sent` then finds the input closed.
            inputIsClosed = true
        default:
            context.close(promise: nil)
        }
    }

    private static func status(of error: HTTPParserError) -> Int {
        switch error {
        case .headerOverflow: 431
        case .invalidVersion: 505
        default: 400
        }
    }

    // MARK: Requests

    private func take(_ part: HTTPServerRequestPart) {
        switch (part, state) {
        case (.head(let head), .waiting):
            takeHead(head)
        case (.body(let bytes), .receiving(var request)):
            guard request.body.count + bytes.readableBytes <= limits.bodyBytesMax else {
                refuse(413)
                return
            }
            // The array must have one owner while it grows.
            state = .closed
            request.body.append(contentsOf: bytes.readableBytesView)
            state = .receiving(request)
        case (.end, .receiving(let request)):
            run(request)
        default:
            break
        }
    }

    private func takeHead(_ head: HTTPRequestHead) {
        switch IncomingRequest.read(head, limits: limits, now: resources.loop.now) {
        case .failure(let refusal):
            refuse(refusal.status)
        case .success(let request):
            if request.expectsContinue {
                context?.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))),
                    promise: nil)
            }
            state = .receiving(request)
            timer?.arm(resources.loop.now + TimeAmount(limits.bodyInterval))
        }
    }

    private func run(_ incoming: IncomingRequest) {
        let keepsAlive = incoming.keepsAlive && !isDraining
        let exchange = HTTP1Exchange(
            self, loop: resources.loop, version: incoming.version, isHead: incoming.method == .head,
            keepsAlive: keepsAlive)
        state = .answering(exchange)
        let request = HTTPRequest(
            method: incoming.method, path: incoming.path, headers: incoming.headers,
            body: incoming.body, connection: info)
        let task = resources.run(handler, request, exchange)
        exchange.began(task)
    }

    /// Answers what cannot be understood or is not wanted, and closes.
    private func refuse(_ status: Int) {
        let exchange = HTTP1Exchange(
            self, loop: resources.loop, version: .http1_1, isHead: false, keepsAlive: false)
        state = .answering(exchange)
        exchange.respond(refusal(status))
    }

    // MARK: Responses

    func write(_ part: HTTPServerResponsePart, flush: Bool) {
        guard let context else { return }
        context.write(wrapOutboundOut(part), promise: nil)
        if flush { context.flush() }
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func arm(_ deadline: NIODeadline) { timer?.arm(deadline) }

    /// The response of the current exchange has been written whole.
    func sent(_ exchange: HTTP1Exchange) {
        guard case .answering(let current) = state, current === exchange else { return }
        guard exchange.keepsAlive, !isDraining, !inputIsClosed else {
            linger()
            return
        }
        let until = resources.loop.now + TimeAmount(limits.idle)
        state = .waiting(until: until)
        timer?.arm(until)
        // Not now: the handler that has just answered may be running.
        resources.loop.assumeIsolated().execute { self.resume() }
    }

    /// Goes on with what was pipelined, or reads.
    private func resume() {
        while !waitingParts.isEmpty {
            switch state {
            case .waiting, .receiving: take(waitingParts.removeFirst())
            case .answering: return
            case .lingering, .closed: waitingParts = []
            }
        }
        if readIsWithheld, let context {
            readIsWithheld = false
            read(context: context)
        }
    }

    /// Closes once the peer has had time to read: closing at once, with unread input, would make
    /// the kernel discard the response.
    private func linger() {
        guard let context else { return }
        if inputIsClosed {
            context.close(promise: nil)
            return
        }
        let until = resources.loop.now + TimeAmount(limits.linger)
        state = .lingering(until: until)
        waitingParts = []
        timer?.arm(until)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).assumeIsolated()
            .whenComplete { _ in context.close(mode: .output, promise: nil) }
        if readIsWithheld {
            readIsWithheld = false
            context.read()
        }
    }

    /// Cuts a response that cannot be completed.
    func abort(_ exchange: HTTP1Exchange) {
        guard case .answering(let current) = state, current === exchange else { return }
        context?.close(promise: nil)
    }

    // MARK: Life

    func drain(grace: Duration?) {
        isDraining = true
        closeBy(resources.loop.now + TimeAmount(grace ?? .zero))
        if case .waiting = state { context?.close(promise: nil) }
    }

    private func closeBy(_ deadline: NIODeadline) {
        let earliest = min(self.deadline ?? deadline, deadline)
        self.deadline = earliest
        timer?.arm(earliest)
    }

    private func end() {
        if case .closed = state { return }
        if case .answering(let exchange) = state { exchange.closed() }
        state = .closed
        waitingParts = []
        timer?.cancel()
        context = nil
    }

    /// Acts on times that have passed and returns the next one.
    private func sweep() -> NIODeadline? {
        let now = resources.loop.now
        var deadlines: [NIODeadline] = []
        if let deadline { deadlines.append(deadline) }
        if let unwritableSince {
            deadlines.append(unwritableSince + TimeAmount(limits.write))
        }
        switch state {
        case .waiting(let until), .lingering(let until):
            deadlines.append(until)
        case .receiving(var request):
            deadlines.append(request.startedAt + TimeAmount(limits.body))
            deadlines.append(request.nextCheck(now: now, limits: limits))
            state = .receiving(request)
        case .answering(let exchange):
            if let cancelAt = exchange.cancelAt {
                if cancelAt <= now {
                    exchange.cancelTask()
                } else {
                    deadlines.append(cancelAt)
                }
            }
        case .closed:
            return nil
        }
        guard let next = deadlines.min() else { return nil }
        if next <= now {
            context?.close(promise: nil)
            return nil
        }
        return next
    }
}
