// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Resilience
import Supervision
import Synchronization
import TellerProtocol
import Testing
import Tracing
import Workers

/// A ledger, a chain, and processes with workers that come and go.
struct World: Sendable {
    static let account = AccountKey(tenant: .standard, account: AccountID("alice")!)
    static let total: Int64 = 1_000_000_000

    let store = FaultyStore()
    let gateway: any PayoutGateway
    let clock = ManualClock()

    init(gateway: any PayoutGateway) { self.gateway = gateway }

    var configuration: WorkersConfiguration {
        var configuration = WorkersConfiguration()
        configuration.pollInterval = .milliseconds(5)
        configuration.sweepInterval = .milliseconds(5)
        configuration.evidenceIntervalMin = .milliseconds(1)
        configuration.evidenceIntervalMax = .milliseconds(5)
        configuration.resubmitInterval = .milliseconds(10)
        configuration.auditInterval = .milliseconds(5)
        configuration.auditPageAccountsMax = 2
        configuration.reconciliationInterval = .milliseconds(5)
        configuration.reapInterval = .milliseconds(5)
        configuration.policy.backoff = Backoff(
            base: .milliseconds(1), factorPercent: 100, cap: .milliseconds(1), jitter: .none)
        configuration.policy.shutdownGrace = .seconds(30)
        return configuration
    }

    /// A process of the service without its workers.
    func bookkeeper() -> Bookkeeper {
        Bookkeeper(
            store: store,
            policy: WithdrawalPolicy(
                minimum: Nanotons(1)!, maximum: Nanotons(Self.total)!, fee: Nanotons(7)!)!,
            clock: clock.ledger)
    }

    /// Runs `body` beside one more process with workers, which is stopped afterwards.
    func withProcess(
        gateway: (any PayoutGateway)? = nil, killing: Bool = false,
        configure: (inout WorkersConfiguration) -> Void = { _ in },
        history: (any TaskStore)? = nil, trip: @escaping Reconciler.Trip = { _ in },
        tracer: (any Tracer)? = nil,
        _ body: (Workers, Bookkeeper, Supervisor) async throws -> Void
    ) async throws {
        var configuration = configuration
        configure(&configuration)
        let bookkeeper = bookkeeper()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let workers = Workers(
            bookkeeper: bookkeeper, gateway: gateway ?? self.gateway, clock: clock.ledger,
            configuration: configuration, history: history, trip: trip, tracer: tracer,
            logger: quiet)
        let supervisor = try Supervisor(children: workers.children, logger: quiet)
        let running = Task { try await supervisor.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(workers, bookkeeper, supervisor)) } catch {
            result = .failure(error)
        }
        running.cancel()
        try await running.value
        try result.get()
    }

    /// Credits the account and makes `count` withdrawals with different amounts.
    @discardableResult
    func makeWithdrawals(
        _ count: Int, comment: String? = nil, through bookkeeper: Bookkeeper? = nil
    ) async throws -> [WithdrawalID] {
        let bookkeeper = bookkeeper ?? self.bookkeeper()
        _ = try await bookkeeper.commit(
            .credit(
                CreditAccount(
                    account: Self.account, amount: Nanotons(Self.total)!, reference: nil, key: nil))
        )
        var ids: [WithdrawalID] = []
        for number in 1...count {
            let outcome = try await bookkeeper.commit(
                bookkeeper.creation(
                    account: Self.account, amount: Nanotons(Int64(number))!,
                    destination: Destination(
                        rawAddress: "0:" + String(repeating: "a", count: 64), isBounceable: false),
                    comment: comment, key: nil))
            guard case .created(let withdrawal, _) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            ids.append(withdrawal.id)
        }
        return ids
    }

    func state(_ id: WithdrawalID) async throws -> WithdrawalState? {
        try await store.withdrawal(id)?.state
    }

    /// Waits until every withdrawal is in `state`.
    func reach(_ state: WithdrawalState, _ ids: [WithdrawalID]) async throws {
        for id in ids { try await eventually { try await self.state(id) == state } }
    }

    /// The money and the journal agree, and every withdrawal kept the rules of its state.
    func expectSound(
        paid gateway: ScriptedGateway, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let audit = try await store.audit(after: nil, limit: 1_000)
        #expect(audit.violations == [], sourceLocation: sourceLocation)
        let all = try await store.withdrawals(
            of: Self.account, state: nil, before: nil, limit: .max)
        for withdrawal in all {
            let payments = gateway.payments(for: withdrawal.id)
            #expect(payments <= 1, "paid twice", sourceLocation: sourceLocation)
            switch withdrawal.state {
            case .pending, .processing, .failed, .cancelled, .inReview:
                #expect(payments == 0, "\(withdrawal.state)", sourceLocation: sourceLocation)
            case .confirmed, .returned:
                #expect(payments == 1, sourceLocation: sourceLocation)
            case .sent: break
            }
        }
    }
}

/// A wall clock that goes on by itself and can be put forward.
final class ManualClock: Sendable {
    private let now = Atomic<Int64>(1_800_000_000_000)

    func advance(milliseconds: Int64) { now.add(milliseconds, ordering: .relaxed) }

    var ledger: LedgerClock {
        LedgerClock {
            Timestamp(unixMilliseconds: self.now.add(1, ordering: .relaxed).newValue)
        }
    }
}

struct Scripted: Error {}

/// Looks again until `condition` holds; the suite's time limit ends a wait in vain.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(1)) }
}
