// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import TellerProtocol

/// How log lines are written down.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: `2026-11-25T04:00:00.000Z info teller: serving ports=[8700]`.
    case text
    /// One JSON object a line.
    case json
}

/// One event of the log as bytes that end in a line feed: redacted, bounded, and always one line.
struct LogLine {
    static let messageBytesMax = 4_096
    static let valueBytesMax = 1_024
    /// Bytes of all metadata's keys and texts; what comes beyond is left out.
    static let metadataBytesMax = 8_192
    static let keyBytesMax = 64
    /// Lists and dictionaries inside one another.
    static let depthMax = 4
    /// Members whose value is a secret whatever it looks like.
    static let secretKeys: Set<String> = ["authorization", "password", "secret", "token"]

    let time: Timestamp
    let level: Logger.Level
    let label: String
    let message: String
    let error: String?
    let metadata: Logger.Metadata

    func bytes(_ format: LogFormat, _ redactor: Redactor) -> [UInt8] {
        let message = redactor.redacted(message).cut(bytesMax: Self.messageBytesMax)
        let error = error.map { redactor.redacted($0).cut(bytesMax: Self.messageBytesMax) }
        var budget = Budget(redactor: redactor, bytesLeft: Self.metadataBytesMax)
        let metadata = budget.bounded(.dictionary(metadata), depth: 0)
        switch format {
        case .json: return json(message, error, metadata, isCut: budget.isCut)
        case .text: return text(message, error, metadata, isCut: budget.isCut)
        }
    }

    // MARK: - JSON

    private func json(
        _ message: String, _ error: String?, _ metadata: JSONValue, isCut: Bool
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.reserve(256)
        writer.beginObject()
        writer.key("time")
        writer.plainString { time.appendText(to: &$0) }
        writer.key("level")
        writer.string(level.rawValue)
        writer.key("logger")
        writer.string(label)
        writer.key("message")
        writer.string(message)
        if let error {
            writer.key("error")
            writer.string(error)
        }
        if case .object(let members) = metadata, !members.isEmpty {
            writer.key("metadata")
            metadata.encode(to: &writer)
        }
        if isCut {
            writer.key("truncated")
            writer.bool(true)
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    // MARK: - Text

    private func text(
        _ message: String, _ error: String?, _ metadata: JSONValue, isCut: Bool
    ) -> [UInt8] {
        var line = "\(time) \(level.rawValue) \(label): \(Self.oneLine(message))"
        if case .object(let members) = metadata {
            for member in members {
                line += " \(Self.oneLine(member.key))=\(Self.word(member.value))"
            }
        }
        if let error { line += " error=\(Self.word(.string(error)))" }
        if isCut { line += " …" }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    /// Texts of one word stand as they are; everything else is JSON, so that it can be told apart.
    private static func word(_ value: JSONValue) -> String {
        if case .string(let text) = value, !text.isEmpty,
            text.utf8.allSatisfy({ $0 > 0x20 && !"\"\\=".utf8.contains($0) })
        {
            return text
        }
        return String(decoding: value.jsonBytes, as: UTF8.self)
    }

    /// The text with its control characters escaped: nobody forges a line of the log.
    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F
                ? scalar.escaped(asASCII: true) : "\(scalar)"
        }.joined()
    }

    // MARK: - Metadata

    /// Makes metadata small and clean while there is room.
    private struct Budget {
        let redactor: Redactor
        var bytesLeft: Int
        var isCut = false

        mutating func bounded(_ value: Logger.MetadataValue, depth: Int) -> JSONValue {
            switch value {
            case .string(let text): return string(text)
            case .stringConvertible(let value): return string(value.description)
            case .array(let elements):
                var result: [JSONValue] = []
                for element in elements where mayGoOn(depth) {
                    result.append(bounded(element, depth: depth + 1))
                }
                return .array(result)
            case .dictionary(let members):
                var result: [JSONValue.Member] = []
                for (key, value) in members.sorted(by: { $0.key < $1.key }) where mayGoOn(depth) {
                    let key = key.cut(bytesMax: keyBytesMax)
                    bytesLeft -= key.utf8.count
                    let isSecret = secretKeys.contains(key.lowercased())
                    result.append(
                        .init(
                            key, isSecret ? string("[redacted]") : bounded(value, depth: depth + 1))
                    )
                }
                return .object(result)
            }
        }

        private mutating func mayGoOn(_ depth: Int) -> Bool {
            if bytesLeft > 0, depth < depthMax { return true }
            isCut = true
            return false
        }

        private mutating func string(_ text: String) -> JSONValue {
            let clean = redactor.redacted(text)
            let short = clean.cut(bytesMax: valueBytesMax)
            if short.utf8.count < clean.utf8.count { isCut = true }
            // An element without text costs as well.
            bytesLeft -= short.utf8.count + 4
            return .string(short)
        }
    }
}
