// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import TestSupport
import Testing

@testable import Marketplaces

/// Amounts as they are written, to the nanoton.
@Suite struct DecimalTextTests {
    @Test(arguments: [
        ("0.1", 100_000_000), ("44", 44_000_000_000), ("12.9", 12_900_000_000), ("0", 0),
        ("123.123123123", 123_123_123_123), ("12.345678901", 12_345_678_901), ("0.0", 0),
        ("1e-9", 1), ("1E2", 100_000_000_000), ("1.5e+1", 15_000_000_000), ("12.5e-8", 125),
        ("0e200", 0), ("9223372036.854775807", Int64.max), ("1.500000000", 1_500_000_000),
    ])
    func `amounts in TON are read exactly`(text: String, nanotons: Int64) {
        #expect(DecimalText.units(text, decimals: 9) == nanotons)
    }

    @Test(arguments: [
        "0.0000000001", "1.5000000000", "12.89999999999999", "1e-10", "9223372036.854775808",
        "1e11",
        "-1", "+1", " 1", "1 ", "", ".5", "5.", "01", "1,5", "0x10", "NaN", "1e", "1e+", "1e9999",
        "1.2.3", "１", String(repeating: "9", count: 65),
    ])
    func `what is no amount, too fine or too much is refused`(text: String) {
        #expect(DecimalText.units(text, decimals: 9) == nil)
    }

    @Test func `what is written is read again, for any amount and any way to write it`() {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        for _ in 0..<20_000 {
            let magnitude = Int64.random(in: 0..<63, using: &random)
            let amount = Int64.random(in: 0...Int64.max >> magnitude, using: &random)
            let text = DecimalText.text(nanotons(amount))
            #expect(DecimalText.units(text, decimals: 9) == amount, "seed \(random.seed)")
            #expect(!text.contains(".") || text.last != "0", "seed \(random.seed)")
            let whole = DecimalText.units("\(amount)e-9", decimals: 9)
            #expect(whole == amount, "seed \(random.seed)")
            #expect(
                DecimalText.units(
                    "\(text)\(text.contains(".") ? "" : ".")0000000000",
                    decimals: 9) == nil, "seed \(random.seed)")
        }
    }

    @Test(arguments: [
        (12_900_000_000, 1_000, 14_190_000_000), (12_900_000_000, 600, 13_674_000_000),
        (1, 1_000, 2), (0, 1_000, 0), (7, 0, 7),
    ])
    func `a buyer's fee is added and rounded up`(raw: Int64, fee: Int, price: Int64) {
        #expect(
            Listing.price(nanotons(raw), feeBasisPoints: fee) == nanotons(price))
    }

    @Test func `a price that can't be told with its fee is none`() {
        #expect(Listing.price(.max, feeBasisPoints: 1) == nil)
        #expect(Listing.price(.max, feeBasisPoints: 10_000) == nil)
        #expect(Listing.price(.max, feeBasisPoints: 0) == .max)
    }
}
