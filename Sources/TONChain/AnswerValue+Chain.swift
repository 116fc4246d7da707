// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

/// What the two implementations of toncenter write in different ways.
extension AnswerValue {
    /// What a successful answer of v2 holds.
    var succeeded: AnswerValue {
        get throws(JSONError) {
            guard try member("ok").bool else { throw refused("says that it failed") }
            return try member("result")
        }
    }

    /// A whole number, as a number or as its decimal text.
    func number<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self
    ) throws(JSONError) -> Number {
        let text: String? =
            switch json {
            case .number(let text), .string(let text): text
            default: nil
            }
        guard let text, text.utf8.first != UInt8(ascii: "+"), let number = Number(text) else {
            throw refused("is not a whole number from \(Number.min) to \(Number.max)")
        }
        return number
    }

    /// An amount of nanotons.
    var nanotons: Nanotons {
        get throws(JSONError) {
            guard let amount = Nanotons(try number(Int64.self)) else {
                throw refused("is not an amount")
            }
            return amount
        }
    }

    /// Bytes in base64.
    var bytes: [UInt8] {
        get throws(JSONError) {
            guard let bytes = ServerBase64.decode(try string) else {
                throw refused("is not base64")
            }
            return bytes
        }
    }

    /// A hash of 32 bytes.
    var hash: [UInt8] {
        get throws(JSONError) {
            let bytes = try bytes
            guard bytes.count == TransactionReference.hashBytes else {
                throw refused("is not a hash of \(TransactionReference.hashBytes) bytes")
            }
            return bytes
        }
    }

    /// The BOC called `key`; nil where it is absent, null or empty.
    func optionalBOC(_ key: String) throws(JSONError) -> [UInt8]? {
        guard let value = try optionalMember(key) else { return nil }
        let bytes = try value.bytes
        return bytes.isEmpty ? nil : bytes
    }

    /// `{"lt":…,"hash":…}`; nil where lt is 0, which says that there is none.
    var reference: TransactionReference? {
        get throws(JSONError) {
            let lt = try member("lt").number(UInt64.self)
            guard lt > 0 else { return nil }
            return TransactionReference(lt: lt, hash: try member("hash").hash)
        }
    }
}
