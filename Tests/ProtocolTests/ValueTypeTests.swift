// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

@Suite struct NanotonsTests {
    @Test func `the wire form is whole digits and nothing else`() {
        #expect(Nanotons(wire: "0") == .zero)
        #expect(Nanotons(wire: "1500000000")?.rawValue == 1_500_000_000)
        #expect(Nanotons(wire: "9223372036854775807") == .max)
        for text in [
            "", "-1", "+1", "01", "00", "1.5", "1e3", " 1", "1 ", "0x1", "9223372036854775808",
            "18446744073709551616", "99999999999999999999", "1_000", "١", "１", "1\u{0}",
        ] {
            #expect(Nanotons(wire: text) == nil, "\(text)")
        }
    }

    @Test func `sums and differences leave the range as nil`() {
        let one = Nanotons(1)!
        #expect(Nanotons.max.adding(one) == nil)
        #expect(Nanotons.max.adding(.zero) == .max)
        #expect(Nanotons.zero.subtracting(one) == nil)
        #expect(one.subtracting(one) == .zero)
        #expect(Nanotons(-1) == nil)
    }

    @Test func `people read it in TON`() {
        #expect(Nanotons(1_500_000_000)?.description == "1.5 TON")
        #expect(Nanotons(1)?.description == "0.000000001 TON")
        #expect(Nanotons(2_000_000_000)?.description == "2 TON")
        #expect(Nanotons.zero.description == "0 TON")
    }

    @Test func `every amount comes back from its wire form`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("Nanotons: seed \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let shift = Int64.random(in: 0...62, using: &random)
            let amount = Nanotons(Int64.random(in: 0...Int64.max, using: &random) >> shift)!
            #expect(Nanotons(wire: amount.wireText) == amount, "seed \(seed)")
        }
    }
}

@Suite struct TimestampTests {
    @Test func `they agree with Foundation from year 0 to 9999`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("Time stamps: seed \(seed)")
        var random = SeededRandom(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2000 {
            // From 1600 on, where Foundation's calendar is Gregorian too.
            let milliseconds = Int64.random(
                in: -11_644_473_600_000...253_402_300_799_999, using: &random)
            let time = Timestamp(unixMilliseconds: milliseconds)
            #expect(Timestamp(time.description) == time)
            let date = try Date(time.description, strategy: style)
            #expect(
                Int64((date.timeIntervalSince1970 * 1000).rounded()) == milliseconds,
                "seed \(seed): \(time)")
        }
    }

    @Test func `only real moments in the one form are read`() {
        #expect(Timestamp("1970-01-01T00:00:00.000Z")?.unixMilliseconds == 0)
        #expect(Timestamp("1969-12-31T23:59:59.999Z")?.unixMilliseconds == -1)
        #expect(Timestamp("2024-02-29T12:00:00.000Z") != nil)
        #expect(Timestamp("2000-02-29T12:00:00.000Z") != nil)
        for text in [
            "", "2023-02-29T12:00:00.000Z", "1900-02-29T12:00:00.000Z", "2026-13-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z", "2026-04-31T00:00:00.000Z", "2026-01-00T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z", "2026-01-01T00:00:60.000Z",
            "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000z", "2026-01-01 00:00:00.000Z",
            "2026-01-01T00:00:00.000+00:00", "2026-01-01T00:00:00.0000Z",
            "+026-01-01T00:00:00.000Z",
        ] {
            #expect(Timestamp(text) == nil, "\(text)")
        }
    }
}

@Suite struct UUIDv7Tests {
    @Test func `text and bits are one`() throws {
        let text = "018f2b1c-7d3e-7a10-8b4d-5f0e6a9c1d2e"
        let id = try #require(UUIDv7(text))
        #expect(id.high == 0x018F_2B1C_7D3E_7A10)
        #expect(id.low == 0x8B4D_5F0E_6A9C_1D2E)
        #expect(id.description == text)
        #expect(UUIDv7(text.uppercased()) == id)
        #expect(id.unixMilliseconds == 0x018F_2B1C_7D3E)
    }

    @Test func `other versions, variants and shapes are refused`() {
        for text in [
            "", "018f2b1c-7d3e-4a10-8b4d-5f0e6a9c1d2e", "018f2b1c-7d3e-7a10-cb4d-5f0e6a9c1d2e",
            "018f2b1c-7d3e-7a10-0b4d-5f0e6a9c1d2e", "018f2b1c7d3e7a108b4d5f0e6a9c1d2e",
            "018f2b1c-7d3e-7a10-8b4d-5f0e6a9c1d2", "018f2b1c-7d3e-7a10-8b4d-5f0e6a9c1d2e0",
            "018f2b1g-7d3e-7a10-8b4d-5f0e6a9c1d2e", "018f2b1c-7d3e-7a10-8b4d+5f0e6a9c1d2e",
            "{18f2b1c-7d3e-7a10-8b4d-5f0e6a9c1d2}",
        ] {
            #expect(UUIDv7(text) == nil, "\(text)")
        }
    }

    @Test func `made ids carry their time, rise and come back from text`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("UUIDs: seed \(seed)")
        var random = SeededRandom(seed: seed)
        var last: UUIDv7?
        var time: UInt64 = 1_700_000_000_000
        var sequence: UInt16 = 0
        for _ in 0..<2000 {
            if Bool.random(using: &random) {
                (time, sequence) = (time + 1, 0)
            } else {
                sequence += 1
            }
            let id = UUIDv7(unixMilliseconds: time, sequence: sequence, random: random.next())
            #expect(id.unixMilliseconds == time)
            #expect(UUIDv7(id.description) == id)
            if let last { #expect(last < id && last.description < id.description, "seed \(seed)") }
            last = id
        }
    }
}

@Suite struct IdentifierTests {
    @Test func `an account id is 1 to 64 plain characters`() {
        #expect(AccountID("user:42_a.b-C") != nil)
        #expect(AccountID(String(repeating: "a", count: 64)) != nil)
        for text in ["", "a b", "é", "a/b", "a\u{0}", String(repeating: "a", count: 65), "a\n"] {
            #expect(AccountID(text) == nil, "\(text)")
            #expect(TenantID(text) == nil, "\(text)")
        }
    }

    @Test func `an idempotency key is 1 to 255 printable ASCII characters`() {
        #expect(IdempotencyKey(" ~!") != nil)
        #expect(IdempotencyKey(String(repeating: "k", count: 255)) != nil)
        for text in ["", String(repeating: "k", count: 256), "é", "a\n", "\u{7F}", "a\u{0}"] {
            #expect(IdempotencyKey(text) == nil, "\(text)")
        }
    }
}
