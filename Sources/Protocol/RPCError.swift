// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A gRPC status name (grpc/grpc `doc/statuscodes.md`), the class of a refusal or failure.
public enum Status: String, Sendable, CaseIterable {
    case cancelled = "CANCELLED"
    case unknown = "UNKNOWN"
    case invalidArgument = "INVALID_ARGUMENT"
    case deadlineExceeded = "DEADLINE_EXCEEDED"
    case notFound = "NOT_FOUND"
    case alreadyExists = "ALREADY_EXISTS"
    case permissionDenied = "PERMISSION_DENIED"
    case resourceExhausted = "RESOURCE_EXHAUSTED"
    case failedPrecondition = "FAILED_PRECONDITION"
    case aborted = "ABORTED"
    case outOfRange = "OUT_OF_RANGE"
    case unimplemented = "UNIMPLEMENTED"
    case internalError = "INTERNAL"
    case unavailable = "UNAVAILABLE"
    case dataLoss = "DATA_LOSS"
    case unauthenticated = "UNAUTHENTICATED"
}

/// A refusal or failure of a call, as `error` carries it in the JSON-RPC response.
///
/// `message` is safe to show: it names no SQL, no host and no secret.
public struct RPCError: Error, Sendable, Equatable {
    /// A fault in one parameter.
    public struct FieldProblem: Sendable, Equatable {
        /// Where, from the params' root: `destination`, `items[2].amount`.
        public var path: String
        public var problem: String

        public init(path: String, problem: String) {
            self.path = path
            self.problem = problem
        }
    }

    /// The JSON-RPC code: −32700…−32600 of the specification, or the reason's code of the contract.
    public var code: Int
    public var message: String
    public var status: Status
    /// The reason of the contract's table, `INSUFFICIENT_FUNDS` for one.
    public var reason: String
    /// Whether the same call may succeed later without a change.
    public var retryable: Bool
    /// When to try again at the earliest; nil when there is no advice.
    public var retryAfterMilliseconds: Int64?
    public var fields: [FieldProblem]
    /// Facts that belong to the reason (`withdrawalId`, `state`), as text, sorted by name.
    public var details: [String: String]
    /// The id of the request this answers; empty until the RPC layer fills it in.
    public var requestID: String

    public init(
        code: Int, message: String, status: Status, reason: String, retryable: Bool,
        retryAfterMilliseconds: Int64? = nil, fields: [FieldProblem] = [],
        details: [String: String] = [:], requestID: String = ""
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.reason = reason
        self.retryable = retryable
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.fields = fields
        self.details = details
        self.requestID = requestID
    }
}
