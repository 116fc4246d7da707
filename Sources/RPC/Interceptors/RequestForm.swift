// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol

/// Holds a request to `/rpc` to the method, type and size it must have.
enum RequestForm {
    static func check(_ request: HTTPRequest, limits: RPCLimits) throws(Refusal) {
        guard request.method == .post else {
            throw Refusal(status: 405, error: .invalidRequest("/rpc takes POST"))
        }
        guard isJSON(request.headers.bytes("content-type")) else {
            throw Refusal(status: 415, error: .invalidRequest("send content-type application/json"))
        }
        if let encoding = request.headers.bytes("content-encoding"),
            !equalsIgnoringCase(encoding, "identity")
        {
            throw Refusal(status: 415, error: .invalidRequest("send the body without an encoding"))
        }
        guard request.body.count <= limits.bodyBytesMax else {
            throw Refusal(
                status: 413, error: .tooLarge("a body has at most \(limits.bodyBytesMax) bytes"))
        }
    }

    private static let json = Array("application/json".utf8)

    /// Whether a body of this type is read as JSON: JSON in UTF-8, none, or the type that
    /// `curl -d` sends unless told otherwise.
    private static func isJSON(_ contentType: ArraySlice<UInt8>?) -> Bool {
        guard let contentType else { return true }
        if contentType.elementsEqual(json) { return true }
        let parts = contentType.split(separator: UInt8(ascii: ";"), maxSplits: 1)
        guard let type = parts.first.map(trim) else { return true }
        if equalsIgnoringCase(type, "application/x-www-form-urlencoded") { return true }
        guard equalsIgnoringCase(type, "application/json") else { return false }
        guard parts.count > 1 else { return true }
        let parameter = trim(parts[1])
        return equalsIgnoringCase(parameter, "charset=utf-8")
            || equalsIgnoringCase(parameter, "charset=\"utf-8\"")
    }

    private static func trim(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }

    /// - Parameter lower: ASCII in lower case.
    private static func equalsIgnoringCase(_ text: ArraySlice<UInt8>, _ lower: String) -> Bool {
        text.count == lower.utf8.count
            && zip(text, lower.utf8).allSatisfy { byte, wanted in
                byte == wanted
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                        && byte | 0x20 == wanted
            }
    }
}
