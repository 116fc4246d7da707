// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import TellerProtocol

/// One line of a key journal: what one write to the file has made durable.
///
///     <16 hexadecimal digits: the first half of the text's SHA-256> <JSON text>\n
struct JournalRecord: Equatable {
    struct Begun: Equatable {
        /// Names the entry in the record that completes it; never used again in one file.
        var number: Int64
        var entry: JournalEntry
    }

    /// How much of the file, from its start, was known to be durable when this was written.
    ///
    /// A broken line below that mark was whole once: the file is damaged. A broken line above it
    /// is what a crash leaves of a write that nobody relied on yet.
    var durableBytes: Int64
    var begun: [Begun] = []
    var completed: [Int64] = []

    private static let checksumBytes = 8

    /// The line, line feed included.
    var line: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("durable")
        writer.number(durableBytes)
        writer.key("begun")
        writer.beginArray()
        for begun in begun {
            writer.beginObject()
            writer.key("number")
            writer.number(begun.number)
            writer.key("method")
            writer.string(begun.entry.method)
            writer.key("key")
            writer.string(begun.entry.key.text)
            writer.key("params")
            // As text within the text: its own line feeds are escaped.
            writer.string(String(decoding: begun.entry.params, as: UTF8.self))
            writer.endObject()
        }
        writer.endArray()
        writer.key("completed")
        writer.beginArray()
        for number in completed { writer.number(number) }
        writer.endArray()
        writer.endObject()
        let text = writer.bytes
        return Array(Self.checksum(text[...]).utf8) + [UInt8(ascii: " ")] + text
            + [UInt8(ascii: "\n")]
    }

    private static func checksum(_ text: ArraySlice<UInt8>) -> String {
        Hexadecimal.text(SHA256.hash(data: text).prefix(checksumBytes))
    }

    init(durableBytes: Int64, begun: [Begun] = [], completed: [Int64] = []) {
        self.durableBytes = durableBytes
        self.begun = begun
        self.completed = completed
    }

    /// Reads a line without its line feed; nil for anything that was not written whole.
    init?(line: ArraySlice<UInt8>) {
        let digits = 2 * Self.checksumBytes
        let text = line.dropFirst(digits + 1)
        guard line.count > digits + 1, line[line.startIndex + digits] == UInt8(ascii: " "),
            line.prefix(digits).elementsEqual(Self.checksum(text).utf8),
            let record = try? JournalRecord(json: Array(text))
        else { return nil }
        self = record
    }

    private init(json: [UInt8]) throws(JSONError) {
        var durable: Int64 = 0
        var begun: [Begun] = []
        var completed: [Int64] = []
        var reader = JSONReader(json)
        try reader.readObject { (reader, key) throws(JSONError) in
            if key == "durable" {
                durable = try reader.readInt64()
            } else if key == "begun" {
                try reader.readArray { (reader) throws(JSONError) in
                    begun.append(try Begun(from: &reader))
                }
            } else if key == "completed" {
                try reader.readArray { (reader) throws(JSONError) in
                    completed.append(try reader.readInt64())
                }
            } else {
                throw reader.invalid("is unknown: a newer version has written this file")
            }
        }
        try reader.finish()
        self.init(durableBytes: durable, begun: begun, completed: completed)
    }
}

extension JournalRecord.Begun: JSONDecodable {
    init(from reader: inout JSONReader) throws(JSONError) {
        var number: Int64?
        var method = ""
        var key: IdempotencyKey?
        var params: [UInt8] = []
        try reader.readObject { (reader, name) throws(JSONError) in
            if name == "number" {
                number = try reader.readInt64()
            } else if name == "method" {
                method = try reader.readString()
            } else if name == "key" {
                key = IdempotencyKey(try reader.readString())
            } else if name == "params" {
                params = Array(try reader.readString().utf8)
            } else {
                throw reader.invalid("is unknown")
            }
        }
        guard let number, let key else { throw reader.invalid("is incomplete") }
        self.init(
            number: number, entry: JournalEntry(method: method, key: key, params: params))
    }
}
