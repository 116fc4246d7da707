// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
public import TellerProtocol

extension IdempotencyKey {
    /// The key of a piece of the caller's own business: the same text gives the same key, in every
    /// process and for ever, and different texts give different keys.
    ///
    /// - Parameters:
    ///   - businessID: What happens at most once, `order-123`.
    ///   - namespace: Keeps apart several systems that number their business alike.
    public init(derivedFrom businessID: String, namespace: String = "") {
        var hash = SHA256()
        // Each part is led by its length, so that no two pairs read alike.
        for part in ["teller-key-1", namespace, businessID] {
            let bytes = Array(part.utf8)
            hash.update(data: Array("\(bytes.count):".utf8))
            hash.update(data: bytes)
        }
        self.init(generated: "b1-" + Hexadecimal.text(hash.finalize()))
    }

    /// A key nobody has used: a UUIDv7 (RFC 9562), 74 of its bits random.
    ///
    /// It begins with the time, so that the keys of one moment stand together in a store's index.
    static func unused(in environment: ClientEnvironment) -> IdempotencyKey {
        let id = UUIDv7(
            unixMilliseconds: UInt64(max(0, environment.wall().unixMilliseconds)),
            sequence: UInt16(truncatingIfNeeded: environment.random()),
            random: environment.random())
        return IdempotencyKey(generated: "r2-\(id)")
    }

    private init(generated text: String) {
        guard let key = IdempotencyKey(text) else {
            preconditionFailure("hexadecimal text is a valid key")
        }
        self = key
    }
}

enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
