// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// One call as it stands in the body: ranges of its bytes, nothing copied.
struct Call: Sendable {
    /// The id as JSON text; nil for a notification.
    let id: Range<Int>?
    /// The method's name with its quotes.
    let method: Range<Int>
    let params: Range<Int>?
}

/// The JSON-RPC 2.0 envelope (specification sections 4 and 6).
enum Envelope {
    /// A body, or one element of a batch.
    enum Element: Sendable {
        case call(Call)
        /// Valid JSON that is no call; the id when there is a usable one.
        case invalid(RPCError, id: Range<Int>?)
    }

    enum Body {
        case single(Element)
        /// Where the elements stand; at least one.
        case batch([Range<Int>])
        case invalid(RPCError)
    }

    static func parse(_ bytes: [UInt8], limits: RPCLimits) -> Body {
        let jsonLimits = JSONLimits(limits)
        do {
            var reader = JSONReader(bytes, limits: jsonLimits)
            if try reader.kind == .array {
                return try parseBatch(&reader, elementsMax: limits.batchElementsMax)
            }
            let element = try parseElement(&reader, bytes, idBytesMax: limits.idBytesMax)
            try reader.finish()
            return .single(element)
        } catch { return .invalid(.parseError(error)) }
    }

    /// Parses one element of a batch, whose JSON `parse` has found valid.
    static func parse(_ bytes: [UInt8], element: Range<Int>, limits: RPCLimits) -> Element {
        do {
            var reader = JSONReader(bytes, range: element, limits: JSONLimits(limits))
            return try parseElement(&reader, bytes, idBytesMax: limits.idBytesMax)
        } catch { return .invalid(.parseError(error), id: nil) }
    }

    private static func parseBatch(_ reader: inout JSONReader, elementsMax: Int) throws(JSONError)
        -> Body
    {
        var elements: [Range<Int>] = []
        // The elements beyond the limit are read too, so that the error is the right one.
        var isTooLong = false
        try reader.readArray { (reader) throws(JSONError) in
            let element = try reader.skipValue()
            if elements.count < elementsMax { elements.append(element) } else { isTooLong = true }
        }
        try reader.finish()
        if isTooLong {
            return .invalid(.invalidRequest("a batch has at most \(elementsMax) calls"))
        }
        if elements.isEmpty { return .invalid(.invalidRequest("the batch is empty")) }
        return .batch(elements)
    }

    private static func parseElement(_ reader: inout JSONReader, _ bytes: [UInt8], idBytesMax: Int)
        throws(JSONError) -> Element
    {
        guard try reader.kind == .object else {
            _ = try reader.skipValue()
            return .invalid(.invalidRequest("a call is a JSON object"), id: nil)
        }
        var version: Range<Int>?
        var id: Range<Int>?
        var method: Range<Int>?
        var params: Range<Int>?
        try reader.readObject { (reader, key) throws(JSONError) in
            if key == "jsonrpc" {
                version = try reader.skipValue()
            } else if key == "id" {
                id = try reader.skipValue()
            } else if key == "method" {
                method = try reader.skipValue()
            } else if key == "params" {
                params = try reader.skipValue()
            } else {
                _ = try reader.skipValue()
            }
        }
        if let range = id {
            guard isScalarID(bytes[range.lowerBound]) else {
                return .invalid(.invalidRequest("id must be a string, a number or null"), id: nil)
            }
            guard range.count <= idBytesMax else {
                return .invalid(.invalidRequest("id has at most \(idBytesMax) bytes"), id: nil)
            }
        }
        guard let version, isVersion2(bytes, version) else {
            return .invalid(.invalidRequest("jsonrpc must be \"2.0\""), id: id)
        }
        guard let method, bytes[method.lowerBound] == UInt8(ascii: "\"") else {
            return .invalid(.invalidRequest("method must be a string"), id: id)
        }
        if let params {
            let first = bytes[params.lowerBound]
            guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
                return .invalid(.invalidRequest("params must be an object"), id: id)
            }
        }
        return .call(Call(id: id, method: method, params: params))
    }

    /// Whether a valid value that begins with `byte` is a string, a number or null.
    private static func isScalarID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "n"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isVersion2(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        let start = range.lowerBound
        if range.count == 5 {
            return bytes[start] == UInt8(ascii: "\"") && bytes[start + 1] == UInt8(ascii: "2")
                && bytes[start + 2] == UInt8(ascii: ".") && bytes[start + 3] == UInt8(ascii: "0")
        }
        // The same text may be written with escapes.
        guard bytes[start] == UInt8(ascii: "\"") else { return false }
        var reader = JSONReader(bytes, range: range)
        return (try? reader.readString()) == "2.0"
    }
}

extension JSONLimits {
    init(_ limits: RPCLimits) {
        self.init()
        depthMax = limits.nestingDepthMax
    }
}
