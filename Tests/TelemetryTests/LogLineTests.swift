// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import TellerProtocol
import Testing

@testable import Telemetry

@Suite struct LogLineTests {
    private static func line(
        _ message: String, error: String? = nil, _ metadata: Logger.Metadata = [:],
        _ format: LogFormat = .json, _ redactor: Redactor = Redactor()
    ) -> String {
        let line = LogLine(
            time: Timestamp(unixMilliseconds: 1_764_043_200_123), level: .notice, label: "teller",
            message: message, error: error, metadata: metadata)
        return String(decoding: line.bytes(format, redactor), as: UTF8.self)
    }

    private static let metadata: Logger.Metadata = [
        "withdrawal": "w-1", "ports": ["8700", "8701"], "empty": "",
        "task": ["name": "payout dispatcher", "attempt": .stringConvertible(3)],
    ]

    @Test func `a line of JSON is as it is written down`() {
        #expect(
            Self.line("a \"b\"\n", error: "Away()", Self.metadata) == #"""
                {"time":"2025-11-25T04:00:00.123Z","level":"notice","logger":"teller","message":"a \"b\"\n","error":"Away()","metadata":{"empty":"","ports":["8700","8701"],"task":{"attempt":"3","name":"payout dispatcher"},"withdrawal":"w-1"}}

                """#)
        #expect(
            Self.line("plain") == #"""
                {"time":"2025-11-25T04:00:00.123Z","level":"notice","logger":"teller","message":"plain"}

                """#)
    }

    @Test func `a line of text is as it is written down`() {
        #expect(
            Self.line("a \"b\"", error: "no way", Self.metadata, .text) == #"""
                2025-11-25T04:00:00.123Z notice teller: a "b" empty="" ports=["8700","8701"] task={"attempt":"3","name":"payout dispatcher"} withdrawal=w-1 error="no way"

                """#)
    }

    @Test(arguments: LogFormat.allCases)
    func `nobody forges a line`(format: LogFormat) {
        let forged = "x\n2025-11-25T04:00:00.123Z critical teller: forged\r\u{1B}[2J\u{7F}"
        let line = Self.line(forged, error: forged, ["k\n": "\(forged)"], format)
        #expect(line.hasSuffix("\n"))
        #expect(!line.dropLast().unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test(arguments: LogFormat.allCases)
    func `no secret is logged`(format: LogFormat) {
        let secret = "correct-horse"
        let line = Self.line(
            "with \(secret)", error: "Bearer abcdef",
            [
                "a": "x \(secret)", "b": ["y \(secret)"], "c": ["d": "\(secret)"],
                "Password": "p1", "token": ["p2"],
                "cut": "\(String(repeating: "x", count: LogLine.valueBytesMax - 8))\(secret)",
            ], format, Redactor(secrets: [secret]))
        for text in ["correct", "abcdef", "p1", "p2"] { #expect(!line.contains(text)) }
        #expect(line.split(separator: "[redacted]").count >= 6)
    }

    @Test(arguments: LogFormat.allCases)
    func `a line has an end whatever is logged`(format: LogFormat) throws {
        let long = String(repeating: "é", count: 20_000)
        var deep = Logger.MetadataValue.string("x")
        for _ in 0..<1_000 { deep = .array([deep]) }
        var wide: Logger.Metadata = ["deep": deep, "\(long)": "x"]
        for index in 0..<1_000 { wide["w\(index)"] = "\(long)" }
        wide["empty"] = .array(Array(repeating: "", count: 100_000))
        let line = Self.line(long, error: long, wide, format)
        let bytesMax = 2 * LogLine.messageBytesMax + LogLine.metadataBytesMax
        // Quotes, separators, and one value beyond the limit at the most.
        #expect(line.utf8.count < 2 * bytesMax)
        if format == .json {
            let value = try JSONValue.parse(Array(line.utf8.dropLast()))
            #expect(value["truncated"] == .bool(true))
        } else {
            #expect(line.hasSuffix(" …\n"))
        }
    }
}
