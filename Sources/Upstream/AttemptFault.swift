// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience

/// What an attempt failed of.
struct AttemptFault: Error {
    let code: UpstreamError.Code
    let problem: String
    /// In others' words; redacted.
    var detail = ""
    var retryAfter: Duration?
    var status: Int?

    /// The code that says what the class says.
    static func code(_ callClass: CallClass) -> UpstreamError.Code {
        switch callClass {
        case .connect: .connect
        case .timeout: .timeout
        case .tooManyRequests: .tooManyRequests
        case .server: .server
        case .protocol, .succeeded: .protocol
        case .rejected: .rejected
        case .cancelled: .cancelled
        }
    }

    /// An attempt that ended in `callClass`.
    static func failure(
        _ callClass: CallClass, _ problem: String, detail: String = "", status: Int? = nil,
        retryAfter: Duration? = nil, code: UpstreamError.Code? = nil,
        mayHaveBeenProcessed: Bool? = nil
    ) -> AttemptFailure<AttemptFault> {
        AttemptFailure(
            AttemptFault(
                code: code ?? self.code(callClass), problem: problem, detail: detail,
                retryAfter: retryAfter, status: status),
            CallOutcome(
                callClass, retryAfter: retryAfter, mayHaveBeenProcessed: mayHaveBeenProcessed))
    }
}
