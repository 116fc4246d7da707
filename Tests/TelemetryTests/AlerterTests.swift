// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1))) struct AlerterTests {
    /// What a channel does with one delivery.
    enum Step: Sendable {
        case accept
        case answer(status: Int, body: String)
        /// Nothing, until the delivery is cancelled.
        case silence
        /// Nothing, whatever happens.
        case deafness
    }

    /// Telegram as far as a channel sees it: a script of answers, then it accepts everything.
    final class StandIn: AlertChannel {
        struct State {
            var script: [Step]
            var attempts = 0
            /// Messages that were accepted, and when.
            var accepted: [(message: AlertMessage, at: Duration)] = []
        }

        let name: String
        let time: VirtualTime
        let state: Mutex<State>
        let never = AsyncStream<Void>.makeStream()

        init(_ script: [Step] = [], time: VirtualTime, name: String = "telegram") {
            self.name = name
            self.time = time
            state = Mutex(State(script: script))
        }

        var attempts: Int { state.withLock { $0.attempts } }
        var ids: [String] {
            state.withLock { $0.accepted.flatMap { $0.message.entries.map(\.id) } }
        }
        var times: [Duration] { state.withLock { $0.accepted.map(\.at) } }

        func deliver(_ message: AlertMessage) async throws(AlertDeliveryError) {
            let step = state.withLock { state in
                state.attempts += 1
                return state.script.isEmpty ? Step.accept : state.script.removeFirst()
            }
            switch step {
            case .accept:
                state.withLock { $0.accepted.append((message, time.now)) }
            case .answer(let status, let body):
                try TelegramMessage.check(status: status, body: Array(body.utf8))
            case .silence:
                try? await time.sleep(.seconds(1_000_000))
                throw .unknown("cancelled")
            case .deafness:
                let stream = never.stream
                let waiting = Task { for await _ in stream {} }
                await waiting.value
            }
        }
    }

    private static func withAlerter(
        _ channels: [any AlertChannel], time: VirtualTime, redactor: Redactor = Redactor(),
        metrics: MetricsRegistry = MetricsRegistry([TellerMetrics.alertDeliveries]),
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        _ body: @Sendable (Alerter) async throws -> Void
    ) async throws {
        let alerter = Alerter(
            channels: channels, incidents: IncidentBench.limits, run: "r", redactor: redactor,
            metrics: metrics, logger: logger, now: { time.now },
            sleep: { try await time.sleep($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await alerter.run() }
            try await body(alerter)
            group.cancelAll()
        }
    }

    /// Moves time on to `due`, once that is all the alerter waits for.
    private static func pass(to due: Duration, _ time: VirtualTime) async {
        await eventually { time.wakeTimes.first == due }
        time.advance(by: due - time.now)
    }

    @Test func `an incident is told at once, and its end`() async throws {
        let time = VirtualTime()
        let channel = StandIn(time: time)
        try await Self.withAlerter([channel], time: time) { alerter in
            time.advance(by: .seconds(7))
            alerter.raise(Incident(.killSwitch, "payouts", "Off."))
            await eventually { channel.ids.count == 1 }
            time.advance(by: .seconds(60))
            alerter.resolve(.init(.killSwitch, "payouts"))
            await eventually { channel.ids.count == 2 }
            #expect(channel.ids == ["r-1-opened", "r-1-recovered"])
            // Within 5 s of the change: no time has to pass at all.
            #expect(channel.times == [.seconds(7), .seconds(67)])
        }
    }

    /// The issue's stand-in: 429 with `retry_after`, 5xx, garbage, silence.
    @Test func `no message of a standing incident is lost and none is doubled`() async throws {
        let time = VirtualTime()
        let limited = #"{"ok":false,"error_code":429,"parameters":{"retry_after":30}}"#
        let channel = StandIn(
            [
                .answer(status: 429, body: limited), .answer(status: 502, body: "<html>"),
                .answer(status: 200, body: "garbage"), .silence,
            ], time: time)
        try await Self.withAlerter([channel], time: time) { alerter in
            for subject in ["a", "b", "c"] {
                alerter.raise(Incident(.taskDegraded, subject, "Broken."))
            }
            // A pause that was asked for, then the channel's own ones for unknown fates.
            for due in [30, 32, 36] { await Self.pass(to: .seconds(due), time) }
            await eventually { channel.attempts == 4 }
            await Self.pass(to: .seconds(46), time)
            await Self.pass(to: .seconds(54), time)
            await eventually { channel.ids.count == 3 }
            #expect(channel.ids == ["r-1-opened", "r-2-opened", "r-3-opened"])
            let repeats = channel.state.withLock { $0.accepted[0].message.entries[0].mayRepeat }
            #expect(repeats)

            // Three unknown fates and two messages are a minute's worth.
            alerter.resolve(.init(.taskDegraded, "b"))
            await Self.pass(to: .seconds(90), time)
            await eventually { channel.ids.count == 4 }
            #expect(channel.ids.last == "r-2-recovered")
        }
    }

    @Test func `a channel that never returns holds up neither the other nor who raises`()
        async throws
    {
        let time = VirtualTime()
        let deaf = StandIn(Array(repeating: .deafness, count: 100), time: time, name: "deaf")
        let well = StandIn(time: time, name: "well")
        let metrics = MetricsRegistry([TellerMetrics.alertDeliveries])
        try await Self.withAlerter([deaf, well], time: time, metrics: metrics) { alerter in
            alerter.raise(Incident(.breakerOpen, "ton", "Open."))
            await eventually { well.ids.count == 1 }
            for _ in 0..<200 {
                time.advance(by: .seconds(10))
                for _ in 0..<20 { await Task.yield() }
            }
            // Deliveries that never return don't pile up.
            #expect(deaf.attempts <= Alerter.Limits().deliveriesMax)
            #expect(deaf.ids == [])
            let text = String(decoding: await metrics.scrape(.prometheusText), as: UTF8.self)
            #expect(text.contains(#"teller_incidents{kind="breaker_open"} 1"#))
            #expect(text.contains(#"teller_alerts_due{channel="deaf"} 1"#))
            #expect(
                text.contains(
                    #"teller_alert_deliveries_total{channel="deaf",outcome="delivered"} 0"#))
            deaf.never.continuation.finish()
        }
    }

    @Test func `no secret reaches a channel or the log`() async throws {
        let time = VirtualTime()
        let token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"
        let channel = StandIn(
            [.answer(status: 400, body: #"{"ok":false,"description":"bot\#(token)"}"#)],
            time: time)
        let log = RecordingLog()
        try await Self.withAlerter(
            [channel], time: time, redactor: Redactor(secrets: ["top-secret"]),
            logger: Logger(label: "test") { _ in log }
        ) { alerter in
            // The secret lies where the text is cut.
            let padding = String(repeating: "x", count: Incident.summaryBytesMax - 8)
            alerter.raise(Incident(.breakerOpen, "https://u:pw@host", padding + "top-secret"))
            await eventually { channel.attempts == 1 }
            await Self.pass(to: .seconds(60), time)
            await eventually { channel.ids.count == 1 }
            let incident = channel.state.withLock { $0.accepted[0].message.entries[0].incident }
            #expect(incident.fingerprint.subject == "https://u:[redacted]@host")
            #expect(!incident.summary.contains("top"))
            #expect(log.text.contains("for good: HTTP 400: bot[redacted]"))
            alerter.resolve(.init(.breakerOpen, "https://u:pw@host"))
            await eventually { channel.ids.count == 2 }
        }
    }

    @Test func `a shutdown delivers what is due, in bounded time`() async throws {
        let time = VirtualTime()
        let channel = StandIn(time: time)
        let deaf = StandIn([.deafness], time: time, name: "deaf")
        let alerter = Alerter(
            channels: [channel, deaf], run: "r", redactor: Redactor(),
            metrics: MetricsRegistry([TellerMetrics.alertDeliveries]),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { time.now },
            sleep: { try await time.sleep($0) })
        alerter.raise(Incident(.killSwitch, "payouts", "Off."))
        let group = ServiceGroup(
            services: [alerter], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let end: Void = group.run()
        await eventually { deaf.attempts == 1 }
        await group.triggerGracefulShutdown()
        await eventually { channel.ids.count == 1 }
        while time.now < .seconds(60) {
            time.advance(by: .seconds(1))
            for _ in 0..<50 { await Task.yield() }
        }
        try await end
        #expect(channel.ids == ["r-1-opened"])
        deaf.never.continuation.finish()
    }

    @Test func `the log takes every incident of a message`() async throws {
        let log = RecordingLog()
        let channel = LogChannel(Logger(label: "test") { _ in log })
        var bench = IncidentBench(
            {
                var limits = IncidentBench.limits
                limits.messagesPerMinute = 1
                return limits
            }())
        bench.raise("a", .invariantBroken, "Sum of a.")
        bench.raise("b", .leaseLost)
        try await channel.deliver(try bench.message())
        #expect(log.text.contains("critical alert: The ledger's sums don't hold"))
        #expect(log.text.contains("Sum of a."))
        #expect(log.text.contains("lease_lost:b"))
        #expect(log.text.contains("alerts: a summary"))
    }
}

/// A log that is kept.
struct RecordingLog: LogHandler {
    private final class Lines: Sendable {
        let texts = Mutex<[String]>([])
    }

    private let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    var text: String { lines.texts.withLock { $0.joined(separator: "\n") } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.level) \(event.message) \(event.metadata ?? [:])"
        lines.texts.withLock { $0.append(line) }
    }
}
