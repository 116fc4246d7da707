// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore

/// One request's way back over HTTP/2.
///
/// - Note: `@unchecked Sendable`: everything is touched on the connection's event loop only;
///   calls from elsewhere hop there.
final class HTTP2Exchange: HandledExchange, StreamObserver, @unchecked Sendable {
    private let stream: HTTP2Stream
    private let connection: HTTP2Connection
    private let role: ServerRole
    private let loop: any EventLoop
    private var task: Task<Void, Never>?
    private var handlerHasReturned = false
    private var waitingWriter: CheckedContinuation<Bool, Never>?

    init(_ stream: HTTP2Stream, _ connection: HTTP2Connection, _ role: ServerRole) {
        self.role = role
        self.stream = stream
        self.connection = connection
        loop = connection.resources.loop
    }

    private func onLoop(_ body: @escaping @Sendable (HTTP2Exchange) -> Void) {
        if loop.inEventLoop {
            body(self)
        } else {
            loop.execute { body(self) }
        }
    }

    // MARK: The handler's task

    /// Keeps the task unless it has already ended, as it has when the handler never waited.
    func began(_ task: Task<Void, Never>?) {
        if !handlerHasReturned { self.task = task }
    }

    func handlerReturned() {
        handlerHasReturned = true
        task = nil
        role.handlerReturned()
        // A handler that answered nothing must not leave its peer waiting.
        if !stream.isClosed, !stream.output.hasBegun {
            connection.session.reset(stream, .internalError)
            connection.schedulePump()
        }
    }

    func cancelTask() {
        task?.cancel()
        resumeWriter(false)
    }

    func cancel(after duration: Duration) {
        guard loop.inEventLoop else {
            loop.execute { self.cancel(after: duration) }
            return
        }
        guard !stream.isClosed else { return }
        let deadline = loop.now + TimeAmount(duration)
        stream.cancelAt = deadline
        connection.arm(deadline)
    }

    // MARK: The response

    func respond(_ response: HTTPResponse) {
        // Not through `onLoop`: its closure would cost the usual case an allocation.
        if loop.inEventLoop {
            connection.respond(stream, response)
        } else {
            loop.execute { self.connection.respond(self.stream, response) }
        }
    }

    func begin(status: Int, headers: HTTPHeaders) {
        onLoop { $0.connection.begin($0.stream, status: status, headers: headers) }
    }

    func write(_ bytes: [UInt8]) async throws(HTTPStreamClosed) {
        let isOpen = await withCheckedContinuation { continuation in
            onLoop { $0.write(bytes, continuation) }
        }
        if !isOpen || Task.isCancelled { throw HTTPStreamClosed() }
    }

    private func write(_ bytes: [UInt8], _ writer: CheckedContinuation<Bool, Never>) {
        guard connection.write(stream, bytes), waitingWriter == nil else {
            writer.resume(returning: false)
            return
        }
        if stream.output.bytes > connection.limits.streamWriteBufferBytesMax {
            stream.output.hasWaitingWriter = true
            waitingWriter = writer
        } else {
            writer.resume(returning: true)
        }
    }

    private func resumeWriter(_ isOpen: Bool) {
        waitingWriter?.resume(returning: isOpen)
        waitingWriter = nil
    }

    func finish(trailers: HTTPHeaders?) {
        onLoop { $0.connection.finish($0.stream, trailers: trailers) }
    }

    // MARK: The stream

    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        task?.cancel()
        task = nil
        resumeWriter(false)
    }

    func streamDrained(_ stream: HTTP2Stream) { resumeWriter(true) }
}

extension HTTP2Connection {
    /// Sends a whole response, unless one has begun.
    func respond(_ stream: HTTP2Stream, _ response: HTTPResponse) {
        guard !stream.isClosed, !stream.output.hasBegun else { return }
        let hasBody = stream.method != .head && !Self.isBodiless(response.status)
        if hasBody {
            stream.output.append(response.body)
            recorder.outputBytes += response.body.count
        }
        stream.output.end = response.trailers.map { .trailers($0) } ?? .body
        session.submitResponse(
            stream, status: response.status, headers: response.headers,
            contentBytes: Self.isBodiless(response.status) ? nil : response.body.count)
        schedulePump()
    }

    func begin(_ stream: HTTP2Stream, status: Int, headers: HTTPHeaders) {
        guard !stream.isClosed, !stream.output.hasBegun else { return }
        session.submitResponse(stream, status: status, headers: headers, contentBytes: nil)
        schedulePump()
    }

    /// - Returns: false when the stream takes nothing more.
    func write(_ stream: HTTP2Stream, _ bytes: [UInt8]) -> Bool {
        guard !stream.isClosed, stream.output.hasBegun, case .open = stream.output.end else {
            return false
        }
        guard stream.method != .head else { return true }
        stream.output.append(bytes)
        recorder.outputBytes += bytes.count
        session.resume(stream)
        schedulePump()
        return true
    }

    func finish(_ stream: HTTP2Stream, trailers: HTTPHeaders?) {
        guard !stream.isClosed, stream.output.hasBegun, case .open = stream.output.end else {
            return
        }
        stream.output.end = trailers.map { .trailers($0) } ?? .body
        session.resume(stream)
        schedulePump()
    }

    /// Whether a response of this status has no content (RFC 9110 section 6.4.1).
    private static func isBodiless(_ status: Int) -> Bool { status == 204 || status == 304 }
}
