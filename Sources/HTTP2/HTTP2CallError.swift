// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages

/// Why a call got no whole response.
package struct HTTP2CallError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// The server has not acted on the request and never will: it was refused, stood above
        /// the last stream id of a GOAWAY, or was never sent. Sending it again is safe.
        case notProcessed
        /// More calls wait for this connection than `callsWaitingMax`. Nothing was sent.
        case queueFull
        /// The connection was lost; whether the server acted on the request is unknown.
        case connectionLost
        /// The server reset the stream.
        case reset(HTTP2ErrorCode)
        /// The response is larger than the caller takes.
        case responseTooLarge
        /// The caller's task was cancelled; the server has been told.
        case cancelled
    }

    package var code: Code

    package init(_ code: Code) { self.code = code }

    /// Whether the request surely had no effect.
    package var isSafeToRepeat: Bool {
        switch code {
        case .notProcessed, .queueFull: true
        case .connectionLost, .reset, .responseTooLarge, .cancelled: false
        }
    }
}

/// A request of a client.
package struct HTTP2CallRequest: Sendable {
    package var method: String
    package var path: String
    /// Regular fields, names in lower case.
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(
        method: String = "POST", path: String, headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}
