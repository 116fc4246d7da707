// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras

/// 24 words that stand for a seed, in TON's own way.
///
/// Source: `tonlib/tonlib/keys/Mnemonic.cpp` in TON. The words' list (BIP-39) plays no part in it,
/// so it isn't kept here: a mistyped word is found in 255 of 256 cases, and in the others by the
/// address that comes of it.
enum Mnemonic {
    static let wordCount = 24

    private static let rounds = 100_000

    /// - Throws: `wordCount`, `mnemonic`, `passwordMissing`.
    static func seed(words: [String], password: String) throws(WalletKeyError) -> [UInt8] {
        guard words.count == wordCount else { throw .wordCount(words.count) }
        var bare = entropy(words: words, password: "")
        defer { WalletKey.wipe(&bare) }
        let isComplete = try isBasicSeed(bare)
        let needsPassword = isComplete ? false : try isPasswordSeed(bare)
        if password.isEmpty {
            guard !needsPassword else { throw .passwordMissing }
            guard isComplete else { throw .mnemonic }
            return try Array(derive(bare, salt: "TON default seed", rounds: rounds).prefix(32))
        }
        guard needsPassword else { throw .mnemonic }
        var entropy = entropy(words: words, password: password)
        defer { WalletKey.wipe(&entropy) }
        guard try isBasicSeed(entropy) else { throw .mnemonic }
        return try Array(derive(entropy, salt: "TON default seed", rounds: rounds).prefix(32))
    }

    private static func entropy(words: [String], password: String) -> [UInt8] {
        var text = Array(words.joined(separator: " ").utf8)
        defer { WalletKey.wipe(&text) }
        return Array(
            HMAC<SHA512>.authenticationCode(
                for: Array(password.utf8), using: SymmetricKey(data: text)))
    }

    /// Whether the words and the password belong together.
    private static func isBasicSeed(_ entropy: [UInt8]) throws(WalletKeyError) -> Bool {
        try derive(entropy, salt: "TON seed version", rounds: rounds / 256).first == 0
    }

    /// Whether the words ask for a password.
    private static func isPasswordSeed(_ entropy: [UInt8]) throws(WalletKeyError) -> Bool {
        try derive(entropy, salt: "TON fast seed version", rounds: 1).first == 1
    }

    private static func derive(
        _ entropy: [UInt8], salt: String, rounds: Int
    ) throws(WalletKeyError) -> [UInt8] {
        let key = try? KDF.Insecure.PBKDF2.deriveKey(
            from: entropy, salt: Array(salt.utf8), using: .sha512, outputByteCount: 64,
            unsafeUncheckedRounds: rounds)
        guard let key else { throw .mnemonic }
        return unsafe key.withUnsafeBytes { unsafe Array($0) }
    }
}
