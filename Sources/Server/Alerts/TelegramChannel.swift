// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Telemetry
import TellerProtocol
import Upstream

/// Writes alerts to a chat through Telegram's Bot API
/// (<https://core.telegram.org/bots/api#sendmessage>).
struct TelegramChannel: AlertChannel {
    static let endpoint = UpstreamEndpoint(
        "telegram.sendMessage", .post, "/bot{token}/sendMessage", .once,
        expecting: UpstreamEndpoint.judgedStatuses,
        responseBytesMax: TelegramMessage.answerBytesMax)

    let name = "telegram"
    private let upstream: Upstream
    private let chat: String
    private let source: String

    /// - Throws: when the upstream can't be made, or there is one of that name.
    init(
        _ settings: AlertSettings.Telegram, source: String, upstreams: UpstreamBoard
    ) throws {
        var configuration = UpstreamConfiguration(name: name, baseURL: settings.url)
        configuration.auth = FixedCredentials(
            UpstreamCredentials(pathSecrets: ["token": settings.token]))
        configuration.readRefusal = { Self.refusal($0) }
        upstream = try upstreams.add(configuration, policy: AlertDelivery.policy)
        chat = settings.chat
        self.source = source
    }

    func deliver(_ message: AlertMessage) async throws(AlertDeliveryError) {
        let body = TelegramMessage.body(message, chat: chat, source: source)
        let answer: UpstreamAnswer
        do throws(UpstreamError) {
            answer = try await upstream.send(
                Self.endpoint, UpstreamRequest(body: body), within: AlertDelivery.time)
        } catch {
            throw AlertDeliveryError(error)
        }
        try TelegramMessage.check(status: answer.status, body: answer.body)
    }

    /// What an answer with a status of its own meaning says: a 429, a 401, a 5xx.
    private static func refusal(_ answer: JSONValue) -> UpstreamRefusal {
        let seconds = answer["parameters"]?["retry_after"]?.int.flatMap { $0 >= 0 ? $0 : nil }
        return UpstreamRefusal(
            message: answer["description"]?.string, retryAfter: seconds.map { .seconds($0) })
    }
}

/// What both channels' calls have in common.
enum AlertDelivery {
    /// What a call may take in all: less than the alerter waits, so that it hears what became of it.
    static let time = Alerter.Limits().deliveryTime - .seconds(2)

    /// One attempt: the alerter itself decides when a message is said again.
    static var policy: CheckedRetryPolicy {
        get throws {
            var policy = RetryPolicy.default
            policy.attemptsMax = 1
            policy.deadlineMs = Int(time / .milliseconds(1))
            policy.attemptTimeoutMs = policy.deadlineMs
            return try CheckedRetryPolicy(policy)
        }
    }
}
