// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Telemetry
import TellerProtocol
import TestSupport
import Testing

@testable import TellerServer

/// What the parts of the server say, and what of it reaches a receiver.
@Suite struct AlertDeskTests {
    private static func withDesk(
        secrets: [String] = [], _ body: (AlertDesk, AlertReceiver) async throws -> Void
    ) async throws {
        let receiver = AlertReceiver()
        try await ScriptedServer.with(receiver.script) { server in
            let values = try SettingValues(
                flags: [
                    ("alerts.webhook.url", "http://127.0.0.1:\(server.port)/"),
                    ("alerts.source", "test"), ("alerts.messagesPerMinute", "600"),
                ], environment: [:], file: nil)
            let board = UpstreamBoard(clock: .system, observer: nil)
            let desk = try AlertDesk(
                AlertSettings(values, allowInsecure: false), upstreams: board,
                redactor: Redactor(secrets: secrets),
                metrics: MetricsRegistry([TellerMetrics.alertDeliveries]),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { Timestamp(unixMilliseconds: 0) })
            let run = Task { try await desk.run() }
            do {
                try await body(desk, receiver)
            } catch {
                run.cancel()
                await board.close()
                throw error
            }
            run.cancel()
            try await run.value
            await board.close()
        }
    }

    private static func incident(_ subject: String, _ summary: String = "Open.") -> Incident {
        Incident(.breakerOpen, subject, summary)
    }

    @Test func `what is said twice is told once, and what is kept no longer is over`()
        async throws
    {
        try await Self.withDesk { (desk, receiver) async throws in
            desk.raise(Incident(.killSwitch, "payouts", "Off."))
            for _ in 0..<3 {
                desk.keep(.breakerOpen, at: [Self.incident("a"), Self.incident("b")])
                desk.raise(Incident(.killSwitch, "payouts", "Off."))
            }
            #expect(try await eventually { receiver.accepted.count == 3 })
            desk.keep(.breakerOpen, at: [Self.incident("b")])
            #expect(
                try await eventually { receiver.count("breaker_open:a", "recovered") == 1 })
            desk.resolve(.init(.killSwitch, "payouts"))
            #expect(
                try await eventually { receiver.count("kill_switch:payouts", "recovered") == 1 })
            #expect(receiver.accepted.count == 5)
            #expect(receiver.accepted.allSatisfy { !$0.text.contains("times") })
            // It begins anew after its end.
            desk.keep(.breakerOpen, at: [Self.incident("a"), Self.incident("b")])
            #expect(
                try await eventually { receiver.count("breaker_open:a", "opened") == 2 })
        }
    }

    @Test func `what is known as a secret is in no message`() async throws {
        try await Self.withDesk(secrets: ["top-secret"]) { (desk, receiver) async throws in
            desk.raise(Self.incident("a", "Refused top-secret, and postgres://u:hunter2@db."))
            #expect(try await eventually { receiver.accepted.count == 1 })
            let body = try #require(receiver.accepted.first).request.body
            #expect(!body.contains("top-secret") && !body.contains("hunter2"))
            #expect(body.contains("[redacted]"))
        }
    }
}
