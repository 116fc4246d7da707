// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Workers

/// Promise 2: whatever breaks and whenever, a withdrawal is paid at most once, and the ledger
/// ends up saying so.
@Suite(.timeLimit(.minutes(2))) struct PayOnceTests {
    @Test func `a gateway that can't sign leaves the withdrawal in the queue`() async throws {
        let failures = Atomic(5)
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.prepare = { _ in
                if failures.subtract(1, ordering: .relaxed).newValue >= 0 { throw Scripted() }
            }
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        try await world.expectSound(paid: gateway)
    }

    @Test(arguments: [false, true])
    func `a failed submission is repeated with the same bytes`(arrives: Bool) async throws {
        let failures = Atomic(4)
        let gateway = ScriptedGateway()
        gateway.change { script in
            let fail: @Sendable ([Payout]) async throws -> Void = { _ in
                if failures.subtract(1, ordering: .relaxed).newValue >= 0 { throw Scripted() }
            }
            if arrives { script.submitted = fail } else { script.submit = fail }
            // The chain is not to be seen before the last failure.
            script.proven = { _ in failures.load(ordering: .relaxed) >= 0 ? .unknown : nil }
        }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        #expect(gateway.seen.signatures == 3)
        try await world.expectSound(paid: gateway)
    }

    @Test func `a gateway without evidence leaves the payout sent and repeats it`() async throws {
        let gateway = ScriptedGateway()
        gateway.change { $0.evidence = { _ in throw Scripted() } }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(2)
        try await world.withProcess { _, _, supervisor in
            try await eventually {
                supervisor.status().contains {
                    $0.name == "payout-confirmer" && $0.consecutiveFailures > 5
                }
            }
            for id in ids { #expect(try await world.state(id) == .sent) }
            gateway.change { $0.evidence = { _ in } }
            try await world.reach(.confirmed, ids)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `lies about other withdrawals and empty proofs change nothing`() async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let bystanders = try await world.makeWithdrawals(2)
        gateway.change { script in
            script.capacity = { 0 }
            for id in bystanders { script.lies[id] = .confirmed(transactionHash: "lie") }
        }
        try await world.withProcess { _, _, _ in
            // The first two wait; only what comes now is taken.
            gateway.change { script in
                script.capacity = { .max }
                script.prepared = { bystanders.contains($0.id) ? .postponed : nil }
                script.proven = { _ in .confirmed(transactionHash: "") }
            }
            let ids = try await world.makeWithdrawals(2)
            try await eventually {
                ids.allSatisfy { id in
                    gateway.seen.submissions[id]?.values.contains { $0 > 3 } ?? false
                }
            }
            for id in ids { #expect(try await world.state(id) == .sent) }
            for id in bystanders {
                let state = try await world.state(id)
                #expect(state == .pending || state == .processing)
            }
            gateway.change { $0.proven = { _ in nil } }
            try await world.reach(.confirmed, ids)
        }
        try await world.expectSound(paid: gateway)
    }

    @Test func `a signature for something else is thrown away`() async throws {
        let gateway = ScriptedGateway()
        let other = ScriptedGateway(name: "other")
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(2)
        let wrongAnswers = Atomic(8)
        gateway.change { script in
            script.prepared = { withdrawal in
                let number = wrongAnswers.subtract(1, ordering: .relaxed).newValue
                guard number >= 0 else { return nil }
                // Another withdrawal's payout, or another gateway's.
                return .signed(
                    number % 2 == 0
                        ? gateway.sign(withdrawal.id == ids[0] ? ids[1] : ids[0])
                        : other.sign(withdrawal.id))
            }
        }
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        #expect(other.seen.submissions.isEmpty)
        try await world.expectSound(paid: gateway)
    }

    @Test(arguments: 1...8, [FaultyStore.Fault.before, .after])
    func `a commit that fails or is lost never pays twice`(
        number: Int, fault: FaultyStore.Fault
    ) async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        world.store.onCommit { _, current in current == number ? fault : nil }
        try await world.withProcess(configure: { $0.processingTimeout = .milliseconds(100) }) {
            _, _, _ in
            try await eventually {
                // Time passes for what was left behind.
                world.clock.advance(milliseconds: 10)
                let all = try await world.store.withdrawals(
                    of: World.account, state: .confirmed, before: nil, limit: .max)
                return all.count == ids.count
            }
        }
        try await world.expectSound(paid: gateway)
    }

    enum Boundary: CaseIterable { case prepare, signed, submit, submitted, evidence }

    @Test(arguments: Boundary.allCases)
    func `a process killed at any boundary is continued by the next`(
        boundary: Boundary
    ) async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        let reached = Gate()
        let isDead = Atomic(false)
        // From the boundary on, nothing the old process does reaches anybody.
        let die: @Sendable () async throws -> Void = {
            reached.open()
            isDead.store(true, ordering: .sequentiallyConsistent)
            try await Task.sleep(for: .seconds(3_600))
        }
        gateway.change { script in
            switch boundary {
            case .prepare: script.prepare = { _ in try await die() }
            case .signed: break
            case .submit: script.submit = { _ in try await die() }
            case .submitted: script.submitted = { _ in try await die() }
            case .evidence: script.evidence = { _ in try await die() }
            }
        }
        world.store.onCommit { commands, _ in
            if boundary == .signed, commands.contains(where: \.isStepToSent) {
                isDead.store(true, ordering: .sequentiallyConsistent)
                reached.open()
            }
            return isDead.load(ordering: .sequentiallyConsistent) ? .before : nil
        }
        try await world.withProcess { _, _, _ in await reached.wait() }

        world.store.onCommit { _, _ in nil }
        gateway.change { $0 = ScriptedGateway.Script() }
        world.clock.advance(milliseconds: 60_000)
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        try await world.expectSound(paid: gateway)
    }

    @Test
    func `nothing is signed before its row is committed and nothing sent before its bytes are`()
        async throws
    {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        gateway.change { script in
            script.prepare = { withdrawals in
                for withdrawal in withdrawals {
                    let committed = try await world.store.withdrawal(withdrawal.id)
                    #expect(committed == withdrawal)
                    #expect(committed?.state == .processing)
                }
            }
            script.submit = { payouts in
                let committed = try await world.store.payouts(of: payouts.map(\.withdrawalID))
                for payout in payouts {
                    #expect(committed[payout.withdrawalID] == payout)
                    #expect(try await world.state(payout.withdrawalID) == .sent)
                }
            }
        }
        let ids = try await world.makeWithdrawals(50)
        try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
        try await world.expectSound(paid: gateway)
    }

    @Test func `a payout that others have resolved is no longer sent`() async throws {
        let gateway = ScriptedGateway()
        gateway.change { $0.proven = { _ in .unknown } }
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(2)
        try await world.withProcess { _, bookkeeper, _ in
            try await world.reach(.sent, ids)
            _ = try await bookkeeper.commit(
                .transition(
                    TransitionWithdrawal(
                        id: ids[0], account: World.account, from: .sent, to: .confirmed,
                        transactionHash: "elsewhere")))
            func sent(_ id: WithdrawalID) -> Int {
                gateway.seen.submissions[id]?.values.reduce(0, +) ?? 0
            }
            // The other one is sent on and on; this one comes to rest.
            try await eventually {
                let (resolved, unresolved) = (sent(ids[0]), sent(ids[1]))
                try await eventually { sent(ids[1]) > unresolved + 3 }
                return sent(ids[0]) == resolved
            }
        }
        #expect(try await world.store.withdrawal(ids[0])?.transactionHash == "elsewhere")
        try await world.expectSound(paid: gateway)
    }

    @Test func `a slow stale dispatcher is harmless`() async throws {
        let gateway = ScriptedGateway()
        let slow = ScriptedGateway(toChainOf: gateway)
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        let reached = Gate()
        let goOn = Gate()
        slow.change { script in
            script.prepare = { _ in
                reached.open()
                await goOn.wait()
            }
        }
        try await world.withProcess(gateway: slow) { _, _, _ in
            await reached.wait()
            world.clock.advance(milliseconds: 60_000)
            try await world.withProcess { _, _, _ in try await world.reach(.confirmed, ids) }
            // Now the slow one signs and finds that it has been overtaken.
            slow.change { $0.prepare = { _ in } }
            goOn.open()
            try await eventually { gateway.seen.signatures == 6 }
            let next = try await world.makeWithdrawals(1)
            try await world.reach(.confirmed, next)
        }
        #expect(gateway.seen.signatures == 7)
        for id in ids { #expect(gateway.payments(for: id) == 1) }
        try await world.expectSound(paid: gateway)
    }

    /// The state alone would not tell: the withdrawal is `PROCESSING` again when the slow one, who
    /// holds an older version of it, has signed.
    @Test func `a stale dispatcher loses to one that has taken the same withdrawal anew`()
        async throws
    {
        let gateway = ScriptedGateway()
        let slow = ScriptedGateway(toChainOf: gateway)
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(1)
        let (slowHasIt, slowGoesOn) = (Gate(), Gate())
        let (newHasIt, newGoesOn) = (Gate(), Gate())
        slow.change { script in
            script.prepare = { _ in
                slowHasIt.open()
                await slowGoesOn.wait()
            }
        }
        gateway.change { script in
            script.prepare = { _ in
                newHasIt.open()
                await newGoesOn.wait()
            }
        }
        try await world.withProcess(gateway: slow) { _, _, _ in
            await slowHasIt.wait()
            world.clock.advance(milliseconds: 60_000)
            try await world.withProcess { _, _, _ in
                await newHasIt.wait()
                #expect(try await world.store.withdrawal(ids[0])?.version == 4)
                slowGoesOn.open()
                try await eventually { gateway.seen.signatures == 1 }
                // The slow one's next pass finds nothing, so its late commit is over by then.
                let next = try await world.makeWithdrawals(1)
                try await world.reach(.confirmed, next)
                #expect(try await world.state(ids[0]) == .processing)
                #expect(gateway.payments(for: ids[0]) == 0)
                newGoesOn.open()
                try await world.reach(.confirmed, ids)
            }
        }
        #expect(gateway.payments(for: ids[0]) == 1)
        try await world.expectSound(paid: gateway)
    }

    @Test func `a stop lets the pass under way reach its safe point`() async throws {
        let gateway = ScriptedGateway()
        let world = World(gateway: gateway)
        let ids = try await world.makeWithdrawals(3)
        let reached = Gate()
        let goOn = Gate()
        gateway.change { script in
            script.prepare = { _ in
                reached.open()
                await goOn.wait()
            }
        }
        let bookkeeper = world.bookkeeper()
        let workers = Workers(
            bookkeeper: bookkeeper, gateway: gateway, clock: world.clock.ledger,
            configuration: world.configuration, logger: .init(label: "test"))
        let dispatcher = try #require(
            workers.children.first { $0.name == "payout-dispatcher" })
        let context = ChildContext(attempt: 1, time: .system) { _ in }
        let running = Task { try await dispatcher.body(context) }
        await reached.wait()
        context.askToStop()
        goOn.open()
        try await running.value
        for id in ids {
            #expect(try await world.state(id) == .sent)
            #expect(gateway.payments(for: id) == 1)
        }
    }

    @Test func `many racing processes and random faults pay each withdrawal once`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let random = Mutex(SeededRandom(seed: seed))
        let chance: @Sendable (Int) -> Bool = { percent in
            random.withLock { Int.random(in: 0..<100, using: &$0) < percent }
        }
        let isCalm = Atomic(false)
        let stumble: @Sendable () async throws -> Void = {
            if isCalm.load(ordering: .relaxed) { return }
            if chance(20) { await Task.yield() }
            if chance(15) { throw Scripted() }
        }
        let gateway = ScriptedGateway()
        gateway.change { script in
            script.prepare = { _ in try await stumble() }
            script.prepared = { _ in
                !isCalm.load(ordering: .relaxed) && chance(5) ? .postponed : nil
            }
            script.submitted = { _ in try await stumble() }
            script.evidence = { _ in try await stumble() }
            script.proven = { _ in !isCalm.load(ordering: .relaxed) && chance(30) ? .unknown : nil }
        }
        let world = World(gateway: gateway)
        gateway.change { script in
            script.submit = { payouts in
                // Nothing is broadcast before its signed bytes are committed.
                let committed = try await world.store.payouts(of: payouts.map(\.withdrawalID))
                for payout in payouts { #expect(committed[payout.withdrawalID] == payout) }
                try await stumble()
            }
        }
        let ids = try await world.makeWithdrawals(300)
        world.store.onCommit { _, _ in
            if isCalm.load(ordering: .relaxed) { return nil }
            return chance(4) ? .before : chance(4) ? .after : nil
        }
        let configure: (inout WorkersConfiguration) -> Void = {
            $0.batchPayoutsMax = 20
            // Every dispatcher takes the others' work away all the time.
            $0.processingTimeout = .milliseconds(1)
        }
        for round in 0..<4 {
            if round == 3 { isCalm.store(true, ordering: .relaxed) }
            try await world.withProcess(configure: configure) { _, _, _ in
                try await world.withProcess(configure: configure) { _, _, _ in
                    try await eventually {
                        try await world.store.withdrawals(
                            of: World.account, state: .confirmed, before: nil, limit: .max
                        ).count >= ids.count * (round + 1) / 4
                    }
                }
            }
            try await world.expectSound(paid: gateway)
        }
    }
}

extension LedgerCommand {
    fileprivate var isStepToSent: Bool {
        if case .transition(let transition) = self { transition.to == .sent } else { false }
    }
}
