// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import TestSupport
import Testing

@Suite struct TextTests {
    @Test func `base64 is what Foundation makes of it`() {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Data(bytes).base64EncodedString()
            let urlSafe = text.replacing("+", with: "-").replacing("/", with: "_")
            let bare = urlSafe.replacing("=", with: "")
            #expect(Base64.encode(bytes) == text)
            #expect(Base64.encode(bytes, alphabet: .urlSafe) == bare)
            for form in [text, urlSafe, bare, text.replacing("=", with: "")] {
                #expect(Base64.decode(form) == bytes)
            }
            let lines = Data(bytes).base64EncodedString(options: .lineLength64Characters) + "\n"
            #expect(Base64.decode(lines, skippingNewlines: true) == bytes)
            #expect(Base64.decode(lines) == nil)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes).uppercased()) == bytes)
        }
    }

    @Test(arguments: [
        "A", "A===", "AA=", "AA===", "AAA==", "AAAA=", "AAAA====", "=AAA", "AA=A", "AB", "AAB",
        "AA AA", "AA*A", "+-AA", "AAA\u{e9}", "AAAA\n",
    ])
    func `what is no base64 is refused`(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(arguments: ["0", "0g", "0x00", " 00", "é0"])
    func `what is no hexadecimal is refused`(text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }

    @Test func `a hash is read from any form of exactly 32 bytes`() throws {
        let hash = try #require(Hash256(hex: String(repeating: "fb0f", count: 16)))
        #expect(Hash256(base64: hash.base64) == hash)
        #expect(Hash256(base64: Base64.encode(hash.bytes, alphabet: .urlSafe)) == hash)
        #expect(Hash256(bytes: hash.bytes) == hash)
        #expect(hash.bytes.count == 32 && hash.base64.count == 44)
        #expect(Hash256(bytes: hash.bytes.dropLast()) == nil)
        #expect(Hash256(hex: hash.hex + "00") == nil)
        #expect(Hash256(base64: Base64.encode(hash.bytes + [0])) == nil)
    }

    @Test(arguments: [0, 1, 122, 123, 124, 249, 250, 251, 376, 377, 378, 4096])
    func `a comment comes back, and its cells are as full as they can be`(count: Int) throws {
        let text = String((0..<count).map { Character(UnicodeScalar(97 + UInt8($0 % 26))) })
        let body = try TextComment.body(text)
        #expect(TextComment.text(of: body) == text)
        #expect(body.bitCount == 32 + 8 * min(count, 123))
        #expect(body.depth == (max(0, count - 123) + 126) / 127)
        var cell = body
        while let next = cell.references.first {
            #expect(next.references.isEmpty || next.bitCount == 127 * 8)
            cell = next
        }
    }

    @Test func `a character that cells cut in two comes back whole`() throws {
        for text in ["Вывод средств, спасибо! " + String(repeating: "я", count: 300), "🎁🎁", "é"] {
            for shift in 0..<4 {
                let shifted = String(repeating: "x", count: shift) + text
                #expect(TextComment.text(of: try TextComment.body(shifted)) == shifted)
            }
        }
    }

    @Test func `what is no comment is none`() throws {
        #expect(TextComment.text(of: .empty) == nil)
        #expect(TextComment.text(of: try TextComment.body("")) == "")
        let bodies: [(inout CellBuilder) throws -> Void] = [
            // Another operation; part of a byte; two references; no UTF-8; a NUL cut short.
            { try $0.store(1, bits: 32) },
            { try $0.store(0, bits: 33) },
            {
                try $0.store(0, bits: 32)
                try $0.store(reference: .empty)
                try $0.store(reference: .empty)
            },
            {
                try $0.store(0, bits: 32)
                try $0.store([0xFF])
            },
            {
                try $0.store(0, bits: 32)
                try $0.store([0xC0, 0x80])
            },
            { try $0.store(0, bits: 31) },
        ]
        for body in bodies {
            var builder = CellBuilder()
            try body(&builder)
            #expect(TextComment.text(of: try builder.cell()) == nil)
        }
        let long = try TextComment.body(String(repeating: "x", count: 4097))
        #expect(TextComment.text(of: long) == nil)
        #expect(TextComment.text(of: long, bytesMax: 4097)?.count == 4097)
    }
}
