// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import TellerProtocol
import TestSupport
import Testing

/// What a stretch of the wallet's transactions writes, on every store.
@Suite struct WalletAdvanceTests {
    private let alice = Sample.account("alice")
    private let bob = Sample.account("bob")
    private let wallet = ChainSample.wallet

    @Test(arguments: StoreKind.allCases)
    func `an advance is written with all that it says`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        #expect(try await chain.position(of: wallet) == nil)
        // Whatever stands in a comment: nothing, no text, and what text can't hold in SQL.
        let comments = [nil, "", "a\u{0}b", "наличные", String(repeating: "x", count: 100_000)]
        var first = ChainSample.deposits(from: 0, to: [alice, bob, alice])
        for (index, comment) in comments.enumerated() {
            first.deposits.append(
                ChainSample.deposit(100 + Int64(index), .max, comment: comment))
        }
        first.strayPayments = [
            ChainSample.strayPayment(7), ChainSample.strayPayment(8, comment: "\u{0}"),
        ]
        let result = try await chain.advance(first, at: Sample.now)
        guard case .advanced(let outcomes) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(outcomes.count == 3)
        #expect(try await chain.position(of: wallet) == first.position)
        #expect(try await chain.position(of: "0:other") == nil)
        let newest = first.deposits.sorted { $0.lt > $1.lt }
        #expect(
            try await chain.deposits(of: wallet, state: nil, before: nil, limit: 99) == newest)
        #expect(
            try await chain.strayPayments(of: wallet, state: nil, before: nil, limit: 9)
                == first.strayPayments.reversed())
        #expect(try await store.account(alice)?.available == Sample.amount(20))
        #expect(try await store.account(bob)?.available == Sample.amount(10))
        #expect(
            try await store.entries(of: alice, before: nil, limit: 9).map(\.reference)
                == ["deposit", "deposit"])

        // One without commands, from there on.
        #expect(
            try await chain.advance(ChainSample.advance(from: 1), at: Sample.now) == .advanced([]))
        #expect(try await chain.position(of: wallet)?.version == 2)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `an advance that begins elsewhere, or with a deposit that is known, writes nothing`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        #expect(
            try await chain.advance(ChainSample.deposits(from: 3, to: [alice]), at: Sample.now)
                == .moved)
        var first = ChainSample.deposits(from: 0, to: [alice])
        first.strayPayments = [ChainSample.strayPayment(50)]
        #expect(try await chain.advance(first, at: Sample.now).isAdvanced)

        var known = ChainSample.deposits(from: 1, to: [alice, bob])
        known.deposits[1] = ChainSample.deposit(0, to: bob)
        var twice = ChainSample.deposits(from: 1, to: [alice, bob])
        twice.deposits[1] = twice.deposits[0]
        var strayed = ChainSample.deposits(from: 1, to: [alice])
        strayed.strayPayments = [ChainSample.strayPayment(51), ChainSample.strayPayment(50)]
        let late = [
            first, ChainSample.deposits(from: 0, to: [bob]),
            ChainSample.deposits(from: 2, to: [bob]),
            known, twice, strayed,
        ]
        for advance in late {
            #expect(try await chain.advance(advance, at: Sample.now) == .moved)
        }
        #expect(try await chain.position(of: wallet)?.version == 1)
        #expect(try await store.account(alice)?.available == Sample.amount(10))
        #expect(try await store.account(bob) == nil)
        #expect(
            try await chain.deposits(of: wallet, state: nil, before: nil, limit: 9)
                == first.deposits)
        #expect(
            try await chain.strayPayments(of: wallet, state: nil, before: nil, limit: 9)
                == first.strayPayments)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])

        // Another wallet's deposit may have the same time.
        var other = ChainSample.advance(from: 0, wallet: "0:other")
        other.deposits = [ChainSample.deposit(0, to: bob, wallet: "0:other")]
        #expect(try await chain.advance(other, at: Sample.now).isAdvanced)
    }

    @Test(arguments: StoreKind.allCases)
    func `if one command is refused, nothing of the advance is written`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        _ = try store.commit([Sample.credit(bob, .max)], at: Sample.now)
        let overflowing = ChainSample.deposits(from: 0, to: [alice, bob])
        let refused = try await chain.advance(overflowing, at: Sample.now)
        #expect(refused.refusals == [nil, .balanceOverflow])
        let id = Sample.id()
        _ = try store.commit([Sample.create(bob, 100, id: id)], at: Sample.now)
        var conflicting = ChainSample.deposits(from: 0, to: [alice])
        conflicting.commands.append(Sample.step(id, .sent, .returned, of: bob))
        guard case .refused(let outcomes) = try await chain.advance(conflicting, at: Sample.now),
            case .conflict = outcomes[1]
        else {
            Issue.record("it was written although its withdrawal is elsewhere")
            return
        }
        #expect(try await chain.position(of: wallet) == nil)
        #expect(try await chain.deposits(of: wallet, state: nil, before: nil, limit: 9) == [])
        #expect(try await store.account(alice) == nil)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
        // The accounts that were not opened can be.
        #expect(
            try await chain.advance(ChainSample.deposits(from: 0, to: [alice]), at: Sample.now)
                .isAdvanced)
    }

    @Test(arguments: StoreKind.allCases)
    func `an advance ends messages and returns what came back`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        let ids = (0..<2).map { _ in Sample.id() }
        _ = try store.commit(
            [Sample.credit(alice, 1000)]
                + ids.flatMap {
                    [
                        Sample.create(alice, 100, id: $0), Sample.step($0, .pending, .processing),
                        Sample.step($0, .processing, .sent),
                    ]
                }, at: Sample.now)
        var executed = ChainSample.message(1, sequence: 1, paying: ids)
        var expired = ChainSample.message(2, sequence: 2, paying: ids)
        let signed = ChainSample.message(3, sequence: 3, paying: ids)
        for message in [executed, expired, signed] {
            #expect(try await chain.add(message, fence: nil))
        }
        for hash in [executed.hash, expired.hash] {
            #expect(
                try await chain.moveMessage(
                    hash, from: .signed, to: .released, at: Sample.now, fence: nil))
        }
        executed.state = .executed
        executed.transactionHash = ChainSample.hash(77)
        executed.updatedAt = Sample.now.adding(milliseconds: 9)
        executed.items[1].isPaid = false
        expired.state = .expired

        var first = ChainSample.advance(from: 0)
        first.messages = [executed, expired]
        first.commands = [Sample.step(ids[0], .sent, .returned, hash: "h", returned: 60)]
        #expect(try await chain.advance(first, at: Sample.now).isAdvanced)
        #expect(
            try await chain.messages([executed.hash, expired.hash])
                == [executed.hash: executed, expired.hash: expired])
        #expect(try await store.account(alice)?.available == Sample.amount(1000 - 210 + 60))

        // Better knowledge of its items, later.
        executed.items[0].isPaid = true
        var second = ChainSample.advance(from: 1)
        second.messages = [executed]
        #expect(try await chain.advance(second, at: Sample.now).isAdvanced)
        #expect(try await chain.messages([executed.hash])[executed.hash] == executed)
        try await expectNoEnd(of: [signed, expired], beside: executed, chain)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }

    /// Nothing but a released message ends, and only one that is as the caller saw it.
    private func expectNoEnd(
        of messages: [PayoutMessage], beside executed: PayoutMessage, _ chain: any ChainStore
    ) async throws {
        var wrong = messages.flatMap { message in
            [PayoutMessageState.executed, .expired, .void, .released].map { state in
                var message = message
                message.state = state
                return message
            }
        }
        var unexecuted = executed
        unexecuted.state = .expired
        var longer = executed
        longer.items.append(executed.items[0])
        var unknown = ChainSample.message(4, sequence: 4)
        unknown.state = .executed
        wrong += [unexecuted, longer, unknown]
        for message in wrong {
            var advance = ChainSample.deposits(from: 2, to: [alice])
            advance.messages = [executed, message]
            #expect(
                try await chain.advance(advance, at: Sample.now) == .moved,
                "\(message.hash.suffix(1)) \(message.state)")
        }
        var twice = ChainSample.advance(from: 2)
        twice.messages = [executed, executed]
        #expect(try await chain.advance(twice, at: Sample.now) == .moved)
        #expect(try await chain.position(of: wallet)?.version == 2)
        #expect(
            try await chain.messages(messages.map(\.hash)).count == messages.count)
        for message in messages {
            #expect(try await chain.messages([message.hash])[message.hash] == message)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `an advance is refused from the moment its lease is taken anew`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let chain = try fixture.chain
        let old = try await fixture.cluster.acquire("watch", holder: "a", life: .seconds(3600))
        let stale = Fence(lease: old.name, epoch: old.epoch)
        #expect(
            try await chain.advance(
                ChainSample.deposits(from: 0, to: [alice], fence: stale), at: Sample.now
            ).isAdvanced)
        try fixture.expire("watch")
        let new = try await fixture.openClusterAgain().acquire(
            "watch", holder: "b", life: .seconds(3600))
        let fence = Fence(lease: new.name, epoch: new.epoch)
        // Before anything else is looked at.
        for version: Int64 in [0, 1] {
            #expect(
                try await chain.advance(
                    ChainSample.deposits(from: version, to: [alice], fence: stale), at: Sample.now)
                    == .fenced)
        }
        let id = Sample.id()
        _ = try fixture.store.commit([Sample.create(alice, 1, fee: 0, id: id)], at: Sample.now)
        var command = ChainSample.deposits(from: 1, to: [alice], fence: fence)
        command.commands.append(Sample.step(id, .pending, .processing, fence: stale))
        #expect(try await chain.advance(command, at: Sample.now) == .fenced)
        #expect(try await chain.position(of: wallet)?.version == 1)
        #expect(
            try await chain.advance(
                ChainSample.deposits(from: 1, to: [alice], fence: fence), at: Sample.now
            ).isAdvanced)
        #expect(try await fixture.store.audit(after: nil, limit: 9).violations == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `credits with keys are replayed, and count once`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        _ = try store.commit([Sample.credit(alice, 10, key: "k")], at: Sample.now)
        var advance = ChainSample.advance(from: 0)
        advance.commands = [
            Sample.credit(alice, 10, key: "k"), Sample.credit(alice, 10, key: "new"),
            Sample.credit(bob, 10, key: "new"),
        ]
        guard case .advanced(let outcomes) = try await chain.advance(advance, at: Sample.now),
            case .creditReplayed = outcomes[0], case .credited = outcomes[1]
        else {
            Issue.record("not advanced with a replay")
            return
        }
        // The key stands for other parameters, so the money would be lost.
        var reused = ChainSample.advance(from: 1)
        reused.commands = [Sample.credit(bob, 11, key: "new")]
        #expect(
            try await chain.advance(reused, at: Sample.now).refusals
                == [.keyReused(fields: ["amount"])])
        #expect(try await store.account(alice)?.available == Sample.amount(20))
        #expect(try await store.account(bob)?.available == Sample.amount(10))
    }

    @Test(arguments: StoreKind.allCases)
    func `the ledger's batches go on from what advances have credited`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        for round: Int64 in 0..<6 {
            #expect(
                try await chain.advance(
                    ChainSample.deposits(from: round, to: [alice, bob]), at: Sample.now
                ).isAdvanced)
            // More than the batches before have left, but for the deposit.
            let spent = try store.commit([Sample.create(alice, 10, fee: 0)], at: Sample.now)
            #expect(spent[0].withdrawal != nil, "round \(round): \(spent)")
            let poor = try store.commit([Sample.create(alice, 1, fee: 0)], at: Sample.now)
            #expect(poor[0].refusal == .insufficientFunds)
        }
        #expect(try await store.account(alice)?.lastSequence == 12)
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }
}
