// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON

extension WalletKey {
    /// Bytes of a key's text at the most.
    private static let textBytesMax = 4096

    /// Reads the hot wallet's key from where the configuration says.
    ///
    /// - Throws: `SecretSourceError` or `WalletKeyError`; neither holds anything of the key.
    convenience init(from source: SecretSource, password: String) throws {
        var bytes = try source.bytes(max: Self.textBytesMax)
        defer { for index in bytes.indices { bytes[index] = 0 } }
        try self.init(text: String(decoding: bytes, as: UTF8.self), password: password)
    }
}
