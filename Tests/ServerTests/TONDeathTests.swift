// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import TellerProtocol
import TestSupport
import Testing

/// The workers that pay, dying before and after every write and every send, one after the other, on
/// a chain that runs the real contracts: each withdrawal is paid once.
@Suite(.serialized) struct TONDeathTests {
    private static let account = AccountKey(
        tenant: .standard, account: Sample.account("alice"))
    /// A payment takes some ten writes, and the watcher's own come between.
    private static let placesMax = 16

    @Test(arguments: [TONBench.WalletKind.v5r1, .highload])
    func `a death at any write or send pays nothing twice and loses nothing`(
        kind: TONBench.WalletKind
    ) async throws {
        let world = TONWorld(bench: try await TONBench(kind))
        _ = try await world.bookkeeper.commit(
            .credit(
                CreditAccount(
                    account: Self.account, amount: Sample.amount(1_000_000_000_000), reference: nil,
                    key: nil)))
        // The wallet's first transactions are read, and it is deployed, by a process that lives.
        var number = 0
        try await round(world, &number, dyingAt: nil, after: false)
        for place in 0..<Self.placesMax {
            for after in [false, true] {
                try await round(world, &number, dyingAt: place, after: after)
            }
        }
        for recipient in 0..<number {
            let received = try await world.bench.received(by: TONBench.recipient(recipient))
            #expect(received.map(\.value) == [1_000_000 + Int64(recipient)])
        }
        #expect(try await world.bench.sandbox.state().isConserved)
        let audit = try await world.store.audit(after: nil, limit: 10)
        #expect(audit.violations.isEmpty)
        await world.connections.shutdown()
    }

    /// Three withdrawals, paid by a process that dies and one that doesn't.
    private func round(
        _ world: TONWorld, _ number: inout Int, dyingAt place: Int?, after: Bool
    ) async throws {
        var ids: [WithdrawalID] = []
        for _ in 0..<3 {
            let outcome = try await world.bookkeeper.commit(
                world.bookkeeper.creation(
                    account: Self.account, amount: Sample.amount(1_000_000 + Int64(number)),
                    destination: Destination(
                        rawAddress: try TONBench.recipient(number).rawText, isBounceable: false),
                    comment: nil, key: nil))
            guard case .created(let withdrawal, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            ids.append(withdrawal.id)
            number += 1
        }
        let mortality = world.store.mortality
        mortality.live(until: place, after: after)
        try await run(world) {
            mortality.isDead ? true : try await isSettled(ids, world)
        }
        mortality.live(until: nil)
        let isPaid = try await run(world) { try await isSettled(ids, world) }
        #expect(isPaid, "place \(place.map { "\($0)" } ?? "none"), after \(after)")
    }

    private func isSettled(_ ids: [WithdrawalID], _ world: TONWorld) async throws -> Bool {
        for id in ids where try await world.store.withdrawal(id)?.state != .confirmed {
            return false
        }
        return true
    }

    /// Runs a process until `condition` holds, and stops it.
    @discardableResult
    private func run(_ world: TONWorld, until condition: () async throws -> Bool) async throws
        -> Bool
    {
        let supervisor = try world.supervisor()
        let running = Task { try? await supervisor.run() }
        // What it asks of a dead store throws: that is the death it waits for.
        let isReached = try await eventually(within: 40) { (try? await condition()) ?? true }
        running.cancel()
        _ = await running.value
        return isReached
    }
}
