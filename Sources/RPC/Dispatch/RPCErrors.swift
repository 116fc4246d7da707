// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// The refusals the RPC layer itself makes; the contract's table of reasons declares them all.
extension RPCError {
    // MARK: The codes of the JSON-RPC specification, section 5.1

    static func parseError(_ error: JSONError) -> RPCError {
        RPCError(
            code: -32700, message: "the body is not valid JSON: \(error)", status: .invalidArgument,
            reason: "PARSE_ERROR", retryable: false)
    }

    static func invalidRequest(_ problem: String) -> RPCError {
        RPCError(
            code: -32600, message: problem, status: .invalidArgument, reason: "INVALID_REQUEST",
            retryable: false)
    }

    static func methodNotFound() -> RPCError {
        RPCError(
            code: -32601, message: "there is no such method; rpc.discover lists all",
            status: .unimplemented, reason: "METHOD_NOT_FOUND", retryable: false)
    }

    static func invalidParams(_ error: JSONError) -> RPCError {
        invalidParams("\(error)", path: error.path)
    }

    static func invalidParams(_ problem: String, path: String) -> RPCError {
        RPCError(
            code: -32602, message: problem, status: .invalidArgument, reason: "INVALID_PARAMS",
            retryable: false,
            fields: path.isEmpty ? [] : [FieldProblem(path: path, problem: problem)])
    }

    static var positionalParams: RPCError {
        invalidParams("params must be an object: every method takes its params by name", path: "")
    }

    static var keysDisagree: RPCError {
        invalidParams("the Idempotency-Key header names another key", path: "idempotencyKey")
    }

    // MARK: Access

    static func unauthenticated(_ problem: String) -> RPCError {
        RPCError(
            code: -32001, message: problem, status: .unauthenticated, reason: "UNAUTHENTICATED",
            retryable: false)
    }

    static func permissionDenied(_ problem: String) -> RPCError {
        RPCError(
            code: -32002, message: problem, status: .permissionDenied, reason: "PERMISSION_DENIED",
            retryable: false)
    }

    static func tooManyFailedAttempts(retryAfter: Duration) -> RPCError {
        RPCError(
            code: -32003, message: "too many failed attempts to authenticate",
            status: .resourceExhausted, reason: "RATE_LIMITED", retryable: true,
            retryAfterMilliseconds: max(1, retryAfter.wholeMilliseconds))
    }

    // MARK: Load, time and size

    static func overloaded(_ what: String, retryAfter: Duration) -> RPCError {
        RPCError(
            code: -32004, message: "too many \(what) at once", status: .unavailable,
            reason: "OVERLOADED", retryable: true,
            retryAfterMilliseconds: retryAfter.wholeMilliseconds)
    }

    static func shuttingDown(retryAfter: Duration) -> RPCError {
        RPCError(
            code: -32005, message: "the server is shutting down", status: .unavailable,
            reason: "SHUTTING_DOWN", retryable: true,
            retryAfterMilliseconds: retryAfter.wholeMilliseconds)
    }

    static var deadlineExceeded: RPCError {
        RPCError(
            code: -32006, message: "the call's deadline has passed", status: .deadlineExceeded,
            reason: "DEADLINE_EXCEEDED", retryable: true)
    }

    static var cancelled: RPCError {
        RPCError(
            code: -32007, message: "the caller went away", status: .cancelled, reason: "CANCELLED",
            retryable: true)
    }

    static func tooLarge(_ problem: String) -> RPCError {
        RPCError(
            code: -32008, message: problem, status: .resourceExhausted, reason: "TOO_LARGE",
            retryable: false)
    }
}

extension Duration {
    /// Milliseconds, rounded up.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
