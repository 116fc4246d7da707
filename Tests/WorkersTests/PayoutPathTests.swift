// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Supervision
import Synchronization
import TellerProtocol
import Testing
import Workers

@Suite(.timeLimit(.minutes(1))) struct PayoutPathTests {
    @Test func `a withdrawal is paid once and confirmed`() async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        try await world.withProcess { _, bookkeeper, _ in
            let ids = try await world.makeWithdrawals(1, through: bookkeeper)
            try await world.reach(.confirmed, ids)
            let withdrawal = try #require(try await world.store.withdrawal(ids[0]))
            #expect(withdrawal.transactionHash == "signature 1")
            #expect(withdrawal.failureReason == nil)
            let events = try await world.store.events(of: ids[0], after: 0, limit: 10)
            #expect(events.map(\.state) == [.pending, .processing, .sent, .confirmed])
            let account = try #require(try await world.store.account(World.account))
            #expect(account.held == .zero)
            #expect(account.available.rawValue == World.total - 1 - 7)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `hundreds are paid in batches`() async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(700)
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        #expect(gateway.seen.signatures == 700)
        try await world.expectSound(paid: gateway)
    }

    @Test func `a new withdrawal wakes the dispatcher`() async throws {
        let world = World(gateway: ScriptedGateway())
        try await world.withProcess(configure: {
            // Nothing is found by polling.
            $0.pollInterval = .seconds(3_600)
            $0.sweepInterval = .seconds(3_600)
        }) { _, bookkeeper, supervisor in
            try await eventually { supervisor.status().allSatisfy { $0.heartbeatAge != nil } }
            for _ in 0..<20 {
                let ids = try await world.makeWithdrawals(1, through: bookkeeper)
                try await world.reach(.confirmed, ids)
            }
        }
    }

    @Test func `evidence wakes the confirmer`() async throws {
        let gateway = ScriptedGateway()
        let looks = Atomic(0)
        gateway.change { script in
            script.proven = { _ in
                looks.add(1, ordering: .relaxed)
                return .unknown
            }
        }
        let world = World(gateway: gateway)
        try await world.withProcess(configure: {
            // Nothing is found by looking from time to time.
            $0.evidenceIntervalMin = .seconds(3_600)
            $0.evidenceIntervalMax = .seconds(3_600)
        }) { _, bookkeeper, _ in
            let ids = try await world.makeWithdrawals(3, through: bookkeeper)
            try await world.reach(.sent, ids)
            try await eventually { looks.load(ordering: .relaxed) >= 3 }
            gateway.change { $0.proven = { _ in nil } }
            bookkeeper.feed.publishEvidence(of: ids)
            try await world.reach(.confirmed, ids)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test(arguments: SimulatedOutcome.allCases)
    func `the simulator reaches every state`(outcome: SimulatedOutcome) async throws {
        var script = SimulatorGateway.Script()
        script.commentRules = [.init(prefix: "do ", outcome: outcome)]
        let clock = ManualClock()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let simulator = SimulatorGateway(script: script, clock: clock.ledger, logger: quiet)
        let world = World(gateway: simulator)
        let plain = try await world.makeWithdrawals(1)
        let ruled = try await world.makeWithdrawals(1, comment: "do \(outcome)")
        let expected: [SimulatedOutcome: (WithdrawalState, held: Int64, spent: Int64)] = [
            .confirm: (.confirmed, 0, 16), .refuse: (.failed, 0, 8), .silence: (.sent, 8, 16),
            .bounce: (.returned, 0, 15),
        ]
        let (state, held, spent) = try #require(expected[outcome])
        try await world.withProcess { _, _, _ in
            try await world.reach(.confirmed, plain)
            try await world.reach(state, ruled)
        }
        // The same after a restart: the outcome stands in the bytes, not in the memory.
        let again = SimulatorGateway(script: .init(), clock: clock.ledger, logger: quiet)
        try await world.withProcess(gateway: again) { workers, _, _ in
            let passes = workers.auditor.report.passes
            try await eventually { workers.auditor.report.passes > passes + 3 }
            #expect(try await world.state(ruled[0]) == state)
            #expect(workers.auditor.report.violations == [])
        }
        let account = try #require(try await world.store.account(World.account))
        #expect(account.held.rawValue == held)
        #expect(account.available.rawValue == 2 * World.total - spent)
    }

    @Test func `a payout that can never be made fails and frees the money`() async throws {
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.prepared = { _ in .refused(reason: String(repeating: "no", count: 1_000)) }
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        try await world.withProcess { _, _, _ in try await world.reach(.failed, ids) }
        let withdrawal = try #require(try await world.store.withdrawal(ids[0]))
        #expect(withdrawal.failureReason?.count == 200)
        #expect(try await world.store.account(World.account)?.held == .zero)
        try await world.expectSound(paid: gateway)
    }

    @Test func `a postponed payout is made later`() async throws {
        let postponements = Atomic(3)
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.prepared = { _ in
                postponements.subtract(1, ordering: .relaxed).newValue >= 0 ? .postponed : nil
            }
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(1)
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        try await world.expectSound(paid: gateway)
    }

    @Test func `the dispatcher says why the gateway pays nothing`() async throws {
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.capacity = { 0 }
            script.obstacle = "the wallet is empty"
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(1)
        try await world.withProcess { _, _, supervisor in
            func reason() -> WaitReason? {
                supervisor.status().first { $0.name == Workers.dispatcherName }?.waits
            }
            try await eventually { reason() == .resource(.condition("the wallet is empty")) }
            gateway.change { script in
                script.capacity = { .max }
                script.obstacle = nil
            }
            try await world.reach(.confirmed, ids)
            try await eventually { reason() == nil }
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `no withdrawal is taken while the gateway has no room`() async throws {
        let hasRoom = Atomic(false)
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.capacity = { hasRoom.load(ordering: .relaxed) ? 2 : 0 }
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(5)
        try await world.withProcess { _, _, _ in
            try await eventually { gateway.seen.selections > 3 }
            for id in ids { #expect(try await world.store.withdrawal(id)?.version == 1) }
            hasRoom.store(true, ordering: .relaxed)
            try await world.reach(.confirmed, ids)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `nothing new is sent while too much is unresolved`() async throws {
        let isSilent = Atomic(true)
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.proven = { _ in isSilent.load(ordering: .relaxed) ? .unknown : nil }
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(10)
        try await world.withProcess(configure: { $0.unresolvedPayoutsMax = 4 }) { _, _, _ in
            try await eventually {
                let submissions = gateway.seen.submissions
                return submissions.count == 4
                    && submissions.values.allSatisfy { $0.values.allSatisfy { $0 > 3 } }
            }
            let states = try await world.store.withdrawals(
                in: .pending, unchangedSince: world.clock.ledger.now(), limit: 100)
            #expect(states.count == 6)
            isSilent.store(false, ordering: .relaxed)
            try await world.reach(.confirmed, ids)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `the payout of another gateway is left alone`() async throws {
        let silent = ScriptedGateway(name: "other")
        silent.change { $0.proven = { _ in .unknown } }
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(1)
        try await world.withProcess(gateway: silent) { _, _, _ in
            try await world.reach(.sent, ids)
        }
        try await world.withProcess { workers, bookkeeper, _ in
            let own = try await world.makeWithdrawals(1, through: bookkeeper)
            try await world.reach(.confirmed, own)
        }
        #expect(try await world.state(ids[0]) == .sent)
        #expect(gateway.payments(for: ids[0]) == 0)
    }

    @Test func `a cancelled withdrawal is never paid`() async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(200)
        try await world.withProcess { _, bookkeeper, _ in
            var cancelled = 0
            for id in ids {
                let outcome = try await bookkeeper.commit(
                    .transition(
                        TransitionWithdrawal(
                            id: id, account: World.account, from: .pending, to: .cancelled)))
                if case .transitioned = outcome { cancelled += 1 }
            }
            try await eventually {
                try await world.store.withdrawals(
                    of: World.account, state: nil, before: nil, limit: .max
                ).allSatisfy { WithdrawalStateMachine.isSettled($0.state) }
            }
            #expect(gateway.seen.submissions.count == 200 - cancelled)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `the auditor reports an account that was tampered with`() async throws {
        let world = World(gateway: ScriptedGateway())
        try await world.makeWithdrawals(1)
        let bookkeeper = world.bookkeeper()
        for name in ["bob", "carol", "dave", "erin"] {
            let key = AccountKey(tenant: .standard, account: AccountID(name)!)
            _ = try await bookkeeper.commit(
                .credit(
                    CreditAccount(account: key, amount: Nanotons(5)!, reference: nil, key: nil)))
        }
        try await world.withProcess { workers, _, _ in
            try await eventually { workers.auditor.report.passes > 2 }
            #expect(workers.auditor.report.accountsChecked == 5)
            #expect(workers.auditor.report.violations == [])
            let dave = AccountKey(tenant: .standard, account: AccountID("dave")!)
            world.store.tamper(with: dave)
            try await eventually { workers.auditor.report.violations == [dave] }
        }
    }
}
