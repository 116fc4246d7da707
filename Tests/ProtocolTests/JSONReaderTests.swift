// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import Testing

@Suite struct JSONReaderTests {
    private func error(_ text: String, limits: JSONLimits = .standard) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONValue.parse(Array(text.utf8), limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func int64(_ text: String) throws(JSONError) -> Int64 {
        var reader = JSONReader(Array(text.utf8))
        let value = try reader.readInt64()
        try reader.finish()
        return value
    }

    @Test func `a duplicate key is refused at every level, however it is escaped`() {
        #expect(error(#"{"a":1,"a":2}"#)?.code == .duplicateKey)
        #expect(error(#"{"a":1,"\u0061":2}"#)?.code == .duplicateKey)
        #expect(error(#"{"x":[{"a":1,"b":{},"a":2}]}"#)?.path == "x[0].a")
        #expect(error(#"{"a":{"a":1},"b":{"a":1}}"#) == nil)
        let many = (0..<100).map { #""k\#($0)":0"# }
        #expect(error("{\(many.joined(separator: ","))}") == nil)
        for repeated in [0, 7, 8, 63, 99] {
            let text = "{\((many + [many[repeated]]).joined(separator: ","))}"
            #expect(error(text)?.path == "k\(repeated)")
        }
    }

    @Test func `a skipped value is checked as closely as one that is read`() throws {
        for text in [#"{"a":1,"a":2}"#, "[1,]", "\"\u{1}\"", "[1 2]", "{\"a\"}", "01", "-", "nul"] {
            #expect(throws: JSONError.self, "\(text)") {
                var reader = JSONReader(Array(text.utf8))
                try reader.skipValue()
                try reader.finish()
            }
        }
        var reader = JSONReader(Array(#"  {"a" : [1, "]"]} , 2"#.utf8))
        #expect(try reader.skipValue() == 2..<18)
        #expect(reader.offset == 18)
    }

    @Test func `only the given range is read`() throws {
        let bytes = Array(#"12[1,"x"]34"#.utf8)
        var reader = JSONReader(bytes, range: 2..<9)
        #expect(try JSONValue(from: &reader) == .array([.number("1"), .string("x")]))
        try reader.finish()
        for end in 3..<9 {
            #expect(throws: JSONError.self) {
                var reader = JSONReader(bytes, range: 2..<end)
                _ = try JSONValue(from: &reader)
            }
        }
    }

    @Test func `nesting stops at the limit`() {
        var limits = JSONLimits()
        limits.depthMax = 3
        #expect(error("[[[]]]", limits: limits) == nil)
        #expect(error("[[[[]]]]", limits: limits)?.code == .tooLarge)
        #expect(error(#"[[{"a":{}}]]"#, limits: limits)?.code == .tooLarge)
        #expect(error("[[[]],[[]],{\"a\":[]}]", limits: limits) == nil)
    }

    @Test func `a document beyond the limit of bytes is refused whatever it holds`() {
        var limits = JSONLimits()
        limits.bytesMax = 8
        #expect(error("[1,2,3]", limits: limits) == nil)
        #expect(error("[1,2,3,4]", limits: limits)?.code == .tooLarge)
        #expect(error("\"123456789\"", limits: limits)?.code == .tooLarge)
        #expect(error("         1", limits: limits)?.code == .tooLarge)
    }

    @Test func `whole numbers are exact to the ends of their range`() throws {
        #expect(try int64("9223372036854775807") == .max)
        #expect(try int64("-9223372036854775808") == .min)
        #expect(try int64("0") == 0)
        #expect(try int64("-0") == 0)
        #expect(try int64("9007199254740993") == 9_007_199_254_740_993)
        for text in ["9223372036854775808", "-9223372036854775809", "1.0", "1e3", "01", "+1", ""] {
            #expect(throws: JSONError.self, "\(text)") { try int64(text) }
        }
        let long = "1" + String(repeating: "0", count: 400) + ".5e-7"
        #expect(try JSONValue.parse(Array(long.utf8)) == .number(long))
    }

    @Test func `UTF-8 is held to RFC 3629`() {
        let refused: [[UInt8]] = [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xFF], [0x80], [0xC2], [0xE1, 0x80], [0xF1, 0x80, 0x80], [0xC2, 0x41],
        ]
        for bytes in refused {
            #expect(throws: JSONError.self, "\(bytes)") {
                try JSONValue.parse([0x22] + bytes + [0x22])
            }
            #expect(throws: JSONError.self, "\(bytes)") { try JSONValue.parse([0x22] + bytes) }
        }
        for scalar in [
            "\u{0}", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}",
            "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
        ]
        where scalar != "\u{0}" {
            #expect(error("\"\(scalar)\"") == nil)
        }
        #expect(throws: JSONError.self) { try JSONValue.parse([0xEF, 0xBB, 0xBF, 0x31]) }
    }

    @Test func `escapes are resolved and lone surrogates refused`() throws {
        let text = #""\"\\\/\b\f\n\r\t\u0000\u00e9\uD83D\uDE00\u20AC""#
        #expect(
            try JSONValue.parse(Array(text.utf8))
                == .string("\"\\/\u{8}\u{C}\n\r\t\u{0}é😀€"))
        for text in [
            #""\uD800""#, #""\uDC00""#, #""\uD800\uD800""#, #""\uD800x""#, #""\uD800\n""#,
            #""\u12"#, #""\u12G4""#, #""\x""#, #""\"#, #""\u""#, #""\uD83D\u""#, #""\U0041""#,
        ] {
            #expect(error(text)?.code == .syntax, "\(text)")
        }
    }

    @Test func `errors say where in the document and where in the bytes`() throws {
        var reader = JSONReader(Array(#"{"items":[{"amount":"1"},{"amount":2}]}"#.utf8))
        let error = #expect(throws: JSONError.self) {
            try reader.readObject { (reader, _) throws(JSONError) in
                try reader.readArray { (reader) throws(JSONError) in
                    try reader.readObject { (reader, _) throws(JSONError) in
                        _ = try reader.readString()
                    }
                }
            }
        }
        #expect(error?.path == "items[1].amount")
        #expect(error?.description == "items[1].amount is not a string")
        #expect(error?.offset == 35)
    }

    @Test func `keys of any length are told apart and come back as text`() throws {
        let keys =
            ["", "a", "b", "a\u{0}", "\u{0}", "é", "e\u{301}"]
            + (7...40).map { String(repeating: "k", count: $0) }
        var writer = JSONWriter()
        writer.beginObject()
        for key in keys {
            writer.key(text: key)
            writer.null()
        }
        writer.endObject()
        var reader = JSONReader(writer.bytes)
        var found: [String] = []
        try reader.readObject { (reader, key) throws(JSONError) in
            found.append(key.text)
            try reader.readNull()
            #expect((key == "kkkkkkkk") == (key.text.utf8.count == 8))
            #expect((key == "kkkkkkkkkkkkkkkk") == (key.text.utf8.count == 16))
            #expect((key == "kkkkkkkkkkkkkkkkk") == (key.text.utf8.count == 17))
        }
        #expect(found.map { Array($0.utf8) } == keys.map { Array($0.utf8) })
    }

    @Test func `text is counted in scalars and never holds U+0000`() throws {
        func text(_ json: String) throws(JSONError) -> String {
            var reader = JSONReader(Array(json.utf8))
            return try reader.readText(1...3)
        }
        #expect(try text(#""😀😀😀""#) == "😀😀😀")
        #expect(try text(#""abc""#) == "abc")
        for json in [#""""#, #""abcd""#, #""😀😀😀😀""#, #""a\u0000""#] {
            #expect(throws: JSONError.self, "\(json)") { try text(json) }
        }
    }

    @Test func `a key equals its text whether it is escaped or not`() throws {
        var found: [Bool] = []
        var reader = JSONReader(Array(#"{"amount":1,"\u0061mount2":2,"é":3}"#.utf8))
        try reader.readObject { (reader, key) throws(JSONError) in
            try reader.skipValue()
            found.append(key == "amount" || key == "amount2" || key == "é")
            #expect(key != "amoun")
        }
        #expect(found == [true, true, true])
    }

    @Test func `an error does not grow with the keys of the document`() {
        let key = String(repeating: "k", count: 1_000_000)
        for text in [#"{"\#(key)":{"\#(key)":x}}"#, #"{"\#(key)":1,"\#(key)":2}"#] {
            #expect((error(text)?.path.utf8.count ?? .max) < 100)
        }
    }

    @Test func `nothing may follow the document but white space`() {
        #expect(error("1 \t\r\n") == nil)
        for text in ["1 2", "1,", "{}}", "[]\u{0}", "null\u{B}", "\"\"\"\""] {
            #expect(error(text)?.code == .syntax, "\(text)")
        }
    }
}
