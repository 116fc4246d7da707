// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648 section 10, without the padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func `the vectors of the RFC come out both ways`(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test func `the alphabet is that of URLs and file names`() {
        let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        // The 64 values in order, six bits each.
        #expect(Base64URL.decode(all)?.prefix(3) == [0x00, 0x10, 0x83])
        #expect(Base64URL.decode(all).map(Base64URL.encode) == all)
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test(arguments: [
        // Padding, the other alphabet, space and line ends, other characters.
        "Zg==", "Zm8=", "=", "+_8", "-/8", "Zm9v Zg", "Zm9v\n", " Zm9v", "Zm9v.", "Zm9v\0", "Zm9vé",
        // One character holds no byte.
        "Z", "Zm9vY",
        // Bits that no byte takes.
        "Zh", "Zm9", "Zn9", "-_9",
    ])
    func `any other text is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `random bytes are written as Foundation writes them and come back`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("base64url: seed \(seed)")
        var random = SeededRandom(seed: seed)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let text = Base64URL.encode(bytes)
            let foundation = Data(bytes).base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            #expect(text == foundation)
            #expect(Base64URL.decode(text) == bytes)
        }
    }
}
