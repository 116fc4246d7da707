// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// The refusals the RPC layer itself makes, in the words of the contract's table.
extension RPCError {
    static func parseError(_ error: JSONError) -> RPCError {
        RPCError(reason: .parseError, message: "the body is not valid JSON: \(error)")
    }

    static func invalidRequest(_ problem: String) -> RPCError {
        RPCError(reason: .invalidRequest, message: problem)
    }

    static func invalidParams(_ error: JSONError) -> RPCError {
        let fields = [FieldProblem(path: error.path, problem: error.problem)]
        return RPCError(
            reason: .invalidParams, message: "\(error)", fields: error.path.isEmpty ? [] : fields)
    }

    static var positionalParams: RPCError {
        RPCError(
            reason: .invalidParams,
            message: "params must be an object: every method takes its params by name")
    }

    static var keysDisagree: RPCError {
        let problem = "the Idempotency-Key header names another key"
        return RPCError(
            reason: .invalidParams, message: problem,
            fields: [FieldProblem(path: "idempotencyKey", problem: problem)])
    }

    static func unauthenticated(_ problem: String) -> RPCError {
        RPCError(reason: .unauthenticated, message: problem)
    }

    static func permissionDenied(_ problem: String) -> RPCError {
        RPCError(reason: .permissionDenied, message: problem)
    }

    static func tooManyFailedAttempts(retryAfter: Duration) -> RPCError {
        RPCError(
            reason: .rateLimited, message: "too many failed attempts to authenticate",
            retryAfterMilliseconds: max(1, retryAfter.wholeMilliseconds))
    }

    static func overloaded(_ what: String, retryAfter: Duration) -> RPCError {
        RPCError(
            reason: .overloaded, message: "too many \(what) at once",
            retryAfterMilliseconds: retryAfter.wholeMilliseconds)
    }

    static func shuttingDown(retryAfter: Duration) -> RPCError {
        RPCError(reason: .shuttingDown, retryAfterMilliseconds: retryAfter.wholeMilliseconds)
    }

    static func tooLarge(_ problem: String) -> RPCError {
        RPCError(reason: .tooLarge, message: problem)
    }
}
