// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import TestSupport
import Testing

@Suite struct TONAddressTests {
    private let vectors: AddressVectors

    init() throws { vectors = try AddressVectors() }

    @Test func `every form of an address leads to its raw form`() throws {
        #expect(vectors.valid.count >= 9)
        for vector in vectors.valid {
            for (text, isBounceable) in vector.forms {
                let written = try WrittenTONAddress(text, on: .testnet)
                #expect(written.address.rawText == vector.raw)
                #expect(written.address.workchain == vector.workchain)
                #expect(written.isBounceable == isBounceable)
            }
        }
    }

    @Test func `an address is written as other libraries write it`() throws {
        for vector in vectors.valid {
            let address = try WrittenTONAddress(vector.raw, on: .mainnet).address
            #expect(address.friendlyText(isBounceable: true) == vector.bounceable)
            #expect(address.friendlyText(isBounceable: false) == vector.nonBounceable)
            #expect(
                address.friendlyText(isBounceable: true, isTestOnly: true)
                    == vector.bounceableTestnet)
            #expect(
                address.friendlyText(isBounceable: false, isTestOnly: true)
                    == vector.nonBounceableTestnet)
        }
    }

    @Test func `a raw address is canonical in lower case and doesn't bounce`() throws {
        for vector in vectors.valid {
            let written = try WrittenTONAddress(vector.raw.uppercased(), on: .mainnet)
            #expect(written.address.rawText == vector.raw)
            #expect(written.isBounceable == false)
        }
    }

    @Test func `forms of one account are one address`() throws {
        for vector in vectors.valid {
            let addresses = try vector.forms.map {
                try WrittenTONAddress($0.text, on: .testnet).address
            }
            #expect(Set(addresses).count == 1)
        }
    }

    @Test func `every special case of the vectors is decided as they say`() throws {
        for special in vectors.special {
            switch special.expect {
            case "accept":
                #expect(throws: Never.self) { try WrittenTONAddress(special.input, on: .mainnet) }
            case "reject on mainnet, accept on testnet":
                #expect(throws: TONAddressError.testOnly) {
                    try WrittenTONAddress(special.input, on: .mainnet)
                }
                #expect(throws: Never.self) { try WrittenTONAddress(special.input, on: .testnet) }
            case let expectation:
                #expect(expectation.hasPrefix("reject"))
                #expect(throws: TONAddressError.self, "\(special.why)") {
                    try WrittenTONAddress(special.input, on: .testnet)
                }
            }
        }
    }

    @Test(arguments: [
        ("", TONAddressError.wrongLength(0)),
        ("EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrH", .wrongLength(47)),
        ("EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHFA", .wrongLength(49)),
        (String(repeating: "A", count: 101), .wrongLength(101)),
        (" EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF", .characterNotAllowed(position: 0)),
        ("EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF=", .characterNotAllowed(position: 48)),
        ("EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOAéff-W72r5gqPrHF", .characterNotAllowed(position: 33)),
        ("EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHA", .checksum),
        ("EQD77-_v7-_v7-_v7+_v7-_v7-_v7-_v7-_v7-_v7-_v79Hk", .mixedAlphabets),
        ("EADKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPi3g", .unknownTag(0x10)),
        ("EQHKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPjwZ", .workchain),
        ("1:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e", .workchain),
        ("-0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e", .workchain),
        ("00:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e", .workchain),
        (":ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e", .malformedRawForm),
        ("0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3", .malformedRawForm),
        ("0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3eF", .malformedRawForm),
        ("0:ga6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e", .malformedRawForm),
    ])
    func `an error says what is wrong`(text: String, error: TONAddressError) {
        #expect(throws: error) { try WrittenTONAddress(text, on: .mainnet) }
        #expect(text.isEmpty || !"\(error)".contains(text))
    }

    @Test func `every single mistyped character is refused`() {
        let typed = (UInt8(ascii: " ")...UInt8(ascii: "~")).map { $0 } + [0, 0x7F, 0x0A]
        for vector in vectors.valid {
            for (text, _) in vector.friendlyForms {
                let original = Array(text.utf8)
                for position in original.indices {
                    for character in typed where character != original[position] {
                        var mistyped = original
                        mistyped[position] = character
                        expectRefused(mistyped, unlessOtherAlphabetOf: original)
                    }
                }
            }
        }
    }

    @Test func `every two swapped neighbours are refused`() {
        for vector in vectors.valid {
            for (text, _) in vector.friendlyForms {
                let original = Array(text.utf8)
                for position in original.indices.dropLast()
                where original[position] != original[position + 1] {
                    var swapped = original
                    swapped.swapAt(position, position + 1)
                    expectRefused(swapped, unlessOtherAlphabetOf: original)
                }
            }
        }
    }

    @Test func `every lost and every doubled character is refused`() {
        for vector in vectors.valid {
            for (text, _) in vector.friendlyForms {
                for position in text.indices {
                    var shorter = text
                    shorter.remove(at: position)
                    var longer = text
                    longer.insert(text[position], at: position)
                    for wrong in [shorter, longer] {
                        #expect(throws: TONAddressError.self) {
                            try WrittenTONAddress(wrong, on: .testnet)
                        }
                    }
                }
            }
        }
    }

    @Test func `random bytes are refused and random addresses come back`() throws {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for _ in 0..<2_000 {
            let digits = (0..<64).map { _ in
                "0123456789abcdef".randomElement(using: &random) ?? "0"
            }
            let raw = (Bool.random(using: &random) ? "0:" : "-1:") + String(digits)
            let address = try WrittenTONAddress(raw, on: .mainnet).address
            let isBounceable = Bool.random(using: &random)
            let again = try WrittenTONAddress(
                address.friendlyText(isBounceable: isBounceable), on: .mainnet)
            #expect(again.address == address)
            #expect(again.address.rawText == raw)
            #expect(again.isBounceable == isBounceable)

            let noise = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(throws: TONAddressError.self) {
                try WrittenTONAddress(String(decoding: noise, as: UTF8.self), on: .testnet)
            }
        }
    }

    /// Refused, or the same characters in the other alphabet: then it is the same address.
    private func expectRefused(
        _ text: [UInt8], unlessOtherAlphabetOf original: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let text = String(decoding: text, as: UTF8.self)
        guard let written = try? WrittenTONAddress(text, on: .testnet) else { return }
        let same = try? WrittenTONAddress(String(decoding: original, as: UTF8.self), on: .testnet)
        let isOtherAlphabet =
            text.replacing("+", with: "-").replacing("/", with: "_")
            == String(decoding: original, as: UTF8.self)
            .replacing("+", with: "-").replacing("/", with: "_")
        #expect(isOtherAlphabet && written == same, "\(text)", sourceLocation: sourceLocation)
    }
}

/// Addresses checked with pytoniq-core, ton-core and tonsdk.
private struct AddressVectors: Decodable {
    struct Valid: Decodable {
        let raw: String
        let workchain: Int8
        let bounceable: String
        let bounceableStandard: String
        let nonBounceable: String
        let nonBounceableStandard: String
        let bounceableTestnet: String
        let bounceableTestnetStandard: String
        let nonBounceableTestnet: String
        let nonBounceableTestnetStandard: String

        enum CodingKeys: String, CodingKey {
            case raw, workchain, bounceable
            case bounceableStandard = "bounceable_std_base64"
            case nonBounceable = "non_bounceable"
            case nonBounceableStandard = "non_bounceable_std_base64"
            case bounceableTestnet = "bounceable_testnet"
            case bounceableTestnetStandard = "bounceable_testnet_std_base64"
            case nonBounceableTestnet = "non_bounceable_testnet"
            case nonBounceableTestnetStandard = "non_bounceable_testnet_std_base64"
        }

        var friendlyForms: [(text: String, isBounceable: Bool)] {
            [
                (bounceable, true), (bounceableStandard, true), (nonBounceable, false),
                (nonBounceableStandard, false), (bounceableTestnet, true),
                (bounceableTestnetStandard, true), (nonBounceableTestnet, false),
                (nonBounceableTestnetStandard, false),
            ]
        }

        var forms: [(text: String, isBounceable: Bool)] { friendlyForms + [(raw, false)] }
    }

    struct Special: Decodable {
        let input: String
        let why: String
        let expect: String
    }

    let valid: [Valid]
    let special: [Special]

    init() throws {
        let url = try #require(
            Bundle.module.url(
                forResource: "addresses", withExtension: "json", subdirectory: "Fixtures"))
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
    }
}
