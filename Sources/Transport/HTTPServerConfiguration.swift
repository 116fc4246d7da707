// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTP2

/// What an HTTP/1.1 connection may cost and how long it may take.
package struct HTTP1Limits: Sendable {
    /// Bytes of the request line and the header fields together.
    package var headBytesMax = 16 * 1024
    package var headerFieldsMax = 100
    package var bodyBytesMax = 1 << 20
    /// Message parts held while an earlier request of the connection is being answered.
    package var pipelinedPartsMax = 64
    /// Until the first request's head has arrived.
    package var head: Duration = .seconds(10)
    /// From one response to the end of the next request's head.
    package var idle: Duration = .seconds(60)
    /// From the end of the head to the end of the body.
    package var body: Duration = .seconds(60)
    /// An interval in which at least `bodyBytesPerIntervalMin` of a body must arrive.
    package var bodyInterval: Duration = .seconds(10)
    package var bodyBytesPerIntervalMin = 512
    /// The longest the peer may leave the socket full.
    package var write: Duration = .seconds(20)
    /// From the end of the peer's bytes until the response to its last request must be complete;
    /// whether it has closed one direction or has gone cannot be told.
    package var halfClosed: Duration = .seconds(30)
    /// From the last byte of the last response to closing the socket.
    package var linger: Duration = .seconds(1)

    package init() {}
}

/// How a server listens.
package struct HTTPServerConfiguration: Sendable {
    /// An address or name to listen on.
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 0
    /// Event loop threads; nil for one per core.
    package var eventLoops: Int?
    /// Connections held open at once, within what the limit on file descriptors leaves after
    /// `descriptorsReserved`; nil for just that. At the limit nothing more is accepted until one
    /// closes.
    package var connectionsMax: Int?
    /// Descriptors kept for the store, for files and for the process itself.
    package var descriptorsReserved = 128
    /// Connections the kernel may hold before they are accepted.
    package var backlog = 1024
    /// Until a new connection has shown which protocol it speaks.
    package var opening: Duration = .seconds(10)
    /// From the end of the last connection until handlers must have heeded their cancellation.
    package var returning: Duration = .seconds(5)
    package var http2 = HTTP2Limits()
    package var http2Timeouts = HTTP2Timeouts()
    package var http1 = HTTP1Limits()

    package init() {}
}
