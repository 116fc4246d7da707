// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import Testing

@Suite struct JSONWriterTests {
    @Test func `commas and colons stand where they belong`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.number(.min)
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.endArray()
        writer.key(text: "b\"")
        writer.bool(true)
        writer.key("c")
        writer.raw("[1]".utf8)
        writer.key("d")
        writer.plainString { $0.append(contentsOf: "x".utf8) }
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"a":[-9223372036854775808,{},null],"b\"":true,"c":[1],"d":"x"}"#)
    }

    @Test func `every scalar comes back`() throws {
        let text = String(
            String.UnicodeScalarView((0...0x10FFFF).compactMap(Unicode.Scalar.init)))
        let bytes = JSONValue.string(text).jsonBytes
        #expect(try JSONValue.parse(bytes) == .string(text))
        #expect(!bytes.contains { $0 < 0x20 })
    }

    @Test func `control characters take their short escapes`() {
        let text = String(
            decoding: JSONValue.string("\u{8}\u{C}\n\r\t\u{1F}\"\\/").jsonBytes, as: UTF8.self)
        #expect(text == #""\b\f\n\r\t\u001f\"\\/""#)
    }

    @Test func `numbers are written to the last digit`() throws {
        for value in [0, 1, -1, 9, 10, -10, .max, .min] as [Int64] {
            var writer = JSONWriter()
            writer.number(value)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == String(value))
        }
    }
}
