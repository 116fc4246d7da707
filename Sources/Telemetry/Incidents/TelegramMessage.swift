// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol

/// An alert as a call of Telegram's Bot API, `sendMessage`
/// (<https://core.telegram.org/bots/api#sendmessage>), and what its answer means.
///
/// The text is plain: without entities there is nothing to escape and nothing Telegram could
/// refuse to parse.
package enum TelegramMessage {
    /// Telegram's limit of a text, in UTF-16 units.
    package static let textUnitsMax = 4_096
    /// Bytes of an answer that are looked at; Telegram's are a few hundred.
    package static let answerBytesMax = 65_536
    private static let reasonBytesMax = 256

    /// The body of the request, `application/json`.
    ///
    /// - Parameters:
    ///   - chat: A chat's number, or `@channel`.
    ///   - source: Which installation speaks.
    package static func body(_ message: AlertMessage, chat: String, source: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("chat_id")
        writer.string(chat)
        writer.key("text")
        writer.string(AlertText.plain(message, source: source, unitsMax: textUnitsMax))
        writer.key("disable_notification")
        writer.bool(message.severity == .notice)
        writer.key("link_preview_options")
        writer.beginObject()
        writer.key("is_disabled")
        writer.bool(true)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    /// Returns when the answer says that the message was sent.
    ///
    /// A 5xx, or an answer that is none of Telegram's, leaves open whether it was.
    package static func check(status: Int, body: [UInt8]) throws(AlertDeliveryError) {
        let answer = Answer(body)
        if answer.isOK == true, (200..<300).contains(status) { return }
        let code = answer.isOK == false ? answer.errorCode ?? status : status
        let reason =
            "HTTP \(status)"
            + (answer.description.map { ": " + $0.cut(bytesMax: reasonBytesMax) } ?? "")
        switch code {
        case 429: throw .retryable(after: answer.retryAfter, reason)
        case 300..<500 where code != 408: throw .permanent(reason)
        default: throw .unknown(reason)
        }
    }

    /// What matters of an answer; garbage says nothing.
    private struct Answer {
        var isOK: Bool?
        var errorCode: Int?
        var description: String?
        var retryAfter: Duration?

        init(_ body: [UInt8]) {
            var limits = JSONLimits()
            limits.bytesMax = answerBytesMax
            guard let value = try? JSONValue.parse(body, limits: limits) else { return }
            if case .bool(let isOK)? = value["ok"] { self.isOK = isOK }
            if case .number(let code)? = value["error_code"] { errorCode = Int(code) }
            if case .string(let text)? = value["description"] { description = text }
            if case .number(let seconds)? = value["parameters"]?["retry_after"],
                let seconds = Int(seconds), seconds >= 0
            {
                retryAfter = .seconds(seconds)
            }
        }
    }
}
