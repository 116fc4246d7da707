// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import TON
import Testing

@Suite struct WalletKeyTests {
    private struct Mnemonics: Decodable {
        struct Row: Decodable {
            let words: String
            let password: String?
            let seed: String?
            let publicKey: String?
        }

        let valid: [Row]
        let invalid: [Row]
    }

    private static let seed = "0eb026731d9ea3f870511f8c18daeb814eaa2c9e276082b204f2a962212fb5bd"
    private static let publicKey =
        "ac7e46fc69b0d79648895b5d1efcaf8a1c42d128142f07f2d9b434c8e4119b6f"

    /// RFC 8032 section 7.1 has no message of 32 bytes; these are signed by PyNaCl, and V4R2's and
    /// V5R1's vectors hold many more.
    @Test func `a signature is the same every time and verifies`() throws {
        let key = try WalletKey(text: Self.seed)
        let hash = try #require(
            Hash256(hex: "00cc74d6f2c6f36a16c7ea4ae0d42bac2ed76d0297a4a334c9bdd46e8bc160ef"))
        let signature = try key.signature(of: hash)
        #expect(
            Hexadecimal.encode(signature)
                == "481c7214e6ed15767e5c900cfd48f8cf26666000e76874def78b98ff2002b57e"
                + "c9af6de3753e9fc5cb78500f8c7010f282f1ada07a8a950c328ea8318ec91502")
        for _ in 0..<100 { #expect(try key.signature(of: hash) == signature) }
        let verifier = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey.bytes)
        #expect(verifier.isValidSignature(signature, for: hash.bytes))
    }

    @Test func `a key is read in every form people keep it in`() throws {
        let seed = try #require(Hexadecimal.decode(Self.seed))
        let publicKey = try #require(Hexadecimal.decode(Self.publicKey))
        let texts = [
            Self.seed, Self.seed.uppercased(), "  \(Self.seed)\n", Self.seed + Self.publicKey,
            Base64.encode(seed), Base64.encode(seed, alphabet: .urlSafe),
            Base64.encode(seed + publicKey) + "\r\n",
        ]
        for text in texts {
            #expect(try WalletKey(text: text).publicKey.hex == Self.publicKey)
        }
        #expect(try WalletKey(seed: seed).publicKey.hex == Self.publicKey)
    }

    @Test(arguments: [
        ("", WalletKeyError.wordCount(0)),
        ("0x" + seed, .notAKey),
        (String(seed.dropLast(2)), .seedLength(31)),
        (seed + "00", .seedLength(33)),
        (seed + seed, .otherPublicKey),
        ("not~base64", .notAKey),
        ("abandon abandon", .wordCount(2)),
        (Array(repeating: "abandon", count: 24).joined(separator: " "), .mnemonic),
    ])
    func `what is no key is refused, and the refusal doesn't show it`(
        text: String, error: WalletKeyError
    ) {
        #expect(throws: error) { try WalletKey(text: text) }
        #expect(text.isEmpty || !"\(error)".contains(text))
    }

    @Test func `a mnemonic leads to the key that others find`() throws {
        let mnemonics = try Vectors.read("mnemonics", as: Mnemonics.self)
        #expect(mnemonics.valid.count == 5)
        for row in mnemonics.valid {
            let words = "\n " + row.words.uppercased().replacing(" ", with: "  ")
            for text in [row.words, words] {
                let key = try WalletKey(text: text, password: row.password ?? "")
                #expect(key.publicKey.hex == row.publicKey)
                #expect(try WalletKey(text: #require(row.seed)).publicKey == key.publicKey)
            }
        }
        #expect(mnemonics.invalid.count == 5)
        for row in mnemonics.invalid {
            #expect(throws: WalletKeyError.self) {
                try WalletKey(text: row.words, password: row.password ?? "")
            }
        }
        #expect(throws: WalletKeyError.passwordMissing) {
            try WalletKey(text: mnemonics.valid[3].words)
        }
    }

    @Test func `nothing that shows a key shows its seed`() throws {
        let key = try WalletKey(text: Self.seed)
        var dumped = ""
        dump(key, to: &dumped)
        let bytes = try #require(Hexadecimal.decode(Self.seed))
        let forms = [
            Self.seed, Base64.encode(bytes), bytes.map(String.init).joined(separator: ", "),
        ]
        for shown in ["\(key)", String(reflecting: key), dumped] {
            #expect(shown.contains(Self.publicKey))
            for form in forms { #expect(!shown.contains(form)) }
        }
    }
}
