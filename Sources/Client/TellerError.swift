// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

public import TellerProtocol

/// Why a call has no result.
///
/// The descriptions name no secret. After most errors a call that moves money may still have been
/// carried out: make it again with the same key (your own, or the same `CallOptions.businessID`),
/// or leave it to `TellerClient.resumePending` where there is a key journal; never with a new key.
public enum TellerError: Error, Sendable, Equatable {
    /// The server refused the call, or failed at it.
    case rpc(RPCError)
    /// No usable answer came.
    case transport(TransportError)
    /// The call's deadline has passed.
    case deadlineExceeded
    /// The caller's task was cancelled; the stream has been reset.
    case cancelled
    /// The key could not be made durable, so nothing was sent.
    case journal(JournalError)
    /// The server's answer is no JSON-RPC response or not of the method's type.
    case invalidResponse(String)
    /// The client was made or the call was built with values that cannot be used.
    case invalidArgument(String)
}

/// A connection's or an HTTP exchange's failure.
public struct TransportError: Error, Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// There is no connection: the call has not been sent.
        case unreachable
        /// The server said that it has not looked at the call (REFUSED_STREAM, GOAWAY).
        case notProcessed
        /// The connection or the stream ended after the call was sent; its outcome is unknown.
        case interrupted
        /// The server answered with this HTTP status and no JSON-RPC error.
        case httpStatus(Int)
        /// The answer is larger than the client takes.
        case answerTooLarge
        /// The client has been shut down.
        case shutDown
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension TellerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rpc(let error): "\(error.reason) (\(error.status.rawValue)): \(error.message)"
        case .transport(let error): error.message
        case .deadlineExceeded: "the call's deadline has passed"
        case .cancelled: "the call was cancelled"
        case .journal(let error): "key journal: \(error.message)"
        case .invalidResponse(let problem): "the server's answer cannot be read: \(problem)"
        case .invalidArgument(let problem): problem
        }
    }
}
