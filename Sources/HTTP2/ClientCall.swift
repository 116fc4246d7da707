// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore

/// One call on its way, between the caller's task and the event loop.
///
///     waiting ─ stream opened ─▶ sent ─ head ─▶ body ─ end ─▶ done
///        └───────────┴──── error, cancel ─┴───────┴─────────▶ done
///
/// - Note: `@unchecked Sendable`: everything is touched on the event loop only; calls from
///   elsewhere hop there.
final class ClientCall: StreamObserver, @unchecked Sendable {
    typealias Head = Result<(Int, HTTPHeaders), HTTP2CallError>
    typealias Part = Result<[UInt8]?, HTTP2CallError>

    private let loop: any EventLoop
    private var connection: HTTP2Connection?
    private var stream: HTTP2Stream?
    private var headReader: CheckedContinuation<Head, Never>?
    private var partReader: CheckedContinuation<Part, Never>?
    private var receivedTrailers: HTTPHeaders?
    /// How the call ended; nil while it has not. An error of nil is a good end.
    private var end: HTTP2CallError??
    /// Body bytes left behind by a stream that has closed.
    private var rest: [UInt8] = []

    init(loop: any EventLoop) { self.loop = loop }

    var isDone: Bool { end != nil }

    private func onLoop(_ body: @escaping @Sendable (ClientCall) -> Void) {
        if loop.inEventLoop {
            body(self)
        } else {
            loop.execute { body(self) }
        }
    }

    // MARK: The caller's side

    func waitForHead(_ reader: CheckedContinuation<Head, Never>) {
        if case .some(let error) = end {
            reader.resume(returning: .failure(error ?? HTTP2CallError(.notProcessed)))
        } else {
            headReader = reader
        }
    }

    func waitForPart(_ reader: CheckedContinuation<Part, Never>) {
        onLoop { call in
            precondition(call.partReader == nil, "a response has one reader at a time")
            call.partReader = reader
            call.deliverPart()
        }
    }

    func trailers() async -> HTTPHeaders? {
        await withCheckedContinuation { continuation in
            onLoop { continuation.resume(returning: $0.receivedTrailers) }
        }
    }

    func cancel() {
        onLoop { call in
            guard !call.isDone else { return }
            if let stream = call.stream, let connection = call.connection {
                connection.session.reset(stream, .cancel)
                connection.schedulePump()
            }
            call.finish(HTTP2CallError(.cancelled))
        }
    }

    // MARK: The connection's side

    /// The request has been submitted.
    func opened(_ stream: HTTP2Stream, on connection: HTTP2Connection) {
        self.stream = stream
        self.connection = connection
        stream.observer = self
    }

    func headArrived() {
        guard let stream, let reader = headReader else { return }
        headReader = nil
        reader.resume(returning: .success((stream.status, stream.headers)))
        stream.headers = HTTPHeaders()
    }

    func dataArrived() { deliverPart() }

    func responseEnded() {
        headArrived()
        receivedTrailers = stream?.trailers
        finish(nil)
    }

    /// Ends the call; whoever waits learns of it.
    func finish(_ error: HTTP2CallError?) {
        guard !isDone else { return }
        end = .some(error)
        if let stream, let connection {
            rest = connection.recorder.releaseBody(of: stream)
            if error != nil { rest = [] }
        }
        stream?.observer = nil
        stream = nil
        connection = nil
        headReader?.resume(returning: .failure(error ?? HTTP2CallError(.connectionLost)))
        headReader = nil
        deliverPart()
    }

    private func deliverPart() {
        guard let reader = partReader else { return }
        if let stream, let connection, !stream.body.isEmpty {
            partReader = nil
            let part = connection.recorder.releaseBody(of: stream)
            connection.taken(from: stream)
            reader.resume(returning: .success(part))
        } else if !rest.isEmpty {
            partReader = nil
            reader.resume(returning: .success(rest))
            rest = []
        } else if case .some(let error) = end {
            partReader = nil
            reader.resume(returning: error.map { .failure($0) } ?? .success(nil))
        }
    }

    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard !isDone else { return }
        if !stream.wasSent || code == .refusedStream {
            finish(HTTP2CallError(.notProcessed))
        } else if connection?.isOver == true {
            finish(HTTP2CallError(.connectionLost))
        } else {
            finish(HTTP2CallError(.reset(code)))
        }
    }

    func streamDrained(_ stream: HTTP2Stream) {}
}
