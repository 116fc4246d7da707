// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Workers

@testable import Supervision

@Suite(.timeLimit(.minutes(5))) struct ReconcilerTests {
    @Test func `books that agree are said to, and nothing is stopped`() async throws {
        let world = World(gateway: ScriptedGateway())
        let trips = Mutex<[String]>([])
        try await world.withProcess(trip: { reason in trips.withLock { $0.append(reason) } }) {
            workers, bookkeeper, _ in
            let ids = try await world.makeWithdrawals(5, through: bookkeeper)
            try await world.reach(.confirmed, ids)
            try await eventually { workers.reconciler.report.passes >= 3 }
            #expect(workers.reconciler.report.isClean)
        }
        #expect(trips.withLock { $0 } == [])
    }

    @Test func `one nanoton of difference stops payouts, once for each difference`()
        async throws
    {
        let world = World(gateway: ScriptedGateway())
        let trips = Mutex<[String]>([])
        try await world.withProcess(trip: { reason in trips.withLock { $0.append(reason) } }) {
            workers, bookkeeper, _ in
            let ids = try await world.makeWithdrawals(1, through: bookkeeper)
            try await world.reach(.confirmed, ids)
            world.store.tamper(World.account, heldBy: 1)
            try await eventually { !trips.withLock { $0 }.isEmpty }
            let passes = workers.reconciler.report.passes
            try await eventually { workers.reconciler.report.passes >= passes + 3 }
            #expect(workers.reconciler.report.difference == Nanotons(1))
            #expect(trips.withLock { $0.count } == 1)
            world.store.tamper(World.account, heldBy: 1)
            try await eventually { trips.withLock { $0.count } == 2 }
            world.store.tamper(World.account, heldBy: -2)
            try await eventually { workers.reconciler.report.isClean }
        }
        #expect(trips.withLock { $0.count } == 2)
    }

    @Test func `a switch that can't be thrown is thrown again`() async throws {
        let world = World(gateway: ScriptedGateway())
        let attempts = Mutex(0)
        _ = try await world.makeWithdrawals(1)
        world.store.tamper(World.account, heldBy: 1)
        try await world.withProcess(
            trip: { _ in
                let attempt = attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                }
                if attempt < 3 { throw TaskStoreError("away") }
            }
        ) { workers, _, _ in
            try await eventually { workers.reconciler.report.passes >= 1 }
        }
        #expect(attempts.withLock { $0 } == 3)
    }

    @Test func `the store's absence is waited for, and is no failure`() async throws {
        let world = World(gateway: ScriptedGateway())
        try await world.withProcess { _, bookkeeper, supervisor in
            try await eventually { supervisor.status().allSatisfy { $0.state == .running } }
            world.store.fail(with: StoreError(.unavailable, "away"))
            try await eventually {
                supervisor.status().allSatisfy { $0.waits == .resource(.store) }
            }
            #expect(supervisor.status().allSatisfy { $0.attempt == 1 })
            world.store.fail(with: nil)
            let ids = try await world.makeWithdrawals(2, through: bookkeeper)
            try await world.reach(.confirmed, ids)
            try await eventually { supervisor.status().allSatisfy { $0.waits == nil } }
            #expect(supervisor.status().allSatisfy { $0.attempt == 1 && $0.lastError == nil })
        }
    }

    @Test func `the tasks' history is kept within its limits`() async throws {
        let cluster = InMemoryClusterStore()
        let history = (1...30).map { number in
            SupervisionEvent(
                sequence: UInt64(number), task: "a", at: .seconds(number),
                kind: .transition(
                    Transition(
                        from: .running, to: .stopped, reason: nil, attempt: number, error: nil)))
        }
        try await cluster.append(TaskHistory(history, on: "here"))
        let world = World(gateway: ScriptedGateway())
        try await world.withProcess(
            configure: { $0.historyLimits = TaskHistoryLimits(transitionsMax: 7) },
            history: cluster
        ) { _, _, _ in
            try await eventually {
                try await cluster.transitions(of: "a", after: 0, limit: 100).transitions.count == 7
            }
        }
    }
}
