// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Supervision
import Synchronization
import Telemetry
import TellerProtocol

/// Where the parts of the server say what is wrong, and that it is well again.
///
/// ```
///   AlertWatch ─── keep ────┐
///   others ─ raise, resolve ┴► AlertDesk ─► Alerter ─► log, telegram, webhook
/// ```
///
/// It waits for nobody: what is said is on its way, and tried again, in the alerter's own tasks. As
/// a service it stops after those that raise and before the store: what they say last is sent.
final class AlertDesk: Service, Sendable {
    /// Incidents that are known to stand. Beyond, one that is raised again counts again.
    private static let standingMax = 1_024
    /// How long its end may take, for the last messages.
    static let shutdownTime = Alerter.Limits().shutdownTime

    private let alerter: Alerter
    private let standing = Mutex<Set<Incident.Fingerprint>>([])

    /// - Parameters:
    ///   - upstreams: gets the channels' upstreams, and outlives the service.
    ///   - redactor: knows every secret, the channels' own too.
    ///   - metrics: has `TellerMetrics.alertDeliveries`, and is given the alerter's collector.
    /// - Throws: when a channel's upstream can't be made.
    init(
        _ settings: AlertSettings, upstreams: UpstreamBoard, redactor: Redactor,
        metrics: MetricsRegistry, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) throws {
        var channels: [any AlertChannel] = [LogChannel(logger)]
        if let telegram = settings.telegram {
            channels.append(
                try TelegramChannel(telegram, source: settings.source, upstreams: upstreams))
        }
        if let webhook = settings.webhook {
            channels.append(
                try WebhookChannel(
                    webhook, source: settings.source, upstreams: upstreams, now: now))
        }
        let time = SteadyTime.system
        alerter = Alerter(
            channels: channels, incidents: settings.incidents,
            run: String(UInt64.random(in: .min ... .max), radix: 36),
            redactor: redactor, metrics: metrics,
            logger: logger, now: time.now, sleep: time.sleep)
    }

    /// Says that something is wrong. While it stands, to say it again changes nothing.
    func raise(_ incident: Incident) {
        let isNew = standing.withLock { standing in
            guard standing.count < Self.standingMax else { return true }
            return standing.insert(incident.fingerprint).inserted
        }
        if isNew { alerter.raise(incident) }
    }

    /// Says that it is well again; what doesn't stand is left alone.
    func resolve(_ fingerprint: Incident.Fingerprint) {
        _ = standing.withLock { $0.remove(fingerprint) }
        alerter.resolve(fingerprint)
    }

    /// Says that of `kind` exactly these stand: others are resolved.
    ///
    /// - Parameters:
    ///   - kind: one that nobody else raises.
    ///   - incidents: all of that kind.
    func keep(_ kind: IncidentKind, at incidents: [Incident]) {
        let found = Set(incidents.map(\.fingerprint))
        let gone = standing.withLock { standing in
            standing.filter { $0.kind == kind && !found.contains($0) }
        }
        for fingerprint in gone { resolve(fingerprint) }
        for incident in incidents { raise(incident) }
    }

    /// Delivers until the service is shut down, and then what is due, in bounded time.
    func run() async throws { try await alerter.run() }
}
