// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import NIOCore
import NIOHTTP1

/// One request's way back over HTTP/1.1.
///
/// - Note: `@unchecked Sendable`: everything mutable is touched on the connection's event loop
///   only; calls from elsewhere hop there.
final class HTTP1Exchange: HandledExchange, @unchecked Sendable {
    private enum Progress { case nothing, body, sent, closed }

    private let connection: HTTP1Connection
    private let loop: any EventLoop
    private let version: HTTPMessages.HTTPVersion
    private let isHead: Bool
    private(set) var keepsAlive: Bool
    private(set) var cancelAt: NIODeadline?
    private var progress = Progress.nothing
    private var task: Task<Void, Never>?
    private var handlerHasReturned = false
    private var waitingWriter: CheckedContinuation<Bool, Never>?

    init(
        _ connection: HTTP1Connection, loop: any EventLoop, version: HTTPMessages.HTTPVersion,
        isHead: Bool,
        keepsAlive: Bool
    ) {
        self.connection = connection
        self.loop = loop
        self.version = version
        self.isHead = isHead
        self.keepsAlive = keepsAlive
    }

    private func onLoop(_ body: @escaping @Sendable (HTTP1Exchange) -> Void) {
        if loop.inEventLoop {
            body(self)
        } else {
            loop.execute { body(self) }
        }
    }

    // MARK: The handler's task

    func began(_ task: Task<Void, Never>?) {
        if !handlerHasReturned { self.task = task }
    }

    func handlerReturned() {
        handlerHasReturned = true
        task = nil
        // A handler that did not finish its response must not leave its peer waiting.
        if progress == .nothing || progress == .body { connection.abort(self) }
    }

    func cancelTask() {
        cancelAt = nil
        task?.cancel()
        resumeWriter(false)
    }

    func cancel(after duration: Duration) {
        onLoop { exchange in
            let deadline = exchange.loop.now + TimeAmount(duration)
            exchange.cancelAt = deadline
            exchange.connection.arm(deadline)
        }
    }

    // MARK: The response

    func respond(_ response: HTTPResponse) {
        onLoop { exchange in
            guard exchange.progress == .nothing else { return }
            let isBodiless = response.status == 204 || response.status == 304
            exchange.writeHead(
                response.status, response.headers,
                contentBytes: isBodiless ? nil : response.body.count,
                isChunked: response.trailers != nil)
            if !exchange.isHead, !isBodiless, !response.body.isEmpty {
                exchange.connection.write(
                    .body(.byteBuffer(ByteBuffer(bytes: response.body))), flush: false)
            }
            exchange.writeEnd(response.trailers)
        }
    }

    func begin(status: Int, headers: HTTPMessages.HTTPHeaders) {
        onLoop { exchange in
            guard exchange.progress == .nothing else { return }
            exchange.writeHead(status, headers, contentBytes: nil, isChunked: true)
            exchange.progress = .body
            exchange.connection.write(.body(.byteBuffer(ByteBuffer())), flush: true)
        }
    }

    func write(_ bytes: [UInt8]) async throws(HTTPStreamClosed) {
        let isOpen = await withCheckedContinuation { continuation in
            onLoop { $0.write(bytes, continuation) }
        }
        if !isOpen || Task.isCancelled { throw HTTPStreamClosed() }
    }

    private func write(_ bytes: [UInt8], _ writer: CheckedContinuation<Bool, Never>) {
        guard progress == .body, waitingWriter == nil else {
            writer.resume(returning: false)
            return
        }
        if !isHead, !bytes.isEmpty {
            connection.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))), flush: true)
        }
        if connection.isWritable {
            writer.resume(returning: true)
        } else {
            waitingWriter = writer
        }
    }

    func finish(trailers: HTTPMessages.HTTPHeaders?) {
        onLoop { exchange in
            guard exchange.progress == .body else { return }
            exchange.writeEnd(trailers)
        }
    }

    private func writeHead(
        _ status: Int, _ fields: HTTPMessages.HTTPHeaders, contentBytes: Int?, isChunked: Bool
    ) {
        var headers = NIOHTTP1.HTTPHeaders()
        for (name, value) in fields { headers.add(name: name, value: value) }
        if isChunked, version == .http1_0 { keepsAlive = false }
        if let contentBytes, !isChunked {
            headers.add(name: "content-length", value: String(contentBytes))
        } else if isChunked, version == .http1_1 {
            headers.add(name: "transfer-encoding", value: "chunked")
        }
        if connection.isDraining { keepsAlive = false }
        if !keepsAlive {
            headers.add(name: "connection", value: "close")
        } else if version == .http1_0 {
            headers.add(name: "connection", value: "keep-alive")
        }
        let head = HTTPResponseHead(
            version: version == .http1_0 ? .http1_0 : .http1_1,
            status: HTTPResponseStatus(statusCode: status), headers: headers)
        connection.write(.head(head), flush: false)
    }

    private func writeEnd(_ trailers: HTTPMessages.HTTPHeaders?) {
        var fields: NIOHTTP1.HTTPHeaders?
        if let trailers {
            var headers = NIOHTTP1.HTTPHeaders()
            for (name, value) in trailers { headers.add(name: name, value: value) }
            fields = headers
        }
        progress = .sent
        connection.write(.end(fields), flush: true)
        connection.sent(self)
    }

    // MARK: The connection

    /// The socket takes more.
    func drained() { resumeWriter(true) }

    func closed() {
        progress = .closed
        task?.cancel()
        task = nil
        resumeWriter(false)
    }

    private func resumeWriter(_ isOpen: Bool) {
        waitingWriter?.resume(returning: isOpen)
        waitingWriter = nil
    }
}
