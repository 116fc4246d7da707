// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What differs between the two ends of a connection.
protocol HTTP2Role: AnyObject {
    /// The connection has sent its SETTINGS.
    func began(_ connection: HTTP2Connection)

    /// Acts on what nghttp2 has reported about streams.
    func handle(_ event: SessionEvent, _ connection: HTTP2Connection)

    /// Acts on times that have passed.
    ///
    /// - Returns: When to look again; nil for not before something happens.
    func sweep(now: NIODeadline, _ connection: HTTP2Connection) -> NIODeadline?

    /// The connection ends: no new stream may be opened on it.
    func drainBegan(_ connection: HTTP2Connection)

    /// The connection is over; all its streams have been closed.
    func ended(_ connection: HTTP2Connection)
}

/// One HTTP/2 connection: moves bytes between its channel and nghttp2, keeps time, and has its
/// role act on what arrives.
///
///     opening ─ SETTINGS ─▶ open ─ drain, age ─▶ draining ─ last stream ─▶ lingering ─▶ closed
///        └────────┴────────────── error, timeout ────┴─────────────────────▶┘
///
/// nghttp2's callbacks only record; `process` acts after nghttp2 has returned. Several responses
/// that become ready in one turn of the event loop share one write.
package final class HTTP2Connection: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    enum Phase {
        case open
        /// GOAWAY has been announced; the final one follows at `goAwayAt` unless sent.
        case draining(goAwayAt: NIODeadline?, until: NIODeadline)
        /// The last frame has been written; the peer may still be reading.
        case lingering(until: NIODeadline)
        case closed
    }

    let limits: HTTP2Limits
    let timeouts: HTTP2Timeouts
    let resources: EventLoopResources
    let session: Session
    let role: any HTTP2Role
    private(set) var phase = Phase.open
    private(set) var context: ChannelHandlerContext?
    private var spareEvents: [SessionEvent] = []
    private var isReading = false
    private var isPumping = false
    private var isPumpScheduled = false
    private var isWritable = true
    private var inputIsClosed = false

    // Times.
    private var startedAt: NIODeadline
    private(set) var now: NIODeadline
    private var settingsReceived = false
    private var settingsAcknowledged = false
    private var lastReadAt: NIODeadline
    private var unwritableSince: NIODeadline?
    private var pingSentAt: NIODeadline?
    private var timer: ConnectionTimer?

    init(
        role: any HTTP2Role, side: SessionRecorder.Role, limits: HTTP2Limits,
        timeouts: HTTP2Timeouts, resources: EventLoopResources
    ) {
        self.role = role
        self.limits = limits
        self.timeouts = timeouts
        self.resources = resources
        now = resources.loop.now
        startedAt = now
        lastReadAt = now
        session = Session(
            role: side, limits: limits, openStreams: resources.openStreams, now: now)
    }

    var recorder: SessionRecorder { session.recorder }

    var isOpen: Bool { if case .open = phase { true } else { false } }

    /// Whether nothing more is sent or received.
    var isOver: Bool {
        switch phase {
        case .open, .draining: false
        case .lingering, .closed: true
        }
    }

    // MARK: Channel

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    package func channelActive(context: ChannelHandlerContext) {
        begin()
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch phase {
        case .open, .draining: break
        case .lingering, .closed: return
        }
        now = resources.loop.now
        lastReadAt = now
        pingSentAt = nil
        isReading = true
        if !session.receive(bytes, now: now) { recorder.violate(.internalError) }
        process()
        session.consumeConnection(recorder.unconsumedBytes)
        recorder.unconsumedBytes = 0
        if recorder.headerBlockStartedAt != nil { arm(now + TimeAmount(timeouts.headerBlock)) }
        if !recorder.streams.isEmpty { watchSilence() }
        if let violation = recorder.violation { fail(violation) }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        pump()
        context.fireChannelReadComplete()
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            unwritableSince = nil
            pump()
        } else {
            now = resources.loop.now
            unwritableSince = now
            arm(now + TimeAmount(timeouts.writeInterval))
        }
        context.fireChannelWritabilityChanged()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            inputWasClosed()
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Life

    private func begin() {
        guard timer == nil else { return }
        timer = ConnectionTimer(resources.loop) { [unowned self] in
            now = resources.loop.now
            return sweep()
        }
        now = resources.loop.now
        startedAt = now
        lastReadAt = now
        role.began(self)
        arm(now + TimeAmount(timeouts.preface))
        pump()
    }

    /// Asks the peer to open no more streams, and ends when those open have ended.
    ///
    /// - Parameter grace: How long those may take; `timeouts.drain` when nil.
    package func drain(grace: Duration? = nil) {
        guard isOpen else { return }
        now = resources.loop.now
        session.submitShutdownNotice()
        session.submitPing(Self.goAwayPing)
        let goAwayAt = now + TimeAmount(timeouts.goAwayRoundTrip)
        let until = now + TimeAmount(grace ?? timeouts.drain)
        phase = .draining(goAwayAt: goAwayAt, until: until)
        role.drainBegan(self)
        arm(min(goAwayAt, until))
        schedulePump()
    }

    private static let goAwayPing: UInt64 = 0x7465_6c6c_6572_0001
    private static let keepalivePing: UInt64 = 0x7465_6c6c_6572_0002

    private func sendFinalGoAway() {
        guard case .draining(.some, let until) = phase else { return }
        phase = .draining(goAwayAt: nil, until: until)
        session.submitGoAway()
        arm(until)
        schedulePump()
    }

    /// The peer sends no more. What it asked for whole is still answered.
    private func inputWasClosed() {
        inputIsClosed = true
        for stream in recorder.streams.all where !stream.inputEnded {
            session.reset(stream, .cancel)
        }
        switch phase {
        case .open:
            now = resources.loop.now
            let until = now + TimeAmount(timeouts.drain)
            phase = .draining(goAwayAt: nil, until: until)
            role.drainBegan(self)
            session.submitGoAway()
            arm(until)
            schedulePump()
        case .draining:
            schedulePump()
        case .lingering, .closed:
            context?.close(promise: nil)
        }
    }

    /// Ends the connection with a GOAWAY that names `code`.
    func fail(_ code: HTTP2ErrorCode) {
        switch phase {
        case .open, .draining: break
        case .lingering, .closed: return
        }
        session.terminate(code)
        pump()
        linger()
    }

    /// Lets the peer read the last frame before the socket is closed: closing at once, with
    /// unread input, would make the kernel discard it.
    private func linger() {
        switch phase {
        case .open, .draining: break
        case .lingering, .closed: return
        }
        let until = resources.loop.now + TimeAmount(timeouts.linger)
        phase = .lingering(until: until)
        closeStreams()
        guard let context else { return }
        if inputIsClosed {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete {
                _ in context.close(promise: nil)
            }
        } else {
            arm(until)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete {
                _ in context.close(mode: .output, promise: nil)
            }
        }
    }

    private func closeStreams() {
        for stream in recorder.streams.all.sorted(by: { $0.id < $1.id }) {
            recorder.streamClosed(streamID: stream.id, code: .cancel)
        }
        process()
    }

    private func end() {
        if case .closed = phase { return }
        phase = .closed
        timer?.cancel()
        timer = nil
        closeStreams()
        role.ended(self)
        context = nil
    }

    // MARK: Events

    /// Acts on what nghttp2 has reported. nghttp2 is not running now.
    private func process() {
        while !recorder.events.isEmpty {
            swap(&recorder.events, &spareEvents)
            for event in spareEvents { act(on: event) }
            spareEvents.removeAll(keepingCapacity: spareEvents.capacity <= 64)
        }
    }

    private func act(on event: SessionEvent) {
        switch event {
        case .settings:
            settingsReceived = true
            if !settingsAcknowledged {
                arm(startedAt + TimeAmount(timeouts.settingsAcknowledgement))
            }
            role.handle(event, self)
        case .settingsAcknowledged:
            settingsAcknowledged = true
        case .pingAcknowledged(Self.goAwayPing):
            sendFinalGoAway()
        case .pingAcknowledged:
            pingSentAt = nil
        case .trailersDue(let stream):
            session.submitTrailers(stream)
        case .answeredEarly(let stream):
            // The peer gets time to read the answer and stop by itself: some clients take even
            // NO_ERROR for a failure when they have not.
            stream.cancelAt = now + TimeAmount(timeouts.linger)
            arm(now + TimeAmount(timeouts.linger))
        case .drained(let stream):
            stream.observer?.streamDrained(stream)
        case .head, .data, .end, .closed, .goAway:
            role.handle(event, self)
        }
    }

    // MARK: Output

    /// Sends what is due: now when this turn of the loop is not about to, else with the rest.
    func schedulePump() {
        guard !isReading, !isPumping, !isPumpScheduled else { return }
        isPumpScheduled = true
        resources.loop.assumeIsolated().execute {
            self.isPumpScheduled = false
            self.pump()
        }
    }

    /// Moves frames from nghttp2 to the socket while it takes them.
    private func pump() {
        guard !isPumping, context != nil else { return }
        switch phase {
        case .open, .draining: break
        case .lingering, .closed: return
        }
        isPumping = true
        now = resources.loop.now
        var isSound = true
        while isSound {
            let wrote = writeOnce(&isSound)
            process()
            if !wrote { break }
        }
        isPumping = false
        if let violation = recorder.violation, isSound {
            recorder.violation = nil
            fail(violation)
        } else if !isSound || !session.isActive {
            linger()
        } else {
            watchOutput()
        }
    }

    /// - Returns: Whether anything was written.
    private func writeOnce(_ isSound: inout Bool) -> Bool {
        guard isWritable, let context else { return false }
        resources.scratch.clear()
        isSound = session.send(
            into: &resources.scratch, bytesMax: limits.outboundBufferBytesMax, now: now)
        guard resources.scratch.readableBytes > 0 else { return false }
        context.writeAndFlush(wrapOutboundOut(resources.scratch), promise: nil)
        return true
    }

    /// Begins to time the streams whose output waits for the peer.
    private func watchOutput() {
        guard recorder.outputBytes > 0 else { return }
        if inputIsClosed, isWritable {
            // Only the peer could open its windows, and it says nothing more.
            for stream in recorder.streams.all where stream.output.bytes > 0 {
                session.reset(stream, .cancel)
            }
            schedulePump()
            return
        }
        for stream in recorder.streams.all
        where stream.output.bytes > 0 && stream.outputTimes == nil {
            stream.outputTimes = ProgressTimes(now: now, bytes: stream.output.sentBytes)
        }
        arm(now + TimeAmount(timeouts.writeInterval))
    }

    // MARK: Time

    /// Sees to it that `sweep` runs at `deadline` or before.
    func arm(_ deadline: NIODeadline) { timer?.arm(deadline) }

    /// Acts on times that have passed and returns the next one.
    private func sweep() -> NIODeadline? {
        var next: NIODeadline?
        /// Whether `deadline` has passed; if not it counts for `next`.
        func isPast(_ deadline: NIODeadline) -> Bool {
            if deadline <= now { return true }
            next = min(next ?? deadline, deadline)
            return false
        }
        switch phase {
        case .closed:
            return nil
        case .lingering(let until):
            if isPast(until) { context?.close(promise: nil) }
            return next
        case .draining(let goAwayAt, let until):
            if let goAwayAt, isPast(goAwayAt) { sendFinalGoAway() }
            if isPast(until) {
                fail(.noError)
                return nil
            }
        case .open:
            break
        }
        if !settingsReceived, isPast(startedAt + TimeAmount(timeouts.preface)) {
            fail(.settingsTimeout)
            return nil
        }
        if !settingsAcknowledged,
            isPast(startedAt + TimeAmount(timeouts.settingsAcknowledgement))
        {
            fail(.settingsTimeout)
            return nil
        }
        if let startedAt = recorder.headerBlockStartedAt,
            isPast(startedAt + TimeAmount(timeouts.headerBlock))
        {
            fail(.enhanceYourCalm)
            return nil
        }
        if let unwritableSince, isPast(unwritableSince + TimeAmount(timeouts.writeInterval)) {
            context?.close(promise: nil)
            return nil
        }
        if !keepAlive(isPast) { return nil }
        if let roleNext = role.sweep(now: now, self) { _ = isPast(roleNext) }
        return next
    }

    /// Sees to it that a silent peer is noticed: at once when it has been silent long enough.
    func watchSilence() { arm(lastReadAt + TimeAmount(timeouts.keepaliveInterval)) }

    /// Sends a PING when the peer has been silent although streams are open.
    ///
    /// - Returns: false when the peer is gone.
    private func keepAlive(_ isPast: (NIODeadline) -> Bool) -> Bool {
        guard !recorder.streams.isEmpty else { return true }
        if let pingSentAt {
            guard isPast(pingSentAt + TimeAmount(timeouts.keepaliveAcknowledgement)) else {
                return true
            }
            context?.close(promise: nil)
            return false
        }
        if isPast(lastReadAt + TimeAmount(timeouts.keepaliveInterval)) {
            pingSentAt = now
            session.submitPing(Self.keepalivePing)
            _ = isPast(now + TimeAmount(timeouts.keepaliveAcknowledgement))
            schedulePump()
        }
        return true
    }
}
