// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// SHA-256 over an operation's canonical parameters: equal meaning ⇔ equal fingerprint.
///
/// What is hashed is not the request's text but its meaning: each field's name and value, every
/// one preceded by its length, so that no two different field lists run into the same bytes.
/// Key order, white space and the written form of an address have been left behind by then.
package struct Fingerprint: Hashable, Sendable {
    package static let byteCount = 32

    package let bytes: [UInt8]

    /// A fingerprint read from a store; nil unless it has 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The fingerprint of `method` with these fields; a nil value is an absent field.
    package init(method: KeyScope.Method, fields: KeyValuePairs<StaticString, String?>) {
        var canonical: [UInt8] = [UInt8(truncatingIfNeeded: method.rawValue)]
        canonical.reserveCapacity(256)
        for (name, value) in fields {
            guard let value else { continue }
            name.withUTF8Buffer { unsafe Self.append($0, to: &canonical) }
            Self.append(value.utf8, to: &canonical)
        }
        bytes = Array(SHA256.hash(data: canonical))
    }

    private static func append(_ text: some Collection<UInt8>, to bytes: inout [UInt8]) {
        let count = UInt32(text.count)
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: count >> shift))
        }
        bytes.append(contentsOf: text)
    }
}
