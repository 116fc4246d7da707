// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
import NIOCore

/// What the transport answers by itself, before a handler has been asked: 400, 413, 431, 503.
package typealias HTTPRefusal = @Sendable (_ status: Int) -> HTTPResponse

extension HTTP2Connection {
    /// A connection that answers requests.
    ///
    /// - Parameters:
    ///   - refusal: Makes the response to a request that is refused without asking `handler`.
    ///   - resources: Those of the event loop the channel runs on.
    package convenience init(
        serving handler: any HTTPHandler, refusal: @escaping HTTPRefusal, info: HTTPConnectionInfo,
        limits: HTTP2Limits, timeouts: HTTP2Timeouts, resources: EventLoopResources
    ) {
        self.init(
            role: ServerRole(handler: handler, refusal: refusal, info: info), side: .server,
            limits: limits, timeouts: timeouts, resources: resources)
    }
}

/// The server's end: assembles requests, runs their handlers and holds peers to their limits.
final class ServerRole: HTTP2Role {
    private let handler: any HTTPHandler
    private let refusal: HTTPRefusal
    private let info: HTTPConnectionInfo
    private var idleSince: NIODeadline?
    private var drainAt: NIODeadline?
    /// Handlers that have not returned; those of streams that were reset count too.
    private var handlersRunning = 0

    init(handler: any HTTPHandler, refusal: @escaping HTTPRefusal, info: HTTPConnectionInfo) {
        self.handler = handler
        self.refusal = refusal
        self.info = info
    }

    // MARK: Life

    func began(_ connection: HTTP2Connection) {
        idleSince = connection.now
        connection.arm(connection.now + TimeAmount(connection.timeouts.idle))
        if let ageMax = connection.timeouts.ageMax {
            let share = Double.random(in: 1 - connection.timeouts.ageJitter...1)
            drainAt = connection.now + TimeAmount(ageMax * share)
        }
    }

    func drainBegan(_ connection: HTTP2Connection) { drainAt = nil }

    func ended(_ connection: HTTP2Connection) {}

    // MARK: Events

    func handle(_ event: SessionEvent, _ connection: HTTP2Connection) {
        switch event {
        case .head(let stream):
            headArrived(stream, connection)
        case .data(let stream):
            dataArrived(stream, connection)
        case .end(let stream):
            requestArrived(stream, connection)
        case .closed(let stream, let code):
            stream.observer?.streamClosed(stream, code)
            stream.observer = nil
            if connection.recorder.streams.isEmpty {
                idleSince = connection.now
                connection.arm(connection.now + TimeAmount(connection.timeouts.idle))
            }
        default:
            break
        }
    }

    private func headArrived(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        guard !stream.isClosed, connection.recorder.isSound else { return }
        if let declared = stream.declaredBodyBytes, declared > connection.limits.bodyBytesMax {
            connection.recorder.refuse(stream, .bodyTooLarge)
        }
        if stream.refusal != nil {
            refuse(stream, connection)
            return
        }
        if stream.expectsContinue { connection.session.submitContinue(stream) }
        stream.inputTimes = ProgressTimes(now: connection.now, bytes: 0)
        connection.arm(connection.now + TimeAmount(connection.timeouts.bodyInterval))
    }

    private func dataArrived(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        stream.hasNewData = false
        guard !stream.isClosed, !stream.inputEnded else { return }
        if stream.refusal != nil {
            refuse(stream, connection)
        } else {
            connection.session.consumeStream(stream)
        }
    }

    private func requestArrived(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        // A peer that has just broken a rule or a limit is not worked for.
        guard !stream.isClosed, connection.recorder.isSound else { return }
        stream.inputTimes = nil
        if stream.refusal != nil {
            refuse(stream, connection)
        } else if handlersRunning >= connection.limits.handlersMax
            || connection.recorder.outputBytes > connection.limits.connectionWriteBufferBytesMax
        {
            connection.session.reset(stream, .refusedStream)
        } else {
            run(stream, connection)
        }
    }

    private func run(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        let request = HTTPRequest(
            method: stream.method, path: stream.path, headers: stream.headers,
            body: connection.recorder.releaseBody(of: stream), connection: info)
        stream.headers = HTTPHeaders()
        let exchange = HTTP2Exchange(stream, connection, self)
        stream.observer = exchange
        handlersRunning += 1
        let task = connection.resources.run(handler, request, exchange)
        exchange.began(task)
    }

    func handlerReturned() { handlersRunning -= 1 }

    /// Answers a request that is not wanted, at once; the rest of it is dropped.
    private func refuse(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        guard !stream.output.hasBegun, let reason = stream.refusal else { return }
        stream.inputTimes = nil
        connection.respond(stream, refusal(reason.rawValue))
    }

    // MARK: Time

    func sweep(now: NIODeadline, _ connection: HTTP2Connection) -> NIODeadline? {
        var sweep = StreamSweep(now: now, timeouts: connection.timeouts)
        for stream in connection.recorder.streams.all {
            if let code = sweep.check(stream) {
                connection.session.reset(stream, code)
                connection.schedulePump()
            } else if sweep.isPast(stream.cancelAt) {
                stream.cancelAt = nil
                timeIsUp(stream, connection)
            }
        }
        if connection.recorder.streams.isEmpty, let idleSince,
            sweep.isPast(idleSince + TimeAmount(connection.timeouts.idle))
        {
            connection.drain()
        }
        if let drainAt, sweep.isPast(drainAt) { connection.drain() }
        return sweep.next
    }

    private func timeIsUp(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        if stream.output.isDone, !stream.inputEnded {
            // Answered before its body had come (RFC 9113 section 8.1).
            connection.session.reset(stream, .noError)
            connection.schedulePump()
        } else {
            (stream.observer as? HTTP2Exchange)?.cancelTask()
        }
    }
}

/// One look at the times of a connection's streams.
struct StreamSweep {
    let now: NIODeadline
    let timeouts: HTTP2Timeouts
    private(set) var next: NIODeadline?

    init(now: NIODeadline, timeouts: HTTP2Timeouts) {
        self.now = now
        self.timeouts = timeouts
    }

    /// Whether `deadline` has passed; if not it counts for `next`.
    mutating func isPast(_ deadline: NIODeadline?) -> Bool {
        guard let deadline else { return false }
        if deadline <= now { return true }
        next = min(next ?? deadline, deadline)
        return false
    }

    /// - Returns: The error with which to reset a stream that is too slow, nil for a good one.
    mutating func check(_ stream: HTTP2Stream) -> HTTP2ErrorCode? {
        if isTooSlow(
            &stream.inputTimes, bytes: stream.bodyBytes, bytesMin: timeouts.bodyBytesPerIntervalMin,
            interval: timeouts.bodyInterval, total: timeouts.body)
        {
            return .cancel
        }
        if isTooSlow(
            &stream.outputTimes, bytes: stream.output.sentBytes,
            bytesMin: timeouts.writeBytesPerIntervalMin,
            interval: timeouts.writeInterval, total: timeouts.write)
        {
            return .cancel
        }
        return nil
    }

    private mutating func isTooSlow(
        _ times: inout ProgressTimes?, bytes: Int, bytesMin: Int, interval: Duration,
        total: Duration
    ) -> Bool {
        guard var current = times else { return false }
        if isPast(current.startedAt + TimeAmount(total)) { return true }
        if isPast(current.intervalStartedAt + TimeAmount(interval)) {
            if bytes - current.intervalBytes < bytesMin { return true }
            current.intervalStartedAt = now
            current.intervalBytes = bytes
            _ = isPast(now + TimeAmount(interval))
            times = current
        }
        return false
    }
}
