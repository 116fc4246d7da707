// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import Testing

/// github.com/nst/JSONTestSuite: what a parser must take (`y_`), must refuse (`n_`) and may do
/// either way with (`i_`).
@Suite struct JSONTestSuiteTests {
    struct Document: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]

        var testDescription: String { name }
    }

    /// The documents whose names begin with `prefix`.
    static func documents(_ prefix: String) throws -> [Document] {
        let file = try #require(
            Bundle.module.url(
                forResource: "JSONTestSuite", withExtension: "txt", subdirectory: "Fixtures"))
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return try lines.filter { $0.hasPrefix(prefix) }.map { line in
            let fields = line.split(separator: " ")
            let unit =
                fields.count > 2 ? try #require(Data(base64Encoded: String(fields[2]))) : Data()
            let count = try #require(Int(fields[1]))
            return Document(
                name: String(fields[0]), bytes: Array(repeatElement(unit, count: count).joined()))
        }
    }

    @Test func `what must be taken is taken and written back with the same meaning`() throws {
        let documents = try Self.documents("y_")
        #expect(documents.count == 95)
        for document in documents {
            // Two keep a duplicate key, which RFC 8259 section 4 allows and this service refuses.
            if document.name.contains("duplicated_key") {
                let error = #expect(throws: JSONError.self, "\(document.name)") {
                    try JSONValue.parse(document.bytes)
                }
                #expect(error?.code == .duplicateKey)
                continue
            }
            do {
                let value = try JSONValue.parse(document.bytes)
                #expect(try JSONValue.parse(value.jsonBytes) == value, "\(document.name)")
                #expect(try JSONValue.parse(Array(value.prettyText().utf8)) == value)
            } catch {
                Issue.record("\(document.name): \(error)")
            }
        }
    }

    @Test func `what must be refused is refused, read and skipped alike`() throws {
        let documents = try Self.documents("n_")
        #expect(documents.count == 188)
        for document in documents {
            #expect(throws: JSONError.self, "\(document.name)") {
                try JSONValue.parse(document.bytes)
            }
            #expect(throws: JSONError.self, "\(document.name)") {
                var reader = JSONReader(document.bytes)
                try reader.skipValue()
                try reader.finish()
            }
        }
    }

    /// Invalid UTF-8, lone surrogates and a byte order mark are refused; numbers of any size are
    /// taken as their text.
    @Test func `what may go either way is decided strictly`() throws {
        let documents = try Self.documents("i_")
        #expect(documents.count == 35)
        for document in documents {
            let isNumber = document.name.hasPrefix("i_number")
            let taken = (try? JSONValue.parse(document.bytes)) != nil
            #expect(taken == isNumber, "\(document.name)")
        }
    }

    /// Every y_ document cut short and with each of its bytes changed: no crash, and what is
    /// taken is written back unchanged in meaning.
    @Test func `damaged documents never crash the reader`() throws {
        var random = SystemRandomNumberGenerator()
        for document in try Self.documents("y_") {
            for index in document.bytes.indices {
                _ = try? JSONValue.parse(Array(document.bytes[..<index]))
                var damaged = document.bytes
                damaged[index] = UInt8.random(in: 0...255, using: &random)
                guard let value = try? JSONValue.parse(damaged) else { continue }
                #expect(try JSONValue.parse(value.jsonBytes) == value, "\(damaged)")
            }
        }
    }
}
