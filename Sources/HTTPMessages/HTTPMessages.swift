// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A request method this service distinguishes.
package enum HTTPMethod: Sendable, Equatable {
    case get, head, post
    case other(String)
}

/// The version a request arrived over.
package enum HTTPVersion: Sendable, Equatable {
    case http1_0, http1_1, http2
}

/// A whole request: the transport hands one up only when its last byte has arrived.
///
/// An object, because it is handed through many hands: each takes one reference, not five.
package final class HTTPRequest: Sendable {
    package let method: HTTPMethod
    /// The path without the query, as sent (`/rpc`).
    package let path: String
    package let headers: HTTPHeaders
    /// The whole body; its size has been held to the transport's limit.
    package let body: [UInt8]
    package let connection: HTTPConnectionInfo

    package init(
        method: HTTPMethod,
        path: String,
        headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = [],
        connection: HTTPConnectionInfo
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.connection = connection
    }
}

/// What is known of the connection a request came over; one object for all its requests.
package final class HTTPConnectionInfo: Sendable {
    /// Unique in this process; for limits and logs.
    package let id: UInt64
    package let version: HTTPVersion
    /// The peer's IP address without port, or `unix` or `in-process`.
    package let remoteAddress: String
    package let isEncrypted: Bool
    /// The subject (RFC 4514 text) of the verified client certificate; nil without one.
    package let clientCertificateSubject: String?

    /// The handler's books on this connection; the transport leaves them alone.
    package let callsInFlight = ConnectionCounter()
    package let streamsOpen = ConnectionCounter()

    package init(
        id: UInt64,
        version: HTTPVersion,
        remoteAddress: String,
        isEncrypted: Bool,
        clientCertificateSubject: String?
    ) {
        self.id = id
        self.version = version
        self.remoteAddress = remoteAddress
        self.isEncrypted = isEncrypted
        self.clientCertificateSubject = clientCertificateSubject
    }
}

/// A count that several threads keep together.
package final class ConnectionCounter: Sendable {
    private let value = Atomic<Int>(0)

    package init() {}

    /// Adds one and returns the new count.
    package func increment() -> Int { value.add(1, ordering: .relaxed).newValue }

    package func decrement() { value.subtract(1, ordering: .relaxed) }

    package var count: Int { value.load(ordering: .relaxed) }
}

/// A whole response.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// Trailing fields; gRPC carries its status in them. nil for none.
    package var trailers: HTTPHeaders?

    package init(
        status: Int,
        headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = [],
        trailers: HTTPHeaders? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }
}

/// The rest of an answer that can't be given at once.
package typealias HTTPWork = @Sendable () async -> Void

/// Answers requests, exactly once each, through their exchanges.
package protocol HTTPHandler: Sendable {
    /// Answers `request`, or returns what does.
    ///
    /// The transport calls it on the connection's event loop, so that what needs no waiting costs
    /// no task: a refusal, a probe. What is returned runs in a task of its own on that loop, which
    /// is cancelled when the stream closes or the time set by `cancel(after:)` is up; it must
    /// answer then, too.
    func begin(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPWork?

    /// Answers `request`, waiting as long as it takes.
    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async
}

extension HTTPHandler {
    package func begin(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPWork? {
        { await self.handle(request, exchange) }
    }
}

/// One request's way back to its peer. Calls after the stream has closed do nothing.
package protocol HTTPExchange: Sendable {
    /// Sends a whole response.
    func respond(_ response: HTTPResponse)

    /// Begins a streamed response. `write` and `finish` follow.
    func begin(status: Int, headers: HTTPHeaders)

    /// Sends a part of a streamed response and returns once the peer has taken enough of what
    /// was sent before: this is the backpressure, and at most the transport's outbound limit is
    /// held in memory.
    ///
    /// - Throws: `HTTPStreamClosed` when the peer is gone or too slow.
    func write(_ bytes: [UInt8]) async throws(HTTPStreamClosed)

    /// Ends a streamed response.
    func finish(trailers: HTTPHeaders?)

    /// Cancels the handler's task after `duration` unless it has ended; a later call replaces an
    /// earlier one.
    func cancel(after duration: Duration)
}

/// The stream closed before the response was complete.
package struct HTTPStreamClosed: Error, Equatable {
    package init() {}
}
