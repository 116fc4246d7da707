// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
import TellerProtocol

extension RPCHandler {
    /// Answers for the transport when it refuses a request by itself, before a handler sees it:
    /// every refusal has a JSON-RPC error body.
    package var refusal: @Sendable (_ status: Int) -> HTTPResponse {
        let identifiers = identifiers
        let retryAfter = limits.overloadRetryAfter
        return { status in
            let error: RPCError =
                switch status {
                case 413: .tooLarge("the body is too large")
                case 431: .tooLarge("the header is too large")
                case 503: .overloaded("requests", retryAfter: retryAfter)
                default: .invalidRequest("the request can't be read")
                }
            return Reply.refusal(
                Refusal(status: status, error: error), requestID: identifiers.nextText())
        }
    }
}
