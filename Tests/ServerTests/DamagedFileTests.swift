// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// What an operator sees when the ledger's file is damaged.
@Suite struct DamagedFileTests {
    @Test func `a truncated ledger is refused at the start, and named`() async throws {
        let (server, file, bytes) = try await Self.stopped()
        try bytes.prefix(bytes.count / 2).write(to: file)
        #expect(throws: TestProcess.Failure.self) { try server.start() }
        #expect(server.waitForExit() == 69)
        #expect(server.log.contains("the store holds data that can't be right"))
        #expect(server.log.contains(file.path))
        let outcome = try TellerProcess.command(["migrate", "--store", server.store])
        #expect(outcome.status == 69)
        #expect(outcome.output.contains(file.path))

        try bytes.write(to: file)
        try server.start()
        #expect(try await Self.withdraw(server).replayed)
    }

    @Test func `damage that is met while serving turns readiness off and stops writing`()
        async throws
    {
        let (server, file, bytes) = try await Self.stopped()
        let root = try TestProcess.runChecked([
            "sqlite3", file.path, "SELECT rootpage FROM sqlite_master WHERE name = 'accounts'",
        ])
        let page = try #require(Int(root.trimmingCharacters(in: .whitespacesAndNewlines)))
        var damaged = bytes
        for index in (page - 1) * 4096..<page * 4096 { damaged[index] ^= 0xFF }
        try damaged.write(to: file)
        try server.start()
        await #expect(throws: TellerError.self) { try await Self.withdraw(server) }
        #expect(
            try await eventually {
                let outcome = try TellerProcess.command(["health", "--url", server.url])
                return outcome.status == 1
            })
        #expect(server.log.contains("malformed"))
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)

        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: file.path + suffix)
        }
        try bytes.write(to: file)
        try server.start()
        #expect(try await Self.withdraw(server).replayed)
    }

    /// A server that has acknowledged one withdrawal and was stopped; its file, and what it holds.
    private static func stopped() async throws -> (TellerProcess, URL, Data) {
        let server = try TellerProcess(.sqlite, settings: ["withdraw.minimum=1"])
        let client = try server.client()
        _ = try await client.account.credit(
            accountId: Sample.account("alice"), amount: Sample.amount(5_000_000_000))
        await client.shutDown()
        #expect(try await !withdraw(server).replayed)
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)
        let file = URL(filePath: String(server.store.dropFirst("sqlite:".count)))
        return (server, file, try Data(contentsOf: file))
    }

    private static func withdraw(
        _ server: TellerProcess
    ) async throws -> WithdrawCreateResult {
        let client = try server.client { $0.retries.attemptsMax = 1 }
        do {
            let result = try await client.withdraw.create(
                accountId: Sample.account("alice"), amount: Sample.amount(1),
                destination: Sample.destination, idempotencyKey: Sample.key("one"))
            await client.shutDown()
            return result
        } catch {
            await client.shutDown()
            throw error
        }
    }
}
