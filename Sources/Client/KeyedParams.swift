// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// The params of a call that moves money, with their idempotency key.
struct KeyedParams {
    private static let member = "idempotencyKey"

    let key: IdempotencyKey
    let bytes: [UInt8]

    /// Takes the key that stands in `params`, else the one of the options' business id, else a
    /// one nobody has used.
    init(
        _ params: [UInt8], _ options: CallOptions, _ environment: ClientEnvironment
    ) throws(TellerError) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(params)
        } catch {
            throw .invalidArgument("params: \(error)")
        }
        guard let members = document.members else {
            throw .invalidArgument("params must be an object")
        }
        if let given = document[Self.member], given != .null {
            guard let key = given.string.flatMap({ IdempotencyKey($0) }) else {
                throw .invalidArgument("idempotencyKey is 1 to 255 printable ASCII characters")
            }
            self.key = key
            bytes = params
            return
        }
        if let businessID = options.businessID {
            key = IdempotencyKey(derivedFrom: businessID)
        } else {
            key = .unused(in: environment)
        }
        let others = members.filter { $0.key != Self.member }
        bytes =
            JSONValue.object(others + [JSONValue.Member(Self.member, .string(key.text))]).jsonBytes
    }
}
