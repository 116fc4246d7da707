// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// The params of one call: a range of the request's bytes, decoded only by the method itself.
package struct RPCParameters: Sendable {
    private let bytes: [UInt8]
    /// Where the params stand; nil when the call has none.
    private let range: Range<Int>?
    private let limits: JSONLimits

    package init(_ bytes: [UInt8], range: Range<Int>?, limits: JSONLimits = .standard) {
        self.bytes = bytes
        self.range = range
        self.limits = limits
    }

    /// Reads the params as `type`. Missing params and `[]` are read as `{}`.
    ///
    /// - Throws: `INVALID_PARAMS` with the path of the fault; by-position params are refused,
    ///   because the contract declares every method as by-name.
    @inline(never)
    package func decode<Params: JSONDecodable>(_ type: Params.Type) throws(RPCError) -> Params {
        guard let range else { return try decodeEmpty(type) }
        if bytes[range.lowerBound] == UInt8(ascii: "[") {
            guard isEmptyArray(range) else { throw .positionalParams }
            return try decodeEmpty(type)
        }
        do {
            var reader = JSONReader(bytes, range: range, limits: limits)
            return try Params(from: &reader)
        } catch { throw .invalidParams(error) }
    }

    private func decodeEmpty<Params: JSONDecodable>(_ type: Params.Type) throws(RPCError) -> Params
    {
        do {
            var reader = JSONReader([UInt8(ascii: "{"), UInt8(ascii: "}")], limits: limits)
            return try Params(from: &reader)
        } catch { throw .invalidParams(error) }
    }

    /// The range holds a valid array, so whatever is not white space is an element.
    private func isEmptyArray(_ range: Range<Int>) -> Bool {
        bytes[range.lowerBound + 1..<range.upperBound - 1].allSatisfy { byte in
            byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
        }
    }
}
