// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import TellerProtocol
import TestSupport
import Testing

/// Memos and messages, on every store.
@Suite struct ChainStoreTests {
    private let alice = Sample.account("alice")

    // MARK: - Memos

    @Test(arguments: StoreKind.allCases)
    func `an account keeps its first memo, and a memo its first account`(
        kind: StoreKind
    ) async throws {
        let chain = try kind.open().chain
        let (bob, namesake) = (Sample.account("bob"), Sample.account("alice", tenant: "other"))
        #expect(try await chain.memo(of: alice, orElse: DepositMemo("a")) == DepositMemo("a"))
        #expect(try await chain.memo(of: alice, orElse: DepositMemo("b")) == DepositMemo("a"))
        await expectRejected { try await chain.memo(of: bob, orElse: DepositMemo("a")) }
        await expectRejected { try await chain.memo(of: namesake, orElse: DepositMemo("a")) }
        // Refused memos are not kept, and "b" was never needed.
        #expect(try await chain.memo(of: bob, orElse: DepositMemo("b")) == DepositMemo("b"))
        #expect(try await chain.memo(of: bob, orElse: DepositMemo("a")) == DepositMemo("b"))
        let named = try await chain.accounts(
            named: ["a", "b", "c", "A", "a "].map { DepositMemo($0) })
        #expect(named == [DepositMemo("a"): alice, DepositMemo("b"): bob])
        #expect(try await chain.accounts(named: []).isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func `whatever a stranger writes is looked up without harm, and never kept as a memo`(
        kind: StoreKind
    ) async throws {
        let chain = try kind.open().chain
        let strange = [
            "", "\u{0}", "a\u{0}", "é", "a b", "';--", "\u{202E}",
            String(repeating: "x", count: 65),
        ]
        #expect(try await chain.accounts(named: strange.map { DepositMemo($0) }).isEmpty)
        for text in strange where text != "';--" {
            await expectRejected { try await chain.memo(of: alice, orElse: DepositMemo(text)) }
        }
        let longest = DepositMemo(String(repeating: "~", count: 64))
        #expect(try await chain.memo(of: alice, orElse: longest) == longest)
    }

    private func expectRejected(
        _ body: () async throws -> DepositMemo,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let error = await #expect(throws: StoreError.self, sourceLocation: sourceLocation) {
            _ = try await body()
        }
        #expect(error?.code == .rejected, sourceLocation: sourceLocation)
    }

    @Test(arguments: StoreKind.allCases)
    func `one memo wins when many are proposed at once`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let stores = [try fixture.chain, try fixture.openChainAgain()]
        let memos = try await withThrowingTaskGroup(of: DepositMemo.self) { group in
            for number in 0..<20 {
                group.addTask { [alice] in
                    try await stores[number % 2].memo(of: alice, orElse: DepositMemo("m\(number)"))
                }
            }
            return try await group.reduce(into: Set<DepositMemo>()) { $0.insert($1) }
        }
        let memo = try #require(memos.first)
        #expect(memos.count == 1)
        #expect(try await stores[0].accounts(named: [memo]) == [memo: alice])
    }

    // MARK: - Messages

    @Test(arguments: StoreKind.allCases)
    func `a message is found by its hash, its state and each withdrawal it pays`(
        kind: StoreKind
    ) async throws {
        let chain = try kind.open().chain
        let ids = (0..<300).map { _ in Sample.id() }
        let large = ChainSample.message(1, sequence: 4, paying: ids)
        let empty = ChainSample.message(2, sequence: 3)
        let other = ChainSample.message(3, sequence: 3, paying: [ids[0]], wallet: "0:other")
        for message in [large, empty, other] { #expect(try await chain.add(message, fence: nil)) }
        let found = try await chain.messages([large.hash, empty.hash, ChainSample.hash(9)])
        #expect(found == [large.hash: large, empty.hash: empty])
        #expect(try await chain.messages([]).isEmpty)
        #expect(
            try await chain.messages(of: ChainSample.wallet, in: [.signed], limit: 9)
                == [empty, large])
        #expect(
            try await chain.messages(of: ChainSample.wallet, in: [.signed], limit: 1) == [empty])
        #expect(
            try await chain.messages(of: ChainSample.wallet, in: [.released, .void], limit: 9) == []
        )
        #expect(try await chain.messages(of: ChainSample.wallet, in: [], limit: 9) == [])
        #expect(try await chain.messages(paying: ids[0]) == [other, large])
        #expect(try await chain.messages(paying: ids[299]) == [large])
        #expect(try await chain.messages(paying: Sample.id()) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a wallet has one message of a sequence that may be executed`(
        kind: StoreKind
    ) async throws {
        let chain = try kind.open().chain
        let first = ChainSample.message(1, sequence: 1, paying: [Sample.id()])
        #expect(try await chain.add(first, fence: nil))
        // Said twice, it is kept once.
        #expect(try await chain.add(first, fence: nil))
        let second = ChainSample.message(2, sequence: 1, paying: [Sample.id()])
        #expect(try await !chain.add(second, fence: nil))
        #expect(try await chain.messages([second.hash]).isEmpty)
        #expect(try await chain.messages(paying: second.items[0].withdrawal) == [])
        #expect(
            try await chain.add(ChainSample.message(3, sequence: 1, wallet: "0:o"), fence: nil))

        #expect(try await move(chain, first, .signed, .void))
        #expect(try await chain.add(second, fence: nil))
        // It has gone on, so it isn't kept anew.
        #expect(try await !chain.add(first, fence: nil))
        #expect(try await move(chain, second, .signed, .released))
        #expect(try await !chain.add(second, fence: nil))
        let third = ChainSample.message(4, sequence: 1)
        #expect(try await !chain.add(third, fence: nil))
        #expect(try await move(chain, second, .released, .expired))
        #expect(try await chain.add(third, fence: nil))
        // Of one sequence, the one kept first comes first.
        let all = try await chain.messages(
            of: ChainSample.wallet, in: Set(PayoutMessageState.allCases), limit: 9)
        #expect(all.map(\.hash) == [first, second, third].map(\.hash))
        #expect(all.map(\.state) == [.void, .expired, .signed])
    }

    private func move(
        _ chain: any ChainStore, _ message: PayoutMessage, _ from: PayoutMessageState,
        _ to: PayoutMessageState, fence: Fence? = nil
    ) async throws -> Bool {
        try await chain.moveMessage(
            message.hash, from: from, to: to, at: Sample.now.adding(milliseconds: 7), fence: fence)
    }

    @Test(arguments: StoreKind.allCases)
    func `a message goes the ways of its drawing and no others`(kind: StoreKind) async throws {
        let chain = try kind.open().chain
        let allowed: [[PayoutMessageState]] = [
            [.signed, .released], [.signed, .void], [.released, .executed], [.released, .expired],
        ]
        let ways: [PayoutMessageState: [PayoutMessageState]] = [
            .signed: [], .released: [.released], .executed: [.released, .executed],
            .expired: [.released, .expired], .void: [.void],
        ]
        var number: Int64 = 0
        for (from, way) in ways {
            for to in PayoutMessageState.allCases {
                number += 1
                let message = ChainSample.message(number, sequence: number)
                #expect(try await chain.add(message, fence: nil))
                var last = PayoutMessageState.signed
                for next in way {
                    #expect(try await move(chain, message, last, next))
                    last = next
                }
                let isAllowed = allowed.contains([from, to])
                #expect(try await move(chain, message, from, to) == isAllowed, "\(from) → \(to)")
                let kept = try await chain.messages([message.hash])[message.hash]
                #expect(kept?.state == (isAllowed ? to : from))
                // Whoever saw it elsewhere loses.
                #expect(
                    try await !move(chain, message, from == .signed ? .released : .signed, .void))
            }
        }
        #expect(try await !move(chain, ChainSample.message(99, sequence: 99), .signed, .void))
    }

    @Test(arguments: StoreKind.allCases)
    func `a move says when it was made, and nothing else changes`(kind: StoreKind) async throws {
        let chain = try kind.open().chain
        var message = ChainSample.message(1, sequence: 1, paying: [Sample.id()])
        #expect(try await chain.add(message, fence: nil))
        #expect(try await move(chain, message, .signed, .released))
        message.state = .released
        message.updatedAt = Sample.now.adding(milliseconds: 7)
        #expect(try await chain.messages([message.hash]) == [message.hash: message])
    }

    @Test(arguments: StoreKind.allCases)
    func `a stale fence keeps messages from being added and moved`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let chain = try fixture.chain
        let lease = try await fixture.cluster.acquire(
            "payouts", holder: "a", life: .seconds(3600))
        let fence = Fence(lease: lease.name, epoch: lease.epoch)
        let message = ChainSample.message(1, sequence: 1)
        #expect(try await chain.add(message, fence: fence))
        // Its time is over, but nobody has begun in its place.
        try fixture.expire("payouts")
        #expect(try await move(chain, message, .signed, .released, fence: fence))
        _ = try await fixture.openClusterAgain().acquire("payouts", holder: "b", life: .seconds(9))
        #expect(try await !move(chain, message, .released, .expired, fence: fence))
        let late = ChainSample.message(2, sequence: 2)
        #expect(try await !chain.add(late, fence: fence))
        // Not even what is there already: the sender must stop.
        let signed = ChainSample.message(3, sequence: 3)
        #expect(try await chain.add(signed, fence: nil))
        #expect(try await !chain.add(signed, fence: fence))
        #expect(try await !chain.add(late, fence: Fence(lease: "never", epoch: 1)))
        #expect(
            try await chain.messages(
                of: ChainSample.wallet, in: Set(PayoutMessageState.allCases), limit: 9
            ).map(\.state) == [.released, .signed])
    }

    @Test(arguments: StoreKind.allCases)
    func `of messages signed at once for one sequence, one is kept`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let stores = [try fixture.chain, try fixture.openChainAgain()]
        for sequence: Int64 in 0..<5 {
            let kept = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number: Int64 in 0..<8 {
                    group.addTask {
                        let message = ChainSample.message(
                            sequence * 10 + number, sequence: sequence, paying: [Sample.id()])
                        return try await stores[Int(number % 2)].add(message, fence: nil)
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(kept == 1)
        }
        let all = try await stores[0].messages(
            of: ChainSample.wallet, in: [.signed], limit: 100)
        #expect(all.map(\.sequence) == [0, 1, 2, 3, 4])
        #expect(all.allSatisfy { $0.items.count == 1 })
    }

    @Test(arguments: StoreKind.durable)
    func `the database itself refuses a second live message`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        #expect(try await fixture.chain.add(ChainSample.message(1, sequence: 1), fence: nil))
        let row = """
            INSERT INTO payout_messages (hash, wallet, sequence, valid_until, payload, created_at,
                state, updated_at)
            SELECT 'other', wallet, sequence, valid_until, payload, created_at, '%', updated_at
            FROM payout_messages LIMIT 1
            """
        for state in ["signed", "released", "executed"] {
            #expect(throws: (any Error).self) {
                try fixture.tamper(row.replacing("%", with: state))
            }
        }
        try fixture.tamper(row.replacing("%", with: "void"))
    }
}
