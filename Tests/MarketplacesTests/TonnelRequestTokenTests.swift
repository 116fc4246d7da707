// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Marketplaces

@Suite struct TonnelRequestTokenTests {
    /// `printf 1700000000 | openssl enc -aes-256-cbc -md md5 -pass pass:teller-test
    /// -S 0102030405060708`, OpenSSL 3.0.
    private static let vector = "f2aad6cd99f4a39ba0341ce2502e907a"

    @Test func `a token is what openssl makes`() throws {
        let token = try #require(
            TonnelRequestToken.make(
                "1700000000", passphrase: "teller-test", salt: 0x0102_0304_0506_0708))
        let bytes = try #require(Data(base64Encoded: token))
        #expect(bytes.prefix(8) == Data("Salted__".utf8))
        #expect(bytes.dropFirst(8).prefix(8) == Data([1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(bytes.dropFirst(16).map { String(format: "%02x", $0) }.joined() == Self.vector)
    }

    @Test(arguments: [
        "", "p", "a passphrase that is longer than a block of MD5, which is 64 bytes",
    ])
    func `openssl reads any token`(passphrase: String) throws {
        let token = try #require(
            TonnelRequestToken.make("1764175000", passphrase: passphrase, salt: .max))
        let outcome = try TestProcess.run(
            [
                "sh", "-c",
                "openssl enc -d -aes-256-cbc -md md5 -a -A -pass pass:\"$1\" 2>/dev/null", "sh",
                passphrase,
            ], input: token + "\n")
        #expect(outcome.output == "1764175000")
    }
}
