// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import SQLiteStore
import Supervision
import TellerProtocol
import Testing
import Workers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The workers on a real store, with its threads, its queries and its audit.
@Suite(.timeLimit(.minutes(1))) struct SQLitePathTests {
    @Test func `every outcome is reached and survives a restart`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "teller-workers-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "ledger.sqlite").path
        var expected: [WithdrawalID: WithdrawalState] = [:]

        try await withProcess(path) { bookkeeper, _ in
            let account = AccountKey(tenant: .standard, account: try #require(AccountID("alice")))
            _ = try await bookkeeper.commit(
                .credit(
                    CreditAccount(
                        account: account, amount: try #require(Nanotons(1_000_000)), reference: nil,
                        key: nil)))
            let states: [SimulatedOutcome: WithdrawalState] = [
                .confirm: .confirmed, .refuse: .failed, .silence: .sent, .bounce: .returned,
            ]
            for number in 0..<40 {
                let outcome = SimulatedOutcome.allCases[number % 4]
                let created = try await bookkeeper.commit(
                    bookkeeper.creation(
                        account: account, amount: try #require(Nanotons(100)),
                        destination: Destination(
                            rawAddress: "0:" + String(repeating: "a", count: 64), isBounceable: true
                        ),
                        comment: "\(outcome) \(number)", key: nil))
                guard case .created(let withdrawal, _) = created else { continue }
                expected[withdrawal.id] = states[outcome]
            }
            #expect(expected.count == 40)
            for (id, state) in expected {
                try await eventually { try await bookkeeper.store.withdrawal(id)?.state == state }
            }
        }
        try await withProcess(path) { bookkeeper, workers in
            try await eventually { workers.auditor.report.passes > 2 }
            #expect(workers.auditor.report.accountsChecked == 1)
            #expect(workers.auditor.report.violations == [])
            for (id, state) in expected {
                #expect(try await bookkeeper.store.withdrawal(id)?.state == state)
            }
            // One lone withdrawal in the quiet: from creation to the end by signals alone.
            let account = AccountKey(tenant: .standard, account: try #require(AccountID("alice")))
            let start = ContinuousClock.now
            let created = try await bookkeeper.commit(
                bookkeeper.creation(
                    account: account, amount: try #require(Nanotons(100)),
                    destination: Destination(
                        rawAddress: "0:" + String(repeating: "a", count: 64), isBounceable: true),
                    comment: "confirm", key: nil))
            guard case .created(let withdrawal, _) = created else { return }
            try await eventually {
                try await bookkeeper.store.withdrawal(withdrawal.id)?.state == .confirmed
            }
            print("from creation to CONFIRMED: \(ContinuousClock.now - start)")
        }
    }

    private func withProcess(
        _ path: String, _ body: (Bookkeeper, Workers) async throws -> Void
    ) async throws {
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let clock = LedgerClock {
            Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        }
        var script = SimulatorGateway.Script()
        script.commentRules = SimulatedOutcome.allCases.map { outcome in
            .init(prefix: outcome.rawValue, outcome: outcome)
        }
        var configuration = WorkersConfiguration()
        configuration.auditInterval = .milliseconds(5)
        let store = try SQLiteStore(path: path, outcomeLifeMilliseconds: 86_400_000)
        let bookkeeper = Bookkeeper(
            store: store,
            policy: WithdrawalPolicy(
                minimum: Nanotons(1)!, maximum: Nanotons(1_000)!, fee: Nanotons(3)!)!,
            clock: clock)
        let workers = Workers(
            bookkeeper: bookkeeper,
            gateway: SimulatorGateway(script: script, clock: clock, logger: quiet), clock: clock,
            configuration: configuration, logger: quiet)
        let supervisor = try Supervisor(children: workers.children, logger: quiet)
        let running = Task { try await supervisor.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(bookkeeper, workers)) } catch {
            result = .failure(error)
        }
        running.cancel()
        try await running.value
        await bookkeeper.close()
        try result.get()
    }
}
