// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Upstream

/// Who is told what is wrong, and from when on it counts as wrong: the keys `alerts.…`.
struct AlertSettings: Sendable {
    /// A Telegram bot and the chat it writes to.
    struct Telegram: Sendable {
        let url: BaseURL
        let token: String
        /// A chat's number, or `@channel`.
        let chat: String
    }

    /// Where messages are posted as JSON.
    struct Webhook: Sendable {
        let url: BaseURL
        /// Whether the address ends in a slash, which `BaseURL` doesn't keep.
        let endsInSlash: Bool
        /// Sent as `Authorization: Bearer …`; nil for none.
        let token: String?
        /// The path, when it is so long that who knows it may post there; nil otherwise.
        let secretPath: String?

        static let secretPathBytesMin = 16
    }

    /// nil for none.
    let telegram: Telegram?
    /// nil for none.
    let webhook: Webhook?
    /// Which installation speaks, 1 to `sourceBytesMax` bytes.
    let source: String
    let incidents: IncidentMachine.Limits
    /// How long a withdrawal may stand unsettled in one state.
    let stuckAfter: Duration
    /// How long a breaker may be other than closed.
    let breakerOpenFor: Duration

    static let sourceBytesMax = 128

    /// What may be in no message and no line of the log.
    var secrets: [String] {
        [telegram?.token, webhook?.token, webhook?.secretPath].compactMap { $0 }
    }
}

extension AlertSettings {
    /// Reads and checks the keys.
    ///
    /// - Parameter allowInsecure: whether messages may go beyond this machine unencrypted.
    init(_ values: SettingValues, allowInsecure: Bool) throws(ConfigurationError) {
        telegram = try Self.telegram(values, allowInsecure)
        webhook = try Self.webhook(values, allowInsecure)
        source = values.text("alerts.source") ?? HostName.current
        guard (1...Self.sourceBytesMax).contains(source.utf8.count) else {
            throw values.invalid("alerts.source")
        }
        var limits = IncidentMachine.Limits()
        limits.escalateAfter = try Self.positive("alerts.escalateAfter", values)
        let reminder = try values.duration("alerts.remindEvery")
        limits.remindEvery = reminder > .zero ? reminder : nil
        limits.messagesPerMinute = try values.count("alerts.messagesPerMinute", in: 1...600)
        incidents = limits
        stuckAfter = try Self.positive("alerts.stuckAfter", values)
        breakerOpenFor = try values.duration("alerts.breakerOpenFor")
    }

    private static func positive(
        _ key: String, _ values: SettingValues
    ) throws(ConfigurationError) -> Duration {
        let duration = try values.duration(key)
        guard duration > .zero else { throw values.invalid(key, expected: "a time above 0") }
        return duration
    }

    private static func telegram(
        _ values: SettingValues, _ allowInsecure: Bool
    ) throws(ConfigurationError) -> Telegram? {
        guard let token = values.text("alerts.telegram.token") else {
            for key in ["alerts.telegram.chat", "alerts.telegram.url"]
            where values.values[key] != nil {
                throw .contradiction("\(key) needs alerts.telegram.token")
            }
            return nil
        }
        guard let chat = values.text("alerts.telegram.chat") else {
            throw .contradiction("alerts.telegram.token needs alerts.telegram.chat")
        }
        guard token.wholeMatch(of: /[0-9]{1,20}:[A-Za-z0-9_-]{20,200}/) != nil else {
            throw values.invalid("alerts.telegram.token", expected: "NUMBER:LETTERS of @BotFather")
        }
        guard chat.wholeMatch(of: /-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}/) != nil else {
            throw values.invalid("alerts.telegram.chat", expected: "a chat's number, or @channel")
        }
        let url = try url("alerts.telegram.url", values, allowInsecure)
        return Telegram(url: url, token: token, chat: chat)
    }

    private static func webhook(
        _ values: SettingValues, _ allowInsecure: Bool
    ) throws(ConfigurationError) -> Webhook? {
        let token = values.text("alerts.webhook.token")
        guard let text = values.text("alerts.webhook.url") else {
            guard token == nil else {
                throw .contradiction("alerts.webhook.token needs alerts.webhook.url")
            }
            return nil
        }
        if let token, token.wholeMatch(of: /[!-~]{1,4096}/) == nil {
            throw values.invalid(
                "alerts.webhook.token", expected: "ASCII characters without spaces")
        }
        let url = try url("alerts.webhook.url", values, allowInsecure)
        // Behind the scheme's slashes and the authority.
        let path = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
            .dropFirst(3).joined()
        return Webhook(
            url: url, endsInSlash: text.hasSuffix("/"), token: token,
            secretPath: path.utf8.count >= Webhook.secretPathBytesMin ? path : nil)
    }

    private static func url(
        _ key: String, _ values: SettingValues, _ allowInsecure: Bool
    ) throws(ConfigurationError) -> BaseURL {
        let url: BaseURL
        do throws(BaseURL.Fault) {
            url = try BaseURL(values.text(key) ?? "")
        } catch {
            throw .contradiction("\(key) \(error)")
        }
        guard url.isPrivate || allowInsecure else {
            throw .contradiction(
                "\(key) needs https beyond loopback; allowInsecure = true says you mean it without")
        }
        return url
    }
}
