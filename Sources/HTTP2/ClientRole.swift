// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore

/// The client's end: opens streams within the server's limit and hands responses to their calls.
final class ClientRole: HTTP2Role {
    /// Streams opened before the server has named its limit.
    private static let streamsBeforeSettings = 100

    private let authority: String
    private let scheme: String
    private let callsWaitingMax: Int
    private let ended: () -> Void
    private var waiting: [(call: ClientCall, request: HTTP2CallRequest)] = []
    private var streamsMax = ClientRole.streamsBeforeSettings
    private var isEnding = false

    init(
        authority: String, scheme: String, callsWaitingMax: Int, ended: @escaping () -> Void
    ) {
        self.authority = authority
        self.scheme = scheme
        self.callsWaitingMax = callsWaitingMax
        self.ended = ended
    }

    // MARK: Calls

    func start(_ call: ClientCall, _ request: HTTP2CallRequest, _ connection: HTTP2Connection) {
        guard !call.isDone else { return }
        if isEnding || !connection.isOpen {
            call.finish(HTTP2CallError(.notProcessed))
        } else if connection.recorder.streams.count < streamsMax, waiting.isEmpty {
            open(call, request, connection)
        } else if waiting.count < callsWaitingMax {
            waiting.append((call, request))
        } else {
            call.finish(HTTP2CallError(.queueFull))
        }
    }

    private func open(
        _ call: ClientCall, _ request: HTTP2CallRequest, _ connection: HTTP2Connection
    ) {
        var headers = HTTPHeaders()
        headers.add(":method", request.method)
        headers.add(":scheme", scheme)
        headers.add(":authority", authority)
        headers.add(":path", request.path)
        headers.add(contentsOf: request.headers)
        if !request.body.isEmpty { headers.add("content-length", String(request.body.count)) }
        guard
            let stream = connection.session.submitRequest(headers: headers, body: request.body)
        else {
            // The stream ids are used up, or a GOAWAY has been read.
            call.finish(HTTP2CallError(.notProcessed))
            end(connection)
            return
        }
        call.opened(stream, on: connection)
        connection.watchSilence()
        connection.schedulePump()
    }

    private func openWaiting(_ connection: HTTP2Connection) {
        while !waiting.isEmpty, connection.recorder.streams.count < streamsMax, !isEnding {
            let (call, request) = waiting.removeFirst()
            if !call.isDone { open(call, request, connection) }
        }
    }

    /// Takes no more calls.
    private func end(_ connection: HTTP2Connection) {
        isEnding = true
        let calls = waiting
        waiting = []
        for (call, _) in calls { call.finish(HTTP2CallError(.notProcessed)) }
        ended()
    }

    // MARK: Role

    func began(_ connection: HTTP2Connection) {}

    func drainBegan(_ connection: HTTP2Connection) { end(connection) }

    func ended(_ connection: HTTP2Connection) { end(connection) }

    func handle(_ event: SessionEvent, _ connection: HTTP2Connection) {
        switch event {
        case .settings:
            streamsMax = connection.session.peerConcurrentStreamsMax
            openWaiting(connection)
        case .head(let stream):
            headArrived(stream, connection)
        case .data(let stream):
            stream.hasNewData = false
            (stream.observer as? ClientCall)?.dataArrived()
        case .end(let stream):
            if !isRefused(stream, connection) {
                (stream.observer as? ClientCall)?.responseEnded()
            }
        case .closed(let stream, let code):
            // What no one will read must not keep the connection's window small.
            connection.session.consumeConnection(stream.unconsumedBytes)
            stream.unconsumedBytes = 0
            stream.observer?.streamClosed(stream, code)
            stream.observer = nil
            openWaiting(connection)
        case .goAway:
            end(connection)
        default:
            break
        }
    }

    private func headArrived(_ stream: HTTP2Stream, _ connection: HTTP2Connection) {
        if isRefused(stream, connection) { return }
        if stream.status < 200 {
            // An interim response (RFC 9110 section 15.2); the real one follows.
            stream.status = 0
            stream.headers = HTTPHeaders()
        } else {
            (stream.observer as? ClientCall)?.headArrived()
        }
    }

    private func isRefused(_ stream: HTTP2Stream, _ connection: HTTP2Connection) -> Bool {
        guard stream.refusal != nil else { return false }
        connection.session.reset(stream, .cancel)
        connection.schedulePump()
        (stream.observer as? ClientCall)?.finish(HTTP2CallError(.responseTooLarge))
        return true
    }

    func sweep(now: NIODeadline, _ connection: HTTP2Connection) -> NIODeadline? {
        var sweep = StreamSweep(now: now, timeouts: connection.timeouts)
        for stream in connection.recorder.streams.all {
            if let code = sweep.check(stream) {
                connection.session.reset(stream, code)
                connection.schedulePump()
            }
        }
        return sweep.next
    }
}

extension HTTP2Connection {
    /// The reader of a response has taken bytes, which gives the server leave to send more.
    func taken(from stream: HTTP2Stream) {
        let unconsumed = stream.unconsumedBytes
        session.consumeStream(stream)
        session.consumeConnection(unconsumed)
        schedulePump()
    }
}
