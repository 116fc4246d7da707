// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TellerProtocol
import Upstream

/// Posts alerts as JSON to an address of the operator's.
struct WebhookChannel: AlertChannel {
    private static let answerBytesMax = 65_536
    private static let plain = endpoint("")
    private static let slashed = endpoint("/")

    let name = "webhook"
    private let upstream: Upstream
    private let endpoint: UpstreamEndpoint
    private let source: String
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: the time of day.
    /// - Throws: when the upstream can't be made, or there is one of that name.
    init(
        _ settings: AlertSettings.Webhook, source: String, upstreams: UpstreamBoard,
        now: @escaping @Sendable () -> Timestamp
    ) throws {
        var configuration = UpstreamConfiguration(name: "alert-webhook", baseURL: settings.url)
        configuration.secrets = [settings.secretPath].compactMap { $0 }
        configuration.auth = settings.token.map { token in
            FixedCredentials(UpstreamCredentials(headers: ["authorization": "Bearer \(token)"]))
        }
        upstream = try upstreams.add(configuration, policy: AlertDelivery.policy)
        endpoint = settings.endsInSlash ? Self.slashed : Self.plain
        self.source = source
        self.now = now
    }

    private static func endpoint(_ path: String) -> UpstreamEndpoint {
        UpstreamEndpoint(
            "alert-webhook.post", .post, path, .once, expecting: UpstreamEndpoint.judgedStatuses,
            responseBytesMax: answerBytesMax)
    }

    func deliver(_ message: AlertMessage) async throws(AlertDeliveryError) {
        let body = WebhookBody.json(message, source: source, now: now())
        let status: Int
        var retryAfter: Duration?
        do throws(UpstreamError) {
            status = try await upstream.send(
                endpoint, UpstreamRequest(body: body), within: AlertDelivery.time
            ).status
        } catch {
            // A status says it all, though the body behind it was too long or broke off.
            guard let known = error.status else { throw AlertDeliveryError(error) }
            (status, retryAfter) = (known, error.retryAfter)
        }
        try WebhookBody.check(status: status, retryAfter: retryAfter)
    }
}
