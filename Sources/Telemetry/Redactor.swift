// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Takes secrets out of texts that leave the process: log lines and alerts.
///
/// It knows some by heart and others by their form: a Telegram bot's token (`\d+:[\w-]{35,}`), what
/// follows `Bearer` or `Basic`, the password in `scheme://user:password@host` and in `password=…`.
/// One pass over the bytes; a text without secrets is returned as it is.
package struct Redactor: Sendable {
    /// Shorter ones would be found in innocent words, and are taken for no secrets.
    package static let secretBytesMin = 6
    package static let secretsMax = 256

    private static let mark = Array("[redacted]".utf8)
    /// Characters of a bot's token behind its colon.
    private static let botNumberDigitsMin = 5
    private static let botTokenBytesMin = 35
    private static let schemes = ["bearer ", "basic "].map { Array($0.utf8) }
    private static let passwordKey = Array("password=".utf8)

    /// By their first byte; the longest first, as one may begin like another.
    private let secrets: [[[UInt8]]]

    /// - Parameter secrets: Configured ones: tokens, passwords, keys.
    package init(secrets: [String] = []) {
        precondition(secrets.count <= Self.secretsMax)
        let known = Set(secrets).map { Array($0.utf8) }.filter { $0.count >= Self.secretBytesMin }
        self.secrets = (0...255).map { first in
            known.filter { $0[0] == first }.sorted { $0.count > $1.count }
        }
    }

    package func redacted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        while index < bytes.count {
            guard let secret = secret(in: bytes, at: index) else {
                index += 1
                continue
            }
            result += bytes[copied..<max(copied, secret.lowerBound)] + Self.mark
            index = max(secret.upperBound, index + 1)
            copied = secret.upperBound
        }
        guard copied > 0 else { return text }
        return String(decoding: result + bytes[copied...], as: UTF8.self)
    }

    /// The secret that is recognised at `index`, though it may begin before or behind it.
    private func secret(in bytes: [UInt8], at index: Int) -> Range<Int>? {
        let byte = bytes[index]
        for known in secrets[Int(byte)] where bytes[index...].starts(with: known) {
            return index..<index + known.count
        }
        switch byte {
        case UInt8(ascii: ":"):
            return Self.botToken(bytes, colon: index) ?? Self.userPassword(bytes, colon: index)
        case UInt8(ascii: "B"), UInt8(ascii: "b"):
            return Self.credentials(bytes, at: index)
        case UInt8(ascii: "P"), UInt8(ascii: "p"):
            return Self.value(bytes, at: index, behind: Self.passwordKey)
        default: return nil
        }
    }

    private static func botToken(_ bytes: [UInt8], colon: Int) -> Range<Int>? {
        let start = bytes[..<colon].lastIndex { !isDigit($0) }.map { $0 + 1 } ?? 0
        let end = bytes[(colon + 1)...].firstIndex { !isTokenByte($0) } ?? bytes.count
        // A bot's number is long; `0:` and as many characters is an address on TON.
        guard colon - start >= botNumberDigitsMin, end - colon - 1 >= botTokenBytesMin else {
            return nil
        }
        return start..<end
    }

    /// What stands between the second colon and the last `@` of a URL's authority.
    private static func userPassword(_ bytes: [UInt8], colon: Int) -> Range<Int>? {
        let start = colon + 3
        guard bytes[colon...].starts(with: "://".utf8) else { return nil }
        let end = bytes[start...].firstIndex { "/?#\"'<> \t\r\n".utf8.contains($0) } ?? bytes.count
        guard let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")),
            let second = bytes[start..<at].firstIndex(of: UInt8(ascii: ":")), second + 1 < at
        else { return nil }
        return second + 1..<at
    }

    private static func credentials(_ bytes: [UInt8], at index: Int) -> Range<Int>? {
        schemes.lazy.compactMap { value(bytes, at: index, behind: $0) }.first
    }

    /// The word, or what stands in quotes, behind `key`, which is compared without regard to case;
    /// nil when there is none.
    private static func value(
        _ bytes: [UInt8], at index: Int, behind key: [UInt8]
    ) -> Range<Int>? {
        var start = index + key.count
        guard start < bytes.count,
            zip(bytes[index...], key).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        let quote = "\"'".utf8.first { $0 == bytes[start] }
        if quote != nil { start += 1 }
        let end = bytes[start...].firstIndex { byte in
            quote.map { $0 == byte } ?? " \t\r\n\"',&;".utf8.contains(byte)
        }
        return start < end ?? bytes.count ? start..<(end ?? bytes.count) : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}
