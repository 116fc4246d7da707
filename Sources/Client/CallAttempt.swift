// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol

/// One call as it is put on the wire, as often as needed.
struct CallAttempt: Sendable {
    let method: String
    let params: [UInt8]
    let options: CallOptions

    /// The JSON-RPC request. A connection's streams tell calls apart, so the id is always 1.
    var body: [UInt8] {
        var writer = JSONWriter()
        writer.reserve(params.count + method.utf8.count + 48)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.number(Answer.callID)
        writer.key("method")
        writer.string(method)
        writer.key("params")
        writer.raw(params)
        writer.endObject()
        return writer.bytes
    }

    func request(timeout: Duration?, token: BearerToken?) -> ClientRequest {
        var headers = HTTPHeaders()
        headers.add("content-type", "application/json")
        if let token { headers.add("authorization", "Bearer \(token.text)") }
        if let timeout { headers.add("grpc-timeout", GRPCTimeout.text(timeout)) }
        if let requestID = options.requestID { headers.add("x-request-id", requestID) }
        if let traceparent = options.traceparent { headers.add("traceparent", traceparent) }
        return ClientRequest(headers: headers, body: body, timeout: timeout)
    }
}

/// The `grpc-timeout` header: at most eight digits and a unit (gRPC over HTTP/2, "Requests").
enum GRPCTimeout {
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let digitsMax: Int64 = 99_999_999
        guard seconds >= 0, attoseconds >= 0 else { return "0n" }
        if seconds < 99 { return "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)u" }
        if seconds < 99_999 { return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)m" }
        return "\(min(seconds, digitsMax))S"
    }
}
