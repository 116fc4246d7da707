// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
internal import TON

/// The token that tonnel wants beside the timestamp of a purchase: the timestamp, encrypted as
/// `openssl enc -aes-256-cbc -md md5 -a` does.
///
/// `base64("Salted__" ‖ salt ‖ AES-256-CBC(text))`, where key ‖ iv are the first 48 bytes of
/// D1 ‖ D2 ‖ D3 with D1 = MD5(passphrase ‖ salt) and Dn = MD5(Dn−1 ‖ passphrase ‖ salt): OpenSSL's
/// `EVP_BytesToKey` with one round. MD5 guards nothing here; the site's form asks for it.
enum TonnelRequestToken {
    private static let mark = Array("Salted__".utf8)
    private static let keyBytes = 32
    private static let ivBytes = 16

    /// - Parameters:
    ///   - timestamp: Seconds since the Unix epoch, as text.
    ///   - salt: Eight bytes, other ones each time, by their value.
    /// - Returns: nil when the cipher fails, which it does on no input of these.
    static func make(_ timestamp: String, passphrase: String, salt: UInt64) -> String? {
        let salt = (0..<8).map { UInt8(truncatingIfNeeded: salt >> (56 - 8 * $0)) }
        var derived: [UInt8] = []
        var digest: [UInt8] = []
        while derived.count < keyBytes + ivBytes {
            digest = Array(Insecure.MD5.hash(data: digest + Array(passphrase.utf8) + salt))
            derived += digest
        }
        let key = SymmetricKey(data: derived[..<keyBytes])
        guard let iv = try? AES._CBC.IV(ivBytes: derived[keyBytes...]),
            let text = try? AES._CBC.encrypt(Array(timestamp.utf8), using: key, iv: iv)
        else { return nil }
        return Base64.encode(mark + salt + text)
    }
}
