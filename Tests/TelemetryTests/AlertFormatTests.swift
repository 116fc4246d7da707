// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import Testing

@testable import Telemetry

@Suite struct AlertFormatTests {
    private static func entry(
        _ event: AlertMessage.Event = .opened, _ kind: IncidentKind = .taskDegraded,
        subject: String = "payout-dispatcher", summary: String = "Five failures in a row.",
        openedAgo: Duration = .seconds(7_500), closedAgo: Duration? = nil, raises: Int = 1,
        mayRepeat: Bool = false
    ) -> AlertMessage.Entry {
        .init(
            id: "r-1-\(event.rawValue)", event: event,
            incident: Incident(kind, subject, summary).bounded, severity: kind.severity,
            openedAgo: openedAgo, closedAgo: closedAgo, raises: raises,
            mayRepeat: mayRepeat)
    }

    private static func single(_ entry: AlertMessage.Entry) -> AlertMessage {
        AlertMessage(entries: [entry], omitted: [:], untracked: [:])
    }

    private static func text(_ message: AlertMessage) throws -> String {
        let body = try JSONValue.parse(
            TelegramMessage.body(message, chat: "-100", source: "teller-1"))
        guard case .string(let text)? = body["text"] else { return "" }
        return text
    }

    // MARK: - Telegram

    @Test func `a message says what, where, since when and its id`() throws {
        #expect(
            try Self.text(Self.single(Self.entry(raises: 3, mayRepeat: true))) == """
                🟠 WARNING: A task fails again and again
                teller-1 · task_degraded:payout-dispatcher
                Five failures in a row.
                For 2 h 5 min, raised 3 times.
                This may be a repetition.
                r-1-opened
                """)
        #expect(
            try Self.text(Self.single(Self.entry(.recovered, closedAgo: .seconds(60)))) == """
                🟢 RECOVERED: A task fails again and again
                teller-1 · task_degraded:payout-dispatcher
                Five failures in a row.
                It stood for 2 h 4 min, until 1 min ago.
                r-1-recovered
                """)
    }

    @Test func `one that has only begun is not said to have stood`() throws {
        let text = try Self.text(Self.single(Self.entry(openedAgo: .milliseconds(250))))
        #expect(text.contains("\nJust now.\n"))
    }

    @Test func `the request is as Telegram wants it`() throws {
        let summary = "\"<b>&\\ \u{1} é 😀\nx"
        let body = try JSONValue.parse(
            TelegramMessage.body(
                Self.single(Self.entry(.opened, .leaseLost, summary: summary)), chat: "@ops",
                source: "s"))
        #expect(body["chat_id"] == .string("@ops"))
        #expect(body["disable_notification"] == .bool(true))
        #expect(body["parse_mode"] == nil)
        #expect(body["link_preview_options"]?["is_disabled"] == .bool(true))
        guard case .string(let text)? = body["text"] else {
            Issue.record("no text")
            return
        }
        #expect(text.contains(summary))
    }

    @Test func `a summary names what fits and counts the rest`() throws {
        let long = String(repeating: "😀 long ", count: 60)
        let entries = (0..<100).map {
            Self.entry(subject: "task-\($0)-" + String(repeating: "x", count: 100), summary: long)
        }
        let message = AlertMessage(
            entries: entries, omitted: [.passed: 7], untracked: [.leaseLost: 2, .killSwitch: 1])
        let text = try Self.text(message)
        #expect(text.utf16.count <= TelegramMessage.textUnitsMax)
        #expect(
            text.hasPrefix("🔴 SUMMARY: 110 incidents\nteller-1\n🟠 WARNING task_degraded:task-0"))
        let named = text.split(separator: "\n").filter { $0.hasPrefix("🟠") }.count
        #expect(named > 5)
        #expect(text.contains("And more: opened × \(100 - named), passed × 7"))
        #expect(text.hasSuffix("Not kept for want of room: lease_lost × 2, kill_switch × 1"))
    }

    @Test func `the longest single message fits`() throws {
        let entry = Self.entry(
            subject: String(repeating: "😀", count: 500),
            summary: String(repeating: "a", count: 9_999))
        let text = try Self.text(Self.single(entry))
        #expect(text.utf16.count <= TelegramMessage.textUnitsMax)
        #expect(text.hasSuffix("\nr-1-opened"))
        let source = String(repeating: "😀", count: 4_000)
        let cut = AlertText.plain(Self.single(entry), source: source, unitsMax: 4_096)
        #expect(cut.utf16.count <= 4_096 && cut.utf16.count >= 4_095 && cut.hasSuffix("…"))
    }

    @Test(arguments: [
        (0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"),
        (7_500, "2 h 5 min"), (86_400, "1 d"), (100_000, "1 d 3 h"), (-5, "0 s"),
    ])
    func `durations are spoken`(seconds: Int, spoken: String) {
        #expect(AlertText.spoken(.seconds(seconds)) == spoken)
    }

    private static func check(_ status: Int, _ body: String) -> AlertDeliveryError? {
        do throws(AlertDeliveryError) {
            try TelegramMessage.check(status: status, body: Array(body.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func `an answer of Telegram's is understood`() {
        #expect(Self.check(200, #"{"ok":true,"result":{"message_id":5}}"#) == nil)
        #expect(
            Self.check(
                429,
                #"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#
            )
                == .retryable(
                    after: .seconds(7), "HTTP 429: Too Many Requests: retry after 7"))
        #expect(
            Self.check(200, #"{"ok":false,"error_code":429,"parameters":{"retry_after":3}}"#)
                == .retryable(after: .seconds(3), "HTTP 200"))
        #expect(
            Self.check(400, #"{"ok":false,"error_code":400,"description":"chat not found"}"#)
                == .permanent("HTTP 400: chat not found"))
        #expect(Self.check(401, #"{"ok":false,"error_code":401}"#) == .permanent("HTTP 401"))
        #expect(Self.check(302, "") == .permanent("HTTP 302"))
    }

    @Test func `garbage, silence of the upstream's, and half an answer leave it open`() {
        for (status, body) in [
            (200, ""), (200, "<html>"), (200, "{}"), (200, #"{"ok":"true"}"#), (200, "[true]"),
            (500, ""), (502, "<html>Bad Gateway</html>"), (504, #"{"ok":true}"#),
            (500, #"{"ok":false,"error_code":500}"#), (408, ""), (0, ""),
            (200, #"{"ok":false,"error_code":502}"#), (200, #"{"ok":false}"#),
            (200, #"{"ok":true,"# + String(repeating: " ", count: 100_000) + "}"),
        ] {
            #expect(Self.check(status, body) == .unknown("HTTP \(status)"), "\(status) \(body)")
        }
        #expect(
            Self.check(429, "<html>") == .retryable(after: nil, "HTTP 429"))
        #expect(
            Self.check(429, #"{"ok":false,"parameters":{"retry_after":-1}}"#)
                == .retryable(after: nil, "HTTP 429"))
    }

    @Test func `a description without end is cut`() {
        let text = String(repeating: "x", count: 5_000)
        guard
            case .permanent(let reason)? = Self.check(
                400, #"{"ok":false,"description":"\#(text)"}"#)
        else {
            Issue.record("no refusal")
            return
        }
        #expect(reason.utf8.count < 300)
    }

    // MARK: - Webhook

    @Test func `a webhook's body has all there is`() throws {
        let now = try #require(Timestamp("2026-11-25T04:00:00.000Z"))
        let message = AlertMessage(
            entries: [
                Self.entry(.opened),
                Self.entry(.recovered, closedAgo: .seconds(60), mayRepeat: true),
            ], omitted: [.passed: 2], untracked: [.hotWalletLow: 1])
        let body = try JSONValue.parse(WebhookBody.json(message, source: "teller-1", now: now))
        #expect(body["version"] == .number("1"))
        #expect(body["source"] == .string("teller-1"))
        #expect(body["sentAt"] == .string("2026-11-25T04:00:00.000Z"))
        #expect(body["severity"] == .string("warning"))
        #expect(body["omitted"] == .object([.init("passed", .number("2"))]))
        #expect(body["untracked"] == .object([.init("hot_wallet_low", .number("1"))]))
        guard case .array(let incidents)? = body["incidents"], incidents.count == 2 else {
            Issue.record("no incidents")
            return
        }
        #expect(
            incidents[1]
                == .object([
                    .init("id", .string("r-1-recovered")), .init("event", .string("recovered")),
                    .init("kind", .string("task_degraded")),
                    .init("subject", .string("payout-dispatcher")),
                    .init("severity", .string("warning")),
                    .init("title", .string("A task fails again and again")),
                    .init("summary", .string("Five failures in a row.")),
                    .init("openedAt", .string("2026-11-25T01:55:00.000Z")),
                    .init("closedAt", .string("2026-11-25T03:59:00.000Z")),
                    .init("raises", .number("1")), .init("mayRepeat", .bool(true)),
                ]))
        #expect(incidents[0]["closedAt"] == .null)
    }

    @Test func `a webhook's answer is understood by its status`() {
        func check(_ status: Int, _ after: Duration? = nil) -> AlertDeliveryError? {
            do throws(AlertDeliveryError) {
                try WebhookBody.check(status: status, retryAfter: after)
                return nil
            } catch {
                return error
            }
        }
        for status in [200, 202, 204] { #expect(check(status) == nil) }
        for status in [408, 425, 429, 503] {
            #expect(
                check(status, .seconds(9)) == .retryable(after: .seconds(9), "HTTP \(status)"))
        }
        for status in [301, 400, 401, 404, 410] {
            #expect(check(status) == .permanent("HTTP \(status)"))
        }
        for status in [0, 100, 500, 502, 504] {
            #expect(check(status) == .unknown("HTTP \(status)"))
        }
    }
}
