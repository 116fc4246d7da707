// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// The wallet's books: a nanoton of difference stops payouts.
@Suite(.serialized) struct TONBooksTests {
    private static let account = AccountKey(
        tenant: .standard, account: Sample.account("alice"))

    /// Runs the workers until the kill switch is tripped; its reason.
    private func reason(_ world: TONWorld, lie: Int64 = 0) async throws -> String? {
        let reason = Shared<String?>(nil)
        let supervisor = try world.supervisor(lie: lie) { text in
            reason.withLock { $0 = text }
        }
        let running = Task { try? await supervisor.run() }
        _ = try await eventually(within: 5) { reason.withLock { $0 } != nil }
        running.cancel()
        _ = await running.value
        return reason.withLock { $0 }
    }

    @Test func `a balance that is not what the transactions add up to trips the switch`()
        async throws
    {
        let world = TONWorld(bench: try await TONBench(.v5r1))
        #expect(try await reason(world) == nil)
        let found = try #require(try await reason(world, lie: 1))
        #expect(found.contains("add up to"))
        await world.connections.shutdown()
    }

    @Test func `a payment in the books that never left, and a second one, trip the switch`()
        async throws
    {
        let world = TONWorld(bench: try await TONBench(.v4r2))
        _ = try await world.bookkeeper.commit(
            .credit(
                CreditAccount(
                    account: Self.account, amount: Sample.amount(1_000_000_000), reference: nil,
                    key: nil)))
        let outcome = try await world.bookkeeper.commit(
            world.bookkeeper.creation(
                account: Self.account, amount: Sample.amount(5_000_000),
                destination: Destination(
                    rawAddress: try TONBench.recipient(1).rawText, isBounceable: false),
                comment: nil, key: nil))
        guard case .created(let withdrawal, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        let supervisor = try world.supervisor()
        let running = Task { try? await supervisor.run() }
        let isPaid = try await eventually(within: 30) {
            try await world.store.withdrawal(withdrawal.id)?.state == .confirmed
        }
        #expect(isPaid)
        running.cancel()
        _ = await running.value
        // Another message that is said to have paid it once more.
        let messages = try await world.store.messages(paying: withdrawal.id)
        var twin = try #require(messages.first)
        twin = PayoutMessage(
            hash: String(repeating: "f", count: 64), wallet: twin.wallet,
            sequence: twin.sequence + 100, validUntil: twin.validUntil, payload: [1],
            createdAt: twin.createdAt, updatedAt: twin.updatedAt, items: twin.items)
        #expect(try await world.store.add(twin, fence: nil))
        #expect(
            try await world.store.moveMessage(
                twin.hash, from: .signed, to: .released, at: twin.createdAt, fence: nil))
        let position = try #require(try await world.store.position(of: twin.wallet))
        var advance = WalletAdvance(
            wallet: twin.wallet, expectedVersion: position.version, position: position)
        twin.state = .executed
        twin.items[0].isPaid = true
        advance.messages = [twin]
        guard case .advanced = try await world.store.advance(advance, at: twin.createdAt) else {
            Issue.record("not written")
            return
        }
        let found = try #require(try await reason(world))
        #expect(found.contains("have left the wallet"))
        #expect(found.contains("paid twice"))
        await world.connections.shutdown()
    }
}
