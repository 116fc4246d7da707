// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

/// Random documents, read by this module and by Foundation.
@Suite struct JSONAgainstFoundationTests {
    @Test func `both read random documents alike`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("JSON against Foundation: seed \(seed)")
        var random = SeededRandom(seed: seed)
        for round in 0..<2000 {
            var text = ""
            Self.write(depth: 0, to: &text, using: &random)
            let bytes = Array(text.utf8)
            let ours = try JSONValue.parse(bytes)
            let theirs = try JSONSerialization.jsonObject(
                with: Data(bytes), options: [.fragmentsAllowed])
            try #require(Self.same(ours, theirs), "seed \(seed) round \(round): \(text)")
            let again = try JSONSerialization.jsonObject(
                with: Data(ours.jsonBytes), options: [.fragmentsAllowed])
            try #require(Self.same(ours, again), "seed \(seed) round \(round): \(text)")
        }
    }

    /// Foundation takes it for a byte order mark.
    @Test func `an escaped byte order mark within a string stays`() throws {
        let text = Array(#"{"\n\uFEFFa": "\uFEFF"}"#.utf8)
        #expect(
            try JSONValue.parse(text)
                == .object([.init("\n\u{FEFF}a", .string("\u{FEFF}"))]))
    }

    /// One byte of a random document is changed: what this module takes, Foundation takes too.
    @Test func `nothing is taken that Foundation refuses`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("JSON against Foundation, damaged: seed \(seed)")
        var random = SeededRandom(seed: seed)
        for round in 0..<4000 {
            var text = ""
            Self.write(depth: 2, to: &text, using: &random)
            var bytes = Array(text.utf8)
            let index = bytes.indices.randomElement(using: &random)!
            bytes[index] = Array("\"\\{}[],:0-.eEtfn u\u{7F}".utf8).randomElement(using: &random)!
            guard (try? JSONValue.parse(bytes)) != nil else { continue }
            do {
                _ = try JSONSerialization.jsonObject(
                    with: Data(bytes), options: [.fragmentsAllowed])
            } catch {
                // Foundation has no number beyond the range of Double; here it stays text.
                let isRange = "\(error)".contains("is not representable")
                #expect(isRange, "seed \(seed) round \(round): \(bytes) \(error)")
            }
        }
    }

    private static func same(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .object(let members):
            guard let other = theirs as? [String: Any], other.count == members.count else {
                return false
            }
            return members.allSatisfy { member in
                other[member.key].map { same(member.value, $0) } ?? false
            }
        case .array(let elements):
            guard let other = theirs as? [Any], other.count == elements.count else { return false }
            return zip(elements, other).allSatisfy { same($0, $1) }
        case .string(let text):
            return theirs as? String == text
        case .number(let text):
            guard let other = theirs as? NSNumber else { return false }
            if let whole = Int64(text) { return other.int64Value == whole }
            return other.doubleValue == Double(text)
        case .bool(let value):
            return theirs as? Bool == value
        case .null:
            return theirs is NSNull
        }
    }

    // MARK: - Documents

    private static func write(
        depth: Int, to text: inout String, using random: inout SeededRandom
    ) {
        space(to: &text, using: &random)
        switch Int.random(in: depth > 4 ? 2...7 : 0...7, using: &random) {
        case 0:
            text += "{"
            // The index keeps keys apart; Foundation would let the last of two equal ones win.
            for index in 0..<Int.random(in: 0...12, using: &random) {
                if index > 0 { text += "," }
                space(to: &text, using: &random)
                string(prefix: "\(index)|", to: &text, using: &random)
                space(to: &text, using: &random)
                text += ":"
                write(depth: depth + 1, to: &text, using: &random)
            }
            text += "}"
        case 1:
            text += "["
            for index in 0..<Int.random(in: 0...6, using: &random) {
                if index > 0 { text += "," }
                write(depth: depth + 1, to: &text, using: &random)
            }
            text += "]"
        case 2, 3: string(prefix: "", to: &text, using: &random)
        case 4, 5: number(to: &text, using: &random)
        case 6: text += Bool.random(using: &random) ? "true" : "false"
        default: text += "null"
        }
        space(to: &text, using: &random)
    }

    private static func space(to text: inout String, using random: inout SeededRandom) {
        for _ in 0..<max(0, Int.random(in: -4...2, using: &random)) {
            text += [" ", "\n", "\t", "\r"].randomElement(using: &random)!
        }
    }

    private static func string(
        prefix: String, to text: inout String, using random: inout SeededRandom
    ) {
        text += "\"" + prefix
        for _ in 0..<Int.random(in: 0...10, using: &random) {
            switch Int.random(in: 0...5, using: &random) {
            case 0:
                text += [#"\""#, #"\\"#, #"\/"#, #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#]
                    .randomElement(using: &random)!
            case 1:
                var scalar = UInt32.random(in: 1...0xFFFF, using: &random)
                // Foundation drops U+FEFF where it begins a part of a string.
                if scalar & 0xF800 == 0xD800 || scalar == 0xFEFF { scalar = 0x20AC }
                text += escape(scalar)
            case 2:
                text +=
                    escape(UInt32.random(in: 0xD800...0xDBFF, using: &random))
                    + escape(UInt32.random(in: 0xDC00...0xDFFF, using: &random))
            case 3: text += ["é", "€", "😀", "\u{7F}", "\u{10FFFF}"].randomElement(using: &random)!
            default:
                text += ["a", "Z", "0", " ", ":", "}", "]", ","].randomElement(using: &random)!
            }
        }
        text += "\""
    }

    private static func escape(_ unit: UInt32) -> String {
        let digits = String(unit, radix: 16, uppercase: unit % 2 == 0)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func number(to text: inout String, using random: inout SeededRandom) {
        switch Int.random(in: 0...3, using: &random) {
        case 0: text += String(Int64.random(in: .min ... .max, using: &random))
        case 1: text += String(Int64.random(in: -20...20, using: &random))
        case 2:
            text +=
                "\(Int.random(in: -99...99, using: &random)).\(Int.random(in: 0...999, using: &random))"
        default:
            text += "\(Int.random(in: 1...9, using: &random))"
            text += ["e", "E", "e+", "E-", ".5e"].randomElement(using: &random)!
            text += "\(Int.random(in: 0...30, using: &random))"
        }
    }
}
