// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// What operators are told by the real program, and what they are not.
@Suite struct AlertTests {
    private static let token = "7741001:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"
    private static let alice = Sample.account("alice")
    /// For what takes a task's stable time, or a channel's longer pauses, on a busy machine.
    private static let patienceSeconds = 180

    private static func telegram(_ port: Int) -> [String] {
        [
            "alerts.telegram.token=\(token)", "alerts.telegram.chat=-100200",
            "alerts.telegram.url=http://127.0.0.1:\(port)", "alerts.source=test",
            "alerts.messagesPerMinute=600",
        ]
    }

    private static func expectNoSecrets(
        _ secrets: [String], _ receiver: AlertReceiver, _ server: TellerProcess
    ) {
        for secret in secrets {
            #expect(!receiver.messages.contains { $0.request.body.contains(secret) })
            #expect(!server.log.contains(secret))
        }
    }

    /// Promise 5: a table is missing, then the whole store is.
    @Test func `a task's trouble is told of within five seconds, once, without the store too`()
        async throws
    {
        let password = "Not-For-Anybody-9931"
        let (task, lost) = ("payout-dispatcher", "lease_lost:payout-dispatcher")
        let degraded = "task_degraded:\(task)"
        let cluster = try PostgresCluster()
        defer { cluster.remove() }
        let receiver = AlertReceiver()
        try await ScriptedServer.with(receiver.script) { telegram in
            let server = try TellerProcess(
                .postgres, settings: Self.telegram(telegram.port), cluster: cluster,
                password: password)
            let client = try server.client()
            #expect(try await eventually { try await Self.state(task, client) == .running })
            try cluster.sql("ALTER TABLE withdrawals RENAME TO hidden", in: server.store)
            #expect(
                try await eventually(within: 60) {
                    try await Self.state(task, client) == .degraded
                })
            #expect(
                try await eventually(within: 30) { receiver.count(degraded, "opened") == 1 })
            let status = try await client.task.status(task: task).task
            let told = try #require(receiver.accepted.first { $0.isAbout(degraded, "opened") })
            let since = Double(status.since.unixMilliseconds) / 1_000
            #expect(told.at.timeIntervalSince1970 - since < 5)
            #expect(told.text.contains("test · \(degraded)"))
            #expect(told.request.target == "/bot\(Self.token)/sendMessage")

            try cluster.sql("ALTER TABLE hidden RENAME TO withdrawals", in: server.store)
            #expect(
                try await eventually(within: Self.patienceSeconds) {
                    receiver.count(degraded, "recovered") == 1
                })
            #expect(try await Self.state(task, client) == .running)
            #expect(receiver.count(degraded, "opened") == 1)

            try cluster.stop(.fast)
            #expect(try await eventually(within: 30) { receiver.count(lost, "opened") == 1 })
            try cluster.start()
            #expect(try await eventually(within: 60) { receiver.count(lost, "recovered") == 1 })
            // Nobody was left in doubt, so nothing was said twice.
            #expect(Set(receiver.messages.map(\.id)).count == receiver.messages.count)
            await client.shutDown()
            server.kill(SIGTERM)
            #expect(server.waitForExit() == 0)
            Self.expectNoSecrets([Self.token, password], receiver, server)
        }
    }

    @Test func `a receiver in any trouble loses no message, and hears none twice unmarked`()
        async throws
    {
        let incident = "withdrawals_stuck:PENDING"
        let wait = #"{"ok":false,"error_code":429,"parameters":{"retry_after":2}}"#
        let receiver = AlertReceiver([
            Step.answer(429, wait), Step.answer(502, "<html>"), Step.answer(200, "garbage"),
            [.hold],
        ])
        let refusing = try DeafPort()
        let settings =
            Self.telegram(refusing.port) + ["gateway.name=none", "alerts.stuckAfter=1s"]
        let server = try TellerProcess(settings: settings)
        let client = try server.client()
        _ = try await client.account.credit(
            accountId: Self.alice, amount: Sample.amount(5_000_000_000))
        let id = try await client.withdraw.create(
            accountId: Self.alice, amount: Sample.amount(100_000_000),
            destination: Sample.destination
        ).withdrawal.withdrawalId
        // Nobody listens yet.
        #expect(
            try await eventually(within: 30) {
                server.log.contains("an alert was not delivered")
            })
        try await ScriptedServer.with(port: refusing.port, receiver.script) { _ in
            #expect(
                try await eventually(within: Self.patienceSeconds) {
                    receiver.count(incident, "opened") == 1
                })
            // The same message each time, marked once its fate was unknown.
            let attempts = receiver.messages
            #expect(attempts.count == 5)
            #expect(attempts.allSatisfy { $0.isAbout(incident, "opened") })
            #expect(Set(attempts.map(\.id)).count == 1)
            #expect(attempts.map(\.mayRepeat) == [false, false, true, true, true])
            if attempts.count > 1 { #expect(attempts[1].at.timeIntervalSince(attempts[0].at) >= 2) }

            _ = try await client.withdraw.cancel(withdrawalId: id)
            #expect(
                try await eventually(within: 60) { receiver.count(incident, "recovered") == 1 })
            #expect(receiver.accepted.count == 2)
            await client.shutDown()
        }
        Self.expectNoSecrets([Self.token], receiver, server)
    }

    @Test func `an account that is not its journal's sum is posted to the webhook as critical`()
        async throws
    {
        let bearer = "hook-bearer-20260101"
        let receiver = AlertReceiver()
        try await ScriptedServer.with(receiver.script) { webhook in
            let server = try TellerProcess(settings: [
                "alerts.webhook.url=http://127.0.0.1:\(webhook.port)/hooks/teller",
                "alerts.webhook.token=\(bearer)", "alerts.source=test",
            ])
            var client = try server.client()
            _ = try await client.account.credit(
                accountId: Self.alice, amount: Sample.amount(5_000_000_000))
            await client.shutDown()
            server.kill(SIGTERM)
            #expect(server.waitForExit() == 0)
            try Self.add(1, in: server)
            try server.start()
            #expect(
                try await eventually(within: 60) {
                    receiver.count("invariant_broken:ledger", "opened") == 1
                })
            let request = try #require(receiver.messages.first).request
            #expect(request.target == "/hooks/teller" && request.method == "POST")
            #expect(request.headers["authorization"] == "Bearer \(bearer)")
            #expect(request.headers["content-type"] == "application/json")
            let body = try JSONValue.parse(Array(request.body.utf8))
            #expect(body["source"]?.string == "test")
            #expect(body["severity"]?.string == "critical")
            let incident = try #require(body["incidents"]?.elements?.first)
            #expect(incident["kind"]?.string == "invariant_broken")
            #expect(incident["severity"]?.string == "critical")
            #expect(incident["summary"]?.string?.contains("/alice") == true)

            // A pass that finds all well ends it.
            try Self.add(-1, in: server)
            client = try server.client()
            _ = try await client.task.restart(task: "ledger-auditor", reason: "repaired")
            #expect(
                try await eventually(within: 60) {
                    receiver.count("invariant_broken:ledger", "recovered") == 1
                })
            #expect(receiver.messages.count == 2)
            await client.shutDown()
            Self.expectNoSecrets([bearer], receiver, server)
        }
    }

    @Test func `a receiver that never answers holds up neither the server nor its end`()
        async throws
    {
        let receiver = AlertReceiver(Array(repeating: [.hold], count: 100))
        try await ScriptedServer.with(receiver.script) { telegram in
            let server = try TellerProcess(
                settings: Self.telegram(telegram.port)
                    + ["gateway.name=none", "alerts.stuckAfter=1s"])
            let client = try server.client()
            _ = try await client.account.credit(
                accountId: Self.alice, amount: Sample.amount(5_000_000_000))
            _ = try await client.withdraw.create(
                accountId: Self.alice, amount: Sample.amount(100_000_000),
                destination: Sample.destination)
            #expect(try await eventually(within: 30) { !receiver.messages.isEmpty })
            #expect(try await Self.state("alert-watch", client) == .running)
            await client.shutDown()
            let start = ContinuousClock.now
            server.kill(SIGTERM)
            #expect(server.waitForExit() == 0)
            // Well below the grace: three seconds for the last messages, on a busy machine.
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }

    @Test func `an instance that was halted tells of the lease it has lost, and of its heir`()
        async throws
    {
        let task = "payout-dispatcher"
        let receiver = AlertReceiver()
        try await ScriptedServer.with(receiver.script) { telegram in
            let first = try TellerProcess(.postgres, settings: Self.telegram(telegram.port))
            let client = try first.client()
            #expect(try await eventually { try await Self.state(task, client) == .running })
            let second = try TellerProcess(.postgres, sharing: first)
            let heir = try second.client()
            first.kill(SIGSTOP)
            let hasHeir = try await eventually(within: 60) {
                try await Self.state(task, heir) == .running
            }
            first.kill(SIGCONT)
            #expect(hasHeir)
            // Over before anybody could be told, or told of twice: opened and recovered.
            #expect(
                try await eventually(within: 60) {
                    receiver.count("lease_lost:\(task)", "recovered")
                        + receiver.count("lease_lost:\(task)", "passed") == 1
                })
            await client.shutDown()
            await heir.shutDown()
        }
    }

    private static func state(_ task: String, _ client: TellerClient) async throws -> TaskState {
        try await client.task.status(task: task).task.state
    }

    /// Changes a balance behind the ledger's back.
    private static func add(_ nanotons: Int, in server: TellerProcess) throws {
        try TestProcess.runChecked([
            "sqlite3", "-cmd", ".timeout 10000", String(server.store.dropFirst("sqlite:".count)),
            """
            DROP TRIGGER IF EXISTS entries_are_never_changed;
            UPDATE entries SET available = available + \(nanotons) WHERE number = (
                SELECT newest_entry FROM heads JOIN accounts ON account_number = number
                WHERE account = 'alice')
            """,
        ])
    }
}
