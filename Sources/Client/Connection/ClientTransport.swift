// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages

/// What carries requests to the server: one HTTP/2 connection, or a test's stand-in.
package protocol ClientTransport: Sendable {
    /// Sends `request` and returns its whole answer. Cancelling the task resets the stream.
    func send(_ request: ClientRequest) async throws(TransportFailure) -> HTTPResponse

    /// Sends `request` and returns its answer as it comes.
    func open(_ request: ClientRequest) async throws(TransportFailure) -> any ClientStream

    /// Takes no more calls and ends the connection.
    ///
    /// - Parameter grace: How long calls in flight may take; then they fail with `interrupted`.
    func shutDown(grace: Duration) async
}

/// A `POST` to the endpoint's path.
package struct ClientRequest: Sendable {
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// After this long the stream is reset and the request fails with `timedOut`. nil for no limit.
    package var timeout: Duration?

    package init(headers: HTTPHeaders, body: [UInt8], timeout: Duration?) {
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// An answer that is still coming. Letting go of it resets the stream.
package protocol ClientStream: AnyObject, Sendable {
    var status: Int { get }
    var headers: HTTPHeaders { get }

    /// The next part of the body; nil at its end. One caller at a time.
    func next() async throws(TransportFailure) -> [UInt8]?

    func cancel()
}

package struct TransportFailure: Error, Equatable {
    package enum Kind: Sendable {
        /// Nothing was sent.
        case unreachable
        /// The server has not processed it (RFC 9113 sections 6.8 and 8.7).
        case notProcessed
        /// Sent, and no answer.
        case interrupted
        case answerTooLarge
        case timedOut
        case cancelled
        case shutDown
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
