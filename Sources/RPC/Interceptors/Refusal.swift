// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// A request that never reached a method: the HTTP status says so to those who speak no JSON-RPC.
struct Refusal: Error {
    /// 401, 403, 404, 405, 413, 415, 429 or 503.
    let status: Int
    let error: RPCError
}
