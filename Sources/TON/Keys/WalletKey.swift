// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// The key that signs a wallet's messages: an Ed25519 seed.
///
/// The seed lives in memory that swift-crypto overwrites when the key goes; copies made on the way
/// here are overwritten too, as far as the language lets anyone say so (not those inside a
/// `String`). Nothing shows the seed: neither a description nor a mirror.
package final class WalletKey: Sendable {
    private let signingKey: Curve25519.Signing.PrivateKey
    package let publicKey: Hash256

    /// - Parameter seed: 32 bytes.
    /// - Throws: `seedLength`.
    package init(seed: [UInt8]) throws(WalletKeyError) {
        guard seed.count == Self.seedBytes,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let publicKey = Hash256(bytes: key.publicKey.rawRepresentation)
        else { throw .seedLength(seed.count) }
        signingKey = key
        self.publicKey = publicKey
    }

    /// Reads a key as people keep it: the seed, or the seed with its public key after it, in
    /// hexadecimal digits or base64; or 24 words. White space around it doesn't count.
    ///
    /// - Parameter password: of a mnemonic that has one.
    package convenience init(
        text: some StringProtocol, password: String = ""
    ) throws(WalletKeyError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else {
            try self.init(words: words.map { $0.lowercased() }, password: password)
            return
        }
        guard var bytes = Hexadecimal.decode(words[0]) ?? Base64.decode(words[0]) else {
            throw .notAKey
        }
        defer { Self.wipe(&bytes) }
        guard bytes.count == Self.seedBytes || bytes.count == 2 * Self.seedBytes else {
            throw .seedLength(bytes.count)
        }
        var seed = Array(bytes.prefix(Self.seedBytes))
        defer { Self.wipe(&seed) }
        try self.init(seed: seed)
        if bytes.count > Self.seedBytes, publicKey.bytes != Array(bytes.suffix(Self.seedBytes)) {
            throw .otherPublicKey
        }
    }

    /// Takes the seed of a TON mnemonic; this is not BIP-39's way.
    ///
    /// - Parameters:
    ///   - words: 24 words in lower case.
    ///   - password: empty when the mnemonic has none.
    /// - Throws: `wordCount`, `mnemonic`, `passwordMissing`.
    package convenience init(words: [String], password: String = "") throws(WalletKeyError) {
        var seed = try Mnemonic.seed(words: words, password: password)
        defer { Self.wipe(&seed) }
        try self.init(seed: seed)
    }

    /// The 64 bytes of the signature (RFC 8032): always the same for a hash on every platform but
    /// Apple's, whose library adds randomness.
    ///
    /// - Throws: `signing`, which no valid key does.
    package func signature(of hash: Hash256) throws(WalletKeyError) -> [UInt8] {
        guard let signature = try? signingKey.signature(for: hash.bytes) else { throw .signing }
        return Array(signature)
    }

    package static let seedBytes = 32

    static func wipe(_ bytes: inout [UInt8]) {
        for index in bytes.indices { bytes[index] = 0 }
    }
}

extension WalletKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "WalletKey(\(publicKey.hex))" }
    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey.hex]) }
}

/// Why there is no key. `description` is safe to show: it holds nothing of the key.
package enum WalletKeyError: Error, Hashable, Sendable {
    /// Neither hexadecimal digits, base64 nor words.
    case notAKey
    /// This many bytes instead of 32 or 64.
    case seedLength(Int)
    /// The second half of 64 bytes is not the public key of the first.
    case otherPublicKey
    /// This many words instead of 24.
    case wordCount(Int)
    /// The words don't belong together (one may be mistyped), or the password is another.
    case mnemonic
    /// The words have a password, and none was given.
    case passwordMissing
    /// The library didn't sign.
    case signing
}

extension WalletKeyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAKey: "the key is neither hexadecimal digits, base64 nor 24 words"
        case .seedLength(let count): "the key has \(count) bytes instead of 32 or 64"
        case .otherPublicKey: "the key's second half is not the public key of its first"
        case .wordCount(let count): "the mnemonic has \(count) words instead of 24"
        case .mnemonic: "the mnemonic is wrong; a word may be mistyped, or the password"
        case .passwordMissing: "the mnemonic has a password"
        case .signing: "signing failed"
        }
    }
}
