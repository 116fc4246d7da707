// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// What a wallet has paid, on every store.
@Suite struct WalletAuditTests {
    private let alice = Sample.account("alice")
    private let wallet = ChainSample.wallet

    /// Withdrawals of 100, 101, 102 …, `SENT`.
    private func sent(_ count: Int, in store: any LedgerStore) throws -> [WithdrawalID] {
        let ids = (0..<count).map { _ in Sample.id() }
        _ = try store.commit([Sample.credit(alice, 100_000)], at: Sample.now)
        for (index, id) in ids.enumerated() {
            _ = try store.commit(
                [
                    Sample.create(alice, 100 + Int64(index), id: id),
                    Sample.step(id, .pending, .processing, of: alice),
                    Sample.step(id, .processing, .sent, of: alice),
                ], at: Sample.now)
        }
        return ids
    }

    /// Keeps a message and has it executed.
    private func execute(
        _ message: PayoutMessage, paid: [Bool?], from version: Int64, in chain: any ChainStore
    ) async throws {
        #expect(try await chain.add(message, fence: nil))
        #expect(
            try await chain.moveMessage(
                message.hash, from: .signed, to: .released, at: Sample.now, fence: nil))
        var executed = message
        executed.state = .executed
        executed.transactionHash = ChainSample.hash(1000 + message.sequence)
        for (index, isPaid) in paid.enumerated() { executed.items[index].isPaid = isPaid }
        var advance = ChainSample.advance(from: version)
        advance.messages = [executed]
        #expect(try await chain.advance(advance, at: Sample.now).isAdvanced)
    }

    @Test(arguments: StoreKind.allCases)
    func `an audit adds up what left, and names what was paid for nothing or twice`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let chain = try fixture.chain
        #expect(
            try await chain.audit(ofWallet: wallet)
                == WalletAudit(paid: .zero, stray: .zero, misplaced: []))
        let ids = try sent(3, in: fixture.store)
        try await execute(
            ChainSample.message(1, sequence: 1, paying: ids), paid: [true, true, false], from: 0,
            in: chain)
        var advance = ChainSample.advance(from: 1)
        advance.strayPayments = [ChainSample.strayPayment(77)]
        #expect(try await chain.advance(advance, at: Sample.now).isAdvanced)
        let sound = WalletAudit(
            paid: Sample.amount(201), stray: Sample.amount(5), misplaced: [])
        #expect(try await chain.audit(ofWallet: wallet) == sound)
        #expect(try await chain.audit(ofWallet: "0:other").paid == .zero)

        // Queued again although it was paid, and paid again although it was confirmed.
        _ = try fixture.store.commit(
            [
                Sample.step(ids[0], .sent, .pending, of: alice),
                Sample.step(ids[1], .sent, .confirmed, of: alice),
            ], at: Sample.now)
        #expect(try await chain.audit(ofWallet: wallet).misplaced == [ids[0]])
        try await execute(
            ChainSample.message(2, sequence: 2, paying: [ids[1]]), paid: [true], from: 2, in: chain)
        let audit = try await chain.audit(ofWallet: wallet)
        #expect(audit.misplaced == [ids[0], ids[1]].sorted())
        #expect(audit.paid == Sample.amount(301))
    }

    @Test(arguments: StoreKind.allCases)
    func `payments are found by where they went, the newest first`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let chain = try fixture.chain
        let ids = try sent(3, in: fixture.store)
        let first = ChainSample.message(1, sequence: 1, paying: [ids[0], ids[1]])
        try await execute(first, paid: [true, false], from: 0, in: chain)
        try await execute(
            ChainSample.message(2, sequence: 2, paying: [ids[2]]), paid: [true], from: 1, in: chain)
        let destination = first.items[0].destination
        let made = [
            MadePayment(withdrawal: ids[2], transactionHash: ChainSample.hash(1002)),
            MadePayment(withdrawal: ids[0], transactionHash: ChainSample.hash(1001)),
        ]
        #expect(try await chain.payments(to: destination, from: wallet, limit: 10) == made)
        #expect(try await chain.payments(to: destination, from: wallet, limit: 1) == [made[0]])
        #expect(try await chain.payments(to: destination, from: "0:other", limit: 10) == [])
        // What wasn't paid went nowhere.
        let other = first.items[1].destination
        #expect(try await chain.payments(to: other, from: wallet, limit: 10) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a wallet's last sequence and its batches under way are known`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let chain = try fixture.chain
        #expect(try await chain.lastSequence(of: wallet) == nil)
        let ids = try sent(2, in: fixture.store)
        let batch = ChainSample.message(1, sequence: 4, paying: ids)
        try await execute(batch, paid: [nil, nil], from: 0, in: chain)
        try await execute(
            ChainSample.message(2, sequence: 3, paying: []), paid: [], from: 1, in: chain)
        #expect(try await chain.add(ChainSample.message(3, sequence: 9), fence: nil))
        #expect(try await chain.lastSequence(of: wallet) == 9)
        #expect(
            try await chain.moveMessage(
                ChainSample.hash(3), from: .signed, to: .void, at: Sample.now, fence: nil))
        #expect(try await chain.lastSequence(of: wallet) == 4)

        let waiting = try await chain.messagesAwaitingBatch(of: wallet, limit: 10)
        #expect(waiting.map(\.hash) == [batch.hash])
        #expect(waiting.first?.items.count == 2)
        #expect(try await chain.messagesAwaitingBatch(of: "0:other", limit: 10) == [])
        var advance = ChainSample.advance(from: 2)
        var known = try #require(waiting.first)
        for index in known.items.indices { known.items[index].isPaid = true }
        advance.messages = [known]
        #expect(try await chain.advance(advance, at: Sample.now).isAdvanced)
        #expect(try await chain.messagesAwaitingBatch(of: wallet, limit: 10) == [])
    }
}
