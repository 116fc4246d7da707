// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// What every store must do, on every store.
@Suite struct ConformanceTests {
    @Test(arguments: StoreKind.allCases)
    func `a credit opens the account and a withdrawal holds amount and fee`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let outcomes = try store.commit(
            [Sample.credit(alice, 1000, reference: "deposit"), Sample.create(alice, 300)],
            at: Sample.now)
        let withdrawal = try #require(outcomes[1].withdrawal)
        #expect(withdrawal.state == .pending)
        #expect(withdrawal.version == 1)
        #expect(withdrawal.fee == Sample.amount(5))
        let account = try #require(try await store.account(alice))
        #expect(account.available == Sample.amount(695))
        #expect(account.held == Sample.amount(305))
        #expect(account.lastSequence == 2)
        #expect(try await store.withdrawal(withdrawal.id) == withdrawal)
        let entries = try await store.entries(of: alice, before: nil, limit: 10)
        #expect(entries.map(\.kind) == [.hold, .credit])
        #expect(entries.map(\.sequence) == [2, 1])
        #expect(entries[0].withdrawalID == withdrawal.id)
        #expect(entries[1].reference == "deposit")
        #expect(
            try await store.events(of: withdrawal.id, after: 0, limit: 10).map(\.state)
                == [.pending])
    }

    @Test(arguments: StoreKind.allCases)
    func `a refusal changes nothing and does not burn its key`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let early = try store.commit([Sample.create(alice, 300, key: "k")], at: Sample.now)
        #expect(early[0].refusal == .accountNotFound)
        #expect(try await store.account(alice) == nil)
        let poor = try store.commit(
            [Sample.credit(alice, 304), Sample.create(alice, 300, key: "k")], at: Sample.now)
        #expect(poor[1].refusal == .insufficientFunds)
        let rich = try store.commit(
            [Sample.credit(alice, 1), Sample.create(alice, 300, key: "k")], at: Sample.now)
        #expect(rich[1].withdrawal != nil)
        #expect(try await store.account(alice)?.available == .zero)
    }

    @Test(arguments: StoreKind.allCases)
    func `a key executes once and a replay returns the first outcome`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        // A key twice in one batch, then again in a later one.
        let first = try store.commit(
            [
                Sample.credit(alice, 1000, key: "c"), Sample.credit(alice, 1000, key: "c"),
                Sample.create(alice, 100, key: "w"), Sample.create(alice, 100, key: "w"),
            ], at: Sample.now)
        let created = try #require(first[2].withdrawal)
        guard case .createReplayed(let inBatch, _) = first[3],
            case .creditReplayed(_, let account, _) = first[1]
        else {
            Issue.record("\(first)")
            return
        }
        #expect(inBatch.id == created.id)
        #expect(account.available == Sample.amount(1000))
        _ = try store.commit(
            [
                Sample.step(created.id, .pending, .processing),
                Sample.step(created.id, .processing, .sent),
                Sample.step(created.id, .sent, .confirmed, hash: "h"),
            ], at: Sample.now.adding(milliseconds: 5))
        let later = try store.commit(
            [Sample.create(alice, 100, key: "w"), Sample.credit(alice, 1000, key: "c")],
            at: Sample.now.adding(milliseconds: 10))
        guard case .createReplayed(let now, let record) = later[0],
            case .creditReplayed(let entry, _, _) = later[1]
        else {
            Issue.record("\(later)")
            return
        }
        #expect(now.state == .confirmed)
        #expect(now.asFirstAnswered == created)
        #expect(record.firstSeenAt == Sample.now)
        #expect(entry.sequence == 1)
        #expect(try await store.account(alice)?.available == Sample.amount(895))
    }

    @Test(arguments: StoreKind.allCases)
    func `a key with other parameters is refused with the fields that differ`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let outcomes = try store.commit(
            [
                Sample.credit(alice, 1000, key: "k"), Sample.create(alice, 100, key: "k"),
                Sample.create(alice, 101, key: "k", to: "b", comment: "x"),
                Sample.create(alice, 100, key: "k", bounceable: true),
                Sample.credit(alice, 1000, key: "k", reference: "r"),
            ], at: Sample.now)
        #expect(outcomes[2].refusal == .keyReused(fields: ["amount", "destination", "comment"]))
        // The bounce flag is how an address is written, not where it leads.
        #expect(outcomes[3].withdrawal == outcomes[1].withdrawal)
        #expect(outcomes[4].refusal == .keyReused(fields: ["reference"]))
    }

    @Test(arguments: StoreKind.allCases)
    func `keys are apart for each tenant, account and method`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let accounts = [
            Sample.account("alice"), Sample.account("bob"), Sample.account("alice", tenant: "bar"),
        ]
        let outcomes = try store.commit(
            accounts.flatMap {
                [Sample.credit($0, 1000, key: "k"), Sample.create($0, 100, key: "k")]
            }, at: Sample.now)
        #expect(Set(outcomes.compactMap(\.withdrawal?.id)).count == 3)
        for account in accounts {
            #expect(try await store.account(account)?.available == Sample.amount(895))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `an old key never executes again and says what became of it`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let outcomes = try store.commit(
            [Sample.credit(alice, 1000), Sample.create(alice, 100, key: "k")], at: Sample.now)
        let id = try #require(outcomes[1].withdrawal?.id)
        let late = try store.commit(
            [Sample.create(alice, 100, key: "k")],
            at: Sample.now.adding(milliseconds: StoreFixture.outcomeLife))
        #expect(late[0].refusal == .keyExpired(withdrawal: id, state: .pending))
    }

    @Test(arguments: StoreKind.allCases)
    func `a transition is conditional on state, version and account`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let created = try store.commit(
            [Sample.credit(alice, 1000), Sample.create(alice, 100)], at: Sample.now)
        let id = try #require(created[1].withdrawal?.id)
        let outcomes = try store.commit(
            [
                Sample.step(
                    id, .pending, .cancelled, of: Sample.account("alice", tenant: "other")),
                Sample.step(id, .pending, .cancelled, of: Sample.account("bob")),
                Sample.step(id, .pending, .processing, version: 7),
                Sample.step(id, .pending, .confirmed),
                Sample.step(id, .pending, .processing, version: 1),
                Sample.step(id, .pending, .cancelled),
                Sample.step(Sample.id(), .pending, .cancelled),
            ], at: Sample.now)
        #expect(outcomes[0].refusal == .withdrawalNotFound)
        #expect(outcomes[1].refusal == .withdrawalNotFound)
        for index in [2, 3, 5] {
            guard case .conflict = outcomes[index] else {
                Issue.record("\(index): \(outcomes[index])")
                continue
            }
        }
        #expect(outcomes[4].withdrawal?.version == 2)
        #expect(outcomes[6].refusal == .withdrawalNotFound)
        #expect(
            try await store.events(of: id, after: 0, limit: 10).map(\.state)
                == [.pending, .processing])
    }

    @Test(arguments: StoreKind.allCases)
    func `a step with an old version loses although the state is the one it names`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let id = Sample.id()
        func payout(_ reference: String) -> Payout {
            Payout(
                withdrawalID: id, gateway: "test", reference: reference, payload: [1],
                createdAt: Sample.now)
        }
        let taken = try store.commit(
            [
                Sample.credit(Sample.account("alice"), 1000),
                Sample.create(Sample.account("alice"), 100, id: id),
                Sample.step(id, .pending, .processing, version: 1),
            ], at: Sample.now)
        #expect(taken[2].withdrawal?.version == 2)
        // Whoever took it falls silent; it is queued again and another one takes it.
        _ = try store.commit(
            [
                Sample.step(id, .processing, .pending, version: 2),
                Sample.step(id, .pending, .processing, version: 3),
            ], at: Sample.now)
        for (to, signed) in [(WithdrawalState.sent, payout("stale")), (.failed, nil)] {
            let late = try store.commit(
                [Sample.step(id, .processing, to, version: 2, payout: signed)], at: Sample.now)
            guard case .conflict(let found) = late[0] else {
                Issue.record("\(late)")
                continue
            }
            #expect(found.state == .processing && found.version == 4)
        }
        #expect(try await store.payouts(of: [id]).isEmpty)
        let sent = try store.commit(
            [Sample.step(id, .processing, .sent, version: 4, payout: payout("second"))],
            at: Sample.now)
        #expect(sent[0].withdrawal?.version == 5)
        #expect(try await store.payouts(of: [id]) == [id: payout("second")])
    }

    @Test(
        arguments: StoreKind.allCases,
        [
            ([WithdrawalState.cancelled], 1000, 0),
            ([.processing, .failed], 1000, 0),
            ([.processing, .pending, .processing, .sent, .failed], 1000, 0),
            ([.processing, .sent, .confirmed], 895, 0),
            ([.processing, .sent, .returned], 995, 0),
            ([.processing, .sent, .confirmed, .returned], 995, 0),
        ] as [([WithdrawalState], Int64, Int64)])
    func `every way through the state machine leaves the right balance`(
        kind: StoreKind, way: (states: [WithdrawalState], available: Int64, held: Int64)
    ) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let created = try store.commit(
            [Sample.credit(alice, 1000), Sample.create(alice, 100)], at: Sample.now)
        let id = try #require(created[1].withdrawal?.id)
        var from = WithdrawalState.pending
        for to in way.states {
            let outcome = try store.commit(
                [Sample.step(id, from, to, detail: "why")], at: Sample.now)[0]
            #expect(outcome.withdrawal?.state == to)
            from = to
        }
        let account = try #require(try await store.account(alice))
        #expect(account.available == Sample.amount(way.available))
        #expect(account.held == Sample.amount(way.held))
        let audit = try await store.audit(after: nil, limit: 10)
        #expect(audit == LedgerAudit(violations: [], checked: 1, last: nil))
        let withdrawal = try await store.withdrawal(id)
        #expect((withdrawal?.failureReason == "why") == [.failed, .returned].contains(from))
    }

    @Test(arguments: StoreKind.allCases)
    func `pages go on where they ended although rows come in`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        _ = try store.commit([Sample.credit(alice, 100_000)], at: Sample.now)
        let ids = (0..<7).map { _ in Sample.id() }
        for id in ids {
            _ = try store.commit([Sample.create(alice, 100, id: id)], at: Sample.now)
        }
        let first = try await store.withdrawals(of: alice, state: nil, before: nil, limit: 3)
        _ = try store.commit([Sample.create(alice, 100)], at: Sample.now)
        let second = try await store.withdrawals(
            of: alice, state: nil, before: first.last?.id, limit: 3)
        #expect((first + second).map(\.id) == Array(ids.reversed().prefix(6)))
        #expect(
            try await store.withdrawals(of: alice, state: .sent, before: nil, limit: 3).isEmpty)
        let entries = try await store.entries(of: alice, before: 4, limit: 2)
        #expect(entries.map(\.sequence) == [3, 2])
        #expect(
            try await store.withdrawals(
                of: Sample.account("alice", tenant: "bar"), state: nil, before: nil, limit: 3
            ).isEmpty)
    }

    /// More rows than a statement takes, the known key among those that go together.
    @Test(arguments: StoreKind.allCases)
    func `one known key in a large batch is replayed, the others are new`(
        kind: StoreKind
    ) async throws {
        let store = try kind.open().store
        let accounts = ["alice", "bob", "carol"].map { Sample.account($0) }
        _ = try store.commit(accounts.map { Sample.credit($0, 100_000) }, at: Sample.now)
        let known = Sample.create(accounts[1], 100, key: "k22")
        let first = try store.commit([known], at: Sample.now)[0].withdrawal
        let batch = (0..<50).map { Sample.create(accounts[$0 % 3], 100, key: "k\($0)") }
        let outcomes = try store.commit(batch, at: Sample.now)
        for (number, outcome) in outcomes.enumerated() {
            switch outcome {
            case .created(let withdrawal, let record):
                #expect(number != 22 && withdrawal.account == accounts[number % 3])
                #expect(record?.scope.key == Sample.key("k\(number)"))
            case .createReplayed(let withdrawal, _):
                #expect(number == 22 && withdrawal.id == first?.id)
            default: Issue.record("\(outcome)")
            }
        }
        for (place, count) in [17, 17, 16].enumerated() {
            let listed = try await store.withdrawals(
                of: accounts[place], state: nil, before: nil, limit: 99)
            #expect(listed.count == count)
            #expect(
                try await store.account(accounts[place])?.held == Sample.amount(105 * Int64(count)))
        }
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `long histories are read from anywhere`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let (alice, bob) = (Sample.account("alice"), Sample.account("bob"))
        _ = try store.commit(
            [Sample.credit(alice, 1_000_000), Sample.credit(bob, 1_000_000)], at: Sample.now)
        var ids: [WithdrawalID] = []
        for _ in 0..<15 {
            let new = (0..<10).map { _ in Sample.id() }
            ids += new
            // Another account's rows stand between.
            _ = try store.commit(
                new.flatMap { [Sample.create(alice, 1, id: $0), Sample.create(bob, 1)] },
                at: Sample.now)
        }
        for before in [nil, 152, 151, 129, 128, 127, 66, 65, 64, 63, 2, 1, 0] as [Int64?] {
            let entries = try await store.entries(of: alice, before: before, limit: 70)
            let newest = min((before ?? .max) - 1, 151)
            #expect(
                entries.map(\.sequence)
                    == (1...151).reversed().filter { $0 <= newest }
                    .prefix(70).map { Int64($0) }, "before \(String(describing: before))")
            #expect(entries.allSatisfy { $0.account == alice })
        }
        var listed: [WithdrawalID] = []
        repeat {
            let page = try await store.withdrawals(
                of: alice, state: .pending, before: listed.last, limit: 40)
            listed += page.map(\.id)
            #expect(page.allSatisfy { $0.account == alice })
            if page.count < 40 { break }
        } while listed.count < 1000
        #expect(listed == ids.reversed())
        _ = try store.commit([Sample.step(ids[3], .pending, .cancelled)], at: Sample.now)
        #expect(
            try await store.withdrawals(of: alice, state: .cancelled, before: nil, limit: 2)
                .map(\.id) == [ids[3]])
        #expect(
            try await store.withdrawals(of: alice, state: nil, before: ids[1], limit: 2)
                .map(\.id) == [ids[0]])
        #expect(
            try await store.audit(after: nil, limit: 9)
                == LedgerAudit(violations: [], checked: 2, last: nil))
    }

    @Test(arguments: StoreKind.durable)
    func `what another process did to an account is seen by the next batch`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let alice = Sample.account("alice")
        _ = try fixture.store.commit([Sample.credit(alice, 1000)], at: Sample.now)
        let other = try fixture.openAgain()
        for round in 0..<4 {
            for store in [fixture.store, other] {
                let outcomes = try store.commit(
                    [Sample.create(alice, 100, key: "\(round)"), Sample.credit(alice, 10)],
                    at: Sample.now)
                #expect(outcomes[0].withdrawal != nil)
            }
        }
        // Four withdrawals of 105 were made, the other four calls were replays.
        let account = try #require(try await fixture.store.account(alice))
        #expect(account.available == Sample.amount(1000 - 4 * 105 + 8 * 10))
        #expect(account.held == Sample.amount(4 * 105))
        #expect(account.lastSequence == 13)
        #expect(try await other.audit(after: nil, limit: 9).violations == [])
        await other.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a worker's queue is the longest unchanged first`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        _ = try store.commit([Sample.credit(alice, 100_000)], at: Sample.now)
        let ids = (0..<4).map { _ in Sample.id() }
        for (offset, id) in ids.enumerated() {
            _ = try store.commit(
                [Sample.create(alice, 100, id: id)],
                at: Sample.now.adding(milliseconds: Int64(offset)))
        }
        _ = try store.commit([Sample.step(ids[0], .pending, .processing)], at: Sample.now)
        let queue = try await store.withdrawals(
            in: .pending, unchangedSince: Sample.now.adding(milliseconds: 2), limit: 10)
        #expect(queue.map(\.id) == [ids[1], ids[2]])
    }

    @Test(arguments: StoreKind.allCases)
    func `the signed bytes are kept with the step to SENT`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let id = Sample.id()
        let payout = Payout(
            withdrawalID: id, gateway: "test", reference: "r1", payload: [0, 1, 255],
            createdAt: Sample.now)
        _ = try store.commit(
            [
                Sample.credit(alice, 1000), Sample.create(alice, 100, id: id),
                Sample.step(id, .pending, .processing),
                Sample.step(id, .processing, .sent, payout: payout),
                // A step that is refused keeps nothing.
                Sample.step(id, .processing, .sent, payout: payout),
            ], at: Sample.now)
        #expect(try await store.payouts(of: [id, Sample.id()]) == [id: payout])
    }

    @Test(arguments: StoreKind.allCases)
    func `balances never leave their bounds`(kind: StoreKind) async throws {
        let store = try kind.open().store
        let alice = Sample.account("alice")
        let outcomes = try store.commit(
            [
                Sample.credit(alice, .max), Sample.credit(alice, 1),
                Sample.create(alice, .max - 5), Sample.credit(alice, 1),
                Sample.create(alice, .max, fee: .max),
            ], at: Sample.now)
        #expect(outcomes[1].refusal == .balanceOverflow)
        #expect(outcomes[2].withdrawal != nil)
        #expect(outcomes[3].refusal == .balanceOverflow)
        #expect(outcomes[4].refusal == .insufficientFunds)
    }

    @Test(arguments: StoreKind.durable)
    func `the journal can't be changed`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        _ = try fixture.store.commit([Sample.credit(Sample.account("a"), 1000)], at: Sample.now)
        #expect(throws: (any Error).self) {
            try fixture.tamper("UPDATE entries SET available_delta = 2")
        }
        #expect(throws: (any Error).self) { try fixture.tamper("DELETE FROM entries") }
    }

    @Test(arguments: StoreKind.durable)
    func `what was acknowledged is there for another process`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let alice = Sample.account("alice")
        let created = try fixture.store.commit(
            [Sample.credit(alice, 1000), Sample.create(alice, 100, key: "k")], at: Sample.now)
        let other = try fixture.openAgain()
        #expect(try await other.account(alice)?.held == Sample.amount(105))
        let replay = try other.commit([Sample.create(alice, 100, key: "k")], at: Sample.now)
        #expect(replay[0].withdrawal?.id == created[1].withdrawal?.id)
        await fixture.store.close()
        #expect(try await other.account(alice)?.held == Sample.amount(105))
        await other.close()
    }

    @Test(arguments: StoreKind.durable)
    func `a closed store says that it is unavailable`(kind: StoreKind) async throws {
        let store = try kind.open().store
        await store.close()
        await #expect(throws: StoreError.self) { try await store.ping() }
        #expect(throws: StoreError.self) {
            try store.commit([Sample.credit(Sample.account("a"), 1)], at: Sample.now)
        }
    }

    @Test(arguments: StoreKind.durable)
    func `another schema is refused`(kind: StoreKind) async throws {
        let edited = try kind.open()
        try edited.tamper("UPDATE schema_migrations SET checksum = 'x'")
        #expect(throws: StoreError.self) { try edited.openAgain() }
        let newer = try kind.open()
        try newer.tamper("INSERT INTO schema_migrations VALUES (99, 'later', 'x')")
        #expect(throws: StoreError.self) { try newer.openAgain() }
    }
}
