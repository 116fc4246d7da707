// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

private import Crypto
import TellerProtocol

/// An API token: `tlr_` and 32 random bytes as base64url without padding (RFC 4648 section 5).
///
/// The text is shown once, when the token is made; the store keeps the digest alone.
package enum BearerToken {
    private static let randomBytesCount = 32
    private static let prefix = "tlr_"
    /// `tlr_` and 43 characters.
    static let charactersCount = 47

    /// Makes a token of 256 random bits.
    package static func generate(using generator: inout some RandomNumberGenerator) -> (
        text: String, digest: TokenDigest
    ) {
        let random = (0..<randomBytesCount).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
        let text = prefix + Base64URL.encode(random)
        return (text, TokenDigest(of: Array(text.utf8)))
    }

    /// The digest of the token in an `authorization` value (RFC 6750 section 2.1); nil when it is
    /// of another scheme or cannot be a token of this service.
    static func digest(authorization value: ArraySlice<UInt8>) -> TokenDigest? {
        let scheme = Array("bearer ".utf8)
        guard value.count == scheme.count + charactersCount else { return nil }
        let token = value.dropFirst(scheme.count)
        guard zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 }), token.starts(with: prefix.utf8)
        else { return nil }
        return TokenDigest(of: Array(token))
    }
}

/// The SHA-256 of a token's text: what the store keeps and looks up.
///
/// Comparing takes the same time wherever two digests differ.
package struct TokenDigest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of a token's UTF-8 text.
    package init(of token: [UInt8]) { self.init(words: SHA256.hash(data: token)) }

    /// A digest read back from the store; nil unless it has 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(words: bytes)
    }

    private init(words bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for byte in bytes {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | words.2 >> 56
            words.2 = words.2 << 8 | words.3 >> 56
            words.3 = words.3 << 8 | UInt64(byte)
        }
        self.words = words
    }

    /// The 32 bytes, for the store.
    package var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
        }
    }

    package static func == (left: Self, right: Self) -> Bool {
        (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
            | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3) == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
