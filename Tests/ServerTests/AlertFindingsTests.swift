// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TONPayments
import Telemetry
import TellerProtocol
import Testing
import Workers

@testable import Resilience
@testable import Supervision
@testable import TellerServer

/// What counts as wrong, and when it is well again.
@Suite struct AlertFindingsTests {
    private static func findings() -> AlertFindings {
        AlertFindings(stuckAfter: .seconds(600), breakerOpenFor: .seconds(60))
    }

    // MARK: - Tasks

    /// A task of a leader, and what happens to it.
    private struct Task {
        var machine: ChildMachine
        var lease = LeaseMachine()
        var now = Duration.seconds(1)
        var random = SystemRandomNumberGenerator()
        var attempt: Int { machine.attempt }

        init(_ scope: ChildScope = .everyInstance, _ change: (inout ChildPolicy) -> Void = { _ in })
        {
            var policy = ChildPolicy()
            change(&policy)
            machine = ChildMachine(policy: policy, scope: scope, at: .zero)
            step(.start)
            step(.gate(.init()))
        }

        mutating func step(_ event: ChildMachine.Event) {
            _ = machine.handle(event, at: now, using: &random)
        }

        /// Its body throws, and the backoff passes.
        mutating func fail() {
            step(.ended(attempt: attempt, error: "broken"))
            now += .seconds(40)
            step(.due)
            step(.gate(.init()))
        }

        var status: ChildStatus { named("task") }

        func named(_ name: String) -> ChildStatus {
            ChildStatus(name: name, machine: machine, lease: lease, at: now, wall: now)
        }
    }

    @Test func `a task that waits for long for what an operator must see to is told`() {
        var findings = Self.findings()
        var task = Task()
        task.step(.sign(attempt: task.attempt, .waits(.condition("the wallet is empty"))))
        #expect(findings.held([task.status], at: .seconds(1)) == [])
        #expect(findings.held([task.status], at: .seconds(120)) == [])
        let found = findings.held([task.status], at: .seconds(121))
        #expect(found.map(\.fingerprint.text) == ["payouts_held:task"])
        #expect(found.first?.summary.contains("the wallet is empty") == true)
        // It begins anew after it has not waited.
        task.step(.sign(attempt: task.attempt, .waits(nil)))
        #expect(findings.held([task.status], at: .seconds(122)) == [])
        task.step(.sign(attempt: task.attempt, .waits(.condition("the wallet is empty"))))
        #expect(findings.held([task.status], at: .seconds(200)) == [])
        // The store's absence is readiness's to tell.
        task.step(.sign(attempt: task.attempt, .waits(.store)))
        #expect(findings.held([task.status], at: .seconds(900)) == [])
    }

    @Test func `a hot wallet is low below what it should have, and its books may differ`() throws {
        let findings = Self.findings()
        func wallet(_ balance: Int64, problem: String? = nil) throws -> WalletReport {
            WalletReport(
                balance: try #require(Nanotons(balance)), balanceMin: try #require(Nanotons(100)),
                time: 0, problem: problem)
        }
        #expect(findings.low(nil) == [])
        #expect(findings.low(try wallet(100)) == [])
        #expect(findings.low(try wallet(99)).map(\.fingerprint.text) == ["hot_wallet_low:wallet"])
        #expect(findings.differing(try wallet(1)) == [])
        let difference = findings.differing(try wallet(1, problem: "1 nanoton is missing"))
        #expect(difference.map(\.fingerprint.text) == ["reconciliation_difference:wallet"])
    }

    @Test func `a task is degraded from the limit of failures until a stable run, or a pause`() {
        let findings = Self.findings()
        var task = Task()
        for _ in 0..<4 { task.fail() }
        #expect(findings.degraded([task.status]) == [])
        task.fail()
        let found = findings.degraded([task.status])
        #expect(found.map(\.fingerprint.text) == ["task_degraded:task"])
        #expect(found.first?.summary.contains("5 times") == true)
        #expect(found.first?.summary.contains("broken") == true)
        // A run that is not stable yet has proved nothing.
        task.step(.sign(attempt: task.attempt, .alive))
        #expect(findings.degraded([task.status]).count == 1)
        var paused = task
        paused.step(.control(.pause(Pause(by: "somebody", reason: "x"))))
        #expect(findings.degraded([paused.status]) == [])
        task.now += .seconds(61)
        task.step(.due)
        #expect(findings.degraded([task.status]) == [])
    }

    @Test func `a task that fails often, if not in a row, is flapping`() {
        let findings = Self.findings()
        var task = Task {
            $0.intensityMax = 3
            $0.stableTime = .seconds(1)
        }
        for _ in 0..<3 {
            #expect(findings.flapping([task.status]) == [])
            task.now += .seconds(2)
            task.step(.due)
            task.fail()
        }
        #expect(findings.flapping([task.status]).map(\.fingerprint.text) == ["task_flapping:task"])
        #expect(findings.degraded([task.status]) == [])
    }

    @Test func `a lease is lost until somebody is known to have it`() {
        func held(_ epoch: Int64) -> HeldLease {
            HeldLease(Lease(name: "task", holder: "me", epoch: epoch), until: .seconds(1_000))
        }
        var findings = Self.findings()
        var task = Task(.leader)
        task.step(.lease(held(1), holder: "me"))
        #expect(findings.leaderless([task.status]) == [])
        task.step(.lease(nil, holder: nil))
        for _ in 0..<2 {
            #expect(
                findings.leaderless([task.status]).map(\.fingerprint.text) == ["lease_lost:task"])
        }
        // Another instance answers to have it.
        _ = task.lease.handle(.want(true), at: task.now)
        let other = Lease(name: "task", holder: "other", epoch: 2)
        _ = task.lease.handle(
            .answered(call: 1, .failed(.heldByOther(other))), at: task.now)
        #expect(findings.leaderless([task.status]) == [])
        // Lost and held again between two looks: told, and taken back by the next.
        task.step(.ended(attempt: task.attempt, error: nil))
        task.step(.gate(.init()))
        task.step(.lease(held(3), holder: "me"))
        task.step(.lease(nil, holder: nil))
        #expect(findings.leaderless([task.status]).count == 1)
        #expect(findings.leaderless([task.status]) == [])
    }

    @Test func `the kill switch holds payouts, and a person's pause does not count as that`() {
        func found(_ author: String, _ name: String = Workers.dispatcherName) -> [Incident] {
            var task = Task()
            task.step(.control(.pause(Pause(by: author, reason: "the books differ"))))
            return Self.findings().stopped([task.named(name)])
        }
        #expect(
            found(TaskBoard.killSwitchAuthor).map(\.fingerprint.text) == ["kill_switch:payouts"])
        #expect(found("somebody") == [])
        #expect(found(TaskBoard.killSwitchAuthor, "another-task") == [])
        #expect(Self.findings().stopped([Task().named(Workers.dispatcherName)]) == [])
    }

    // MARK: - Upstreams

    private static func status(_ breaker: CircuitBreaker.State, since: Duration) -> UpstreamStatus {
        UpstreamStatus(
            breaker: breaker, breakerSince: since, recent: CircuitBreaker.Counts(), budgetLeft: 0,
            inFlight: 0, waiting: 0, concurrencyMax: 1, totals: UpstreamStatus.Totals(),
            lastFailure: nil)
    }

    @Test func `an upstream is cut off for long though its breaker is probed again and again`() {
        var findings = Self.findings()
        func found(_ breaker: CircuitBreaker.State, since: Duration, at now: Duration) -> [String] {
            findings.cutOff([("ton", Self.status(breaker, since: since))], at: now)
                .map(\.fingerprint.text)
        }
        #expect(found(.closed, since: .zero, at: .seconds(100)) == [])
        let open = CircuitBreaker.State.open(until: .seconds(105))
        #expect(found(open, since: .seconds(100), at: .seconds(101)) == [])
        #expect(found(.halfOpen, since: .seconds(105), at: .seconds(106)) == [])
        #expect(found(open, since: .seconds(155), at: .seconds(159)) == [])
        #expect(found(open, since: .seconds(155), at: .seconds(160)) == ["breaker_open:ton"])
        #expect(found(.halfOpen, since: .seconds(170), at: .seconds(171)) == ["breaker_open:ton"])
        #expect(found(.closed, since: .seconds(172), at: .seconds(172)) == [])
        #expect(found(open, since: .seconds(180), at: .seconds(181)) == [])
    }

    // MARK: - The ledger

    @Test func `withdrawals are stuck by the age of the oldest in each state`() {
        var totals = LedgerTotals()
        totals.unsettled[.pending] = .init(
            count: 3, oldestChange: Timestamp(unixMilliseconds: 0), reserved: .zero)
        totals.unsettled[.sent] = .init(
            count: 1, oldestChange: Timestamp(unixMilliseconds: 100_000), reserved: .zero)
        func found(_ milliseconds: Int64) -> [String] {
            Self.findings().stuck(totals, at: Timestamp(unixMilliseconds: milliseconds))
                .map(\.fingerprint.text)
        }
        #expect(found(599_999) == [])
        #expect(found(600_000) == ["withdrawals_stuck:PENDING"])
        #expect(found(700_000) == ["withdrawals_stuck:PENDING", "withdrawals_stuck:SENT"])
        let summary = Self.findings().stuck(totals, at: Timestamp(unixMilliseconds: 600_000))
            .first?.summary
        #expect(summary?.contains("One of 3 withdrawals") == true)
        #expect(summary?.contains("longer than 10 min") == true)
    }

    @Test func `what waits for a person is told, an unknown outcome only when it is old`() {
        var totals = LedgerTotals()
        #expect(Self.findings().setAside(totals) == [])
        totals.dealsSetAside = 2
        let aside = Self.findings().setAside(totals)
        #expect(aside.map(\.fingerprint.text) == ["deals_set_aside:sales"])
        #expect(aside.first?.summary.contains("2 could not be settled") == true)

        totals.operationsUnknown = 3
        totals.oldestUnknown = Timestamp(unixMilliseconds: 0)
        func found(_ milliseconds: Int64) -> [Incident] {
            Self.findings().unknown(totals, at: Timestamp(unixMilliseconds: milliseconds))
        }
        #expect(found(599_999) == [])
        #expect(found(600_000).map(\.fingerprint.text) == ["operations_unknown:markets"])
        #expect(found(600_000).first?.summary.contains("One of 3 whose outcome") == true)
        totals.oldestUnknown = nil
        #expect(found(600_000) == [])
    }

    @Test func `accounts that are broken are one incident, from the first page that shows them`()
        throws
    {
        let accounts = try (1...7).map { number in
            AccountKey(
                tenant: try #require(TenantID("shop")),
                account: try #require(AccountID("a\(number)")))
        }
        var report = AuditReport()
        let findings = Self.findings()
        #expect(findings.broken(report) == [])
        report.found = [accounts[0]]
        #expect(findings.broken(report).map(\.fingerprint.text) == ["invariant_broken:ledger"])
        report.violations = accounts
        let found = findings.broken(report)
        #expect(found.count == 1)
        #expect(found.first?.summary.contains("shop/a1, shop/a2") == true)
        #expect(found.first?.summary.contains("and 2 more") == true)
        report.found = []
        report.violations = []
        #expect(findings.broken(report) == [])
    }

    @Test func `books that differ are an incident until a comparison finds none`() throws {
        var report = ReconciliationReport()
        #expect(Self.findings().differing(report) == [])
        report.difference = try #require(Nanotons(1))
        let found = Self.findings().differing(report)
        #expect(found.map(\.fingerprint.text) == ["reconciliation_difference:ledger"])
        #expect(found.first?.summary.contains("1 nanotons") == true)
    }

    // MARK: - Secrets

    @Test(
        arguments: [
            "postgres://teller:p%40ss-w0rd@db:5432/teller",
            "host=db password=p@ss-w0rd dbname=teller",
            "host=db password = 'p@ss-w0rd' dbname=teller",
            "postgres://db/teller?user=teller&password=p@ss-w0rd",
        ])
    func `the store's password is found however it is written`(text: String) {
        let secrets = ServerConfiguration.StoreLocation.postgres(connectionString: text).secrets
        #expect(secrets.contains("p@ss-w0rd"))
        #expect(secrets.contains(text))
        let redactor = Redactor(secrets: secrets)
        #expect(redactor.redacted("so p@ss-w0rd it is") == "so [redacted] it is")
    }
}
