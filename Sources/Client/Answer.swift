// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol

/// Reads JSON-RPC responses (specification section 5).
enum Answer {
    static let callID: Int64 = 1

    /// A line of a stream: an event or the response that ends it.
    enum Line {
        case event([UInt8])
        case response(Result<[UInt8], RPCError>)
    }

    /// The `result` of the response in `body` as JSON bytes, or its error.
    static func read(_ body: [UInt8]) throws(TellerError) -> Result<[UInt8], RPCError> {
        guard case .response(let response) = try readLine(body) else {
            throw .invalidResponse("it is a notification")
        }
        return response
    }

    static func readLine(_ bytes: [UInt8]) throws(TellerError) -> Line {
        var result: Range<Int>?
        var params: Range<Int>?
        var failure: RPCError?
        var id: String?
        do throws(JSONError) {
            var reader = JSONReader(bytes)
            try reader.readObject { (reader, key) throws(JSONError) in
                if key == "result" {
                    result = try reader.skipValue()
                } else if key == "error" {
                    failure = try RPCError(from: &reader)
                } else if key == "params" {
                    params = try reader.skipValue()
                } else if key == "id" {
                    id = String(decoding: bytes[try reader.skipValue()], as: UTF8.self)
                } else {
                    _ = try reader.skipValue()
                }
            }
            try reader.finish()
        } catch {
            throw .invalidResponse("\(error)")
        }
        if let failure { return .response(.failure(failure)) }
        if let result {
            guard id == String(callID) else { throw .invalidResponse("it is of another call") }
            return .response(.success(Array(bytes[result])))
        }
        guard let params else { throw .invalidResponse("it has neither result nor error") }
        return .event(Array(bytes[params]))
    }

    static func decode<Value: JSONDecodable>(_ bytes: [UInt8]) throws(TellerError) -> Value {
        do throws(JSONError) {
            return try Value(jsonBytes: bytes)
        } catch {
            throw .invalidResponse("\(error)")
        }
    }

    /// The error an answer with a status other than 200 carries.
    static func failure(_ status: Int, _ body: [UInt8]) -> TellerError {
        if case .response(.failure(let error))? = try? readLine(body) { return .rpc(error) }
        return .transport(
            TransportError(.httpStatus(status), "the server answered with HTTP status \(status)"))
    }

    /// `retry-after` in its form of seconds (RFC 9110 section 10.2.3); dates are not used here.
    static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        guard let text = headers["retry-after"], let seconds = Int64(text),
            (0...86_400).contains(seconds)
        else { return nil }
        return .seconds(seconds)
    }
}
