// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// A call that never reached its method: the HTTP status says so to those who speak no JSON-RPC.
struct Refusal: Error {
    /// 401, 403, 404, 405, 413, 415, 429 or 503; 200 when the RPC layer itself is the answer.
    let status: Int
    let error: RPCError

    static func missing(_ scope: Scope) -> Refusal {
        Refusal(status: 403, error: .permissionDenied("the scope \(scope) is needed"))
    }
}
