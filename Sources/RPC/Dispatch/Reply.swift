// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol

/// Writes JSON-RPC responses (specification section 5).
enum Reply {
    static let nullID = Array("null".utf8)[...]

    private static let beforeID = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
    private static let beforeResult = Array(#","result":"#.utf8)
    /// Room for most answers, so that they are written without growing.
    private static let bytesUsually = 512

    /// `{"jsonrpc":"2.0","id":…,"result":`; the result and `endObject` follow.
    static func beginResult(id: ArraySlice<UInt8>) -> JSONWriter {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(bytesUsually)
        bytes.append(contentsOf: beforeID)
        bytes.append(contentsOf: id)
        bytes.append(contentsOf: beforeResult)
        return JSONWriter(appendingTo: bytes)
    }

    /// A whole response with the result of a call.
    ///
    /// Never inlined: whoever awaited the result would keep room for what writing it takes.
    @inline(never)
    static func result(_ result: some JSONEncodable, id: ArraySlice<UInt8>) -> [UInt8] {
        var writer = beginResult(id: id)
        result.encode(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    /// A whole error response; `id` is nil when the call's id is unknown.
    static func error(_ error: RPCError, id: ArraySlice<UInt8>?, requestID: String) -> [UInt8] {
        var named = error
        named.requestID = requestID
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        if let id { writer.raw(id) } else { writer.null() }
        writer.key("error")
        named.encode(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    static func headers(contentType: String, requestID: String) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserve(fields: 2, bytes: 72)
        headers.add("content-type", contentType)
        headers.add("x-request-id", requestID)
        return headers
    }

    /// A response with a JSON body.
    static func json(_ body: [UInt8], status: Int = 200, requestID: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: headers(contentType: "application/json", requestID: requestID),
            body: body)
    }

    /// What a request gets that never reached a method.
    static func refusal(_ refusal: Refusal, id: ArraySlice<UInt8>? = nil, requestID: String)
        -> HTTPResponse
    {
        var response = json(
            error(refusal.error, id: id, requestID: requestID), status: refusal.status,
            requestID: requestID)
        if let milliseconds = refusal.error.retryAfterMilliseconds {
            // RFC 9110 section 10.2.3: whole seconds.
            response.headers.add("retry-after", String((milliseconds + 999) / 1000))
        }
        if refusal.status == 401 { response.headers.add("www-authenticate", "Bearer") }
        return response
    }
}
