// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// Deposits that wait for an operator, and payments that nobody explains.
@Suite struct WalletPageTests {
    private let alice = Sample.account("alice")
    private let bob = Sample.account("bob")
    private let wallet = ChainSample.wallet

    /// A wallet with deposits of alice at even times, and unmatched ones at odd times.
    private func fill(_ chain: any ChainStore) async throws {
        var advance = ChainSample.advance(from: 0)
        for lt: LogicalTime in 1...12 {
            advance.deposits.append(ChainSample.deposit(lt, to: lt % 2 == 0 ? alice : nil))
            advance.strayPayments.append(ChainSample.strayPayment(lt))
        }
        var other = ChainSample.advance(from: 0, wallet: "0:f")
        other.deposits = [ChainSample.deposit(5, wallet: "0:f")]
        for advance in [advance, other] {
            #expect(try await chain.advance(advance, at: Sample.now).isAdvanced)
        }
    }

    private func credit(_ account: AccountKey, _ amount: Int64, key: String?) -> CreditAccount {
        CreditAccount(
            account: account, amount: Sample.amount(amount), reference: "assigned",
            key: key.map(Sample.key))
    }

    @Test(arguments: StoreKind.allCases)
    func `pages are newest first, of one wallet and one state`(kind: StoreKind) async throws {
        let chain = try kind.open().chain
        try await fill(chain)
        func deposits(
            _ state: DepositState?, before: LogicalTime? = nil, limit: Int = 99
        ) async throws -> [LogicalTime] {
            try await chain.deposits(of: wallet, state: state, before: before, limit: limit)
                .map(\.lt)
        }
        #expect(try await deposits(nil) == (1...12).reversed())
        #expect(try await deposits(nil, before: 4, limit: 2) == [3, 2])
        #expect(try await deposits(.unmatched) == [11, 9, 7, 5, 3, 1])
        #expect(try await deposits(.unmatched, before: 9, limit: 2) == [7, 5])
        #expect(try await deposits(.credited, before: 3) == [2])
        #expect(try await deposits(.assigned) == [])
        #expect(
            try await chain.deposits(of: "0:f", state: .unmatched, before: nil, limit: 9).map(\.lt)
                == [5])
        let strays = try await chain.strayPayments(
            of: wallet, state: .open, before: 10, limit: 3)
        #expect(strays.map(\.lt) == [9, 8, 7])
        #expect(
            try await chain.strayPayments(of: wallet, state: .matched, before: nil, limit: 3) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `an unmatched deposit is credited once, to the account that an operator names`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (store, chain) = (fixture.store, try fixture.chain)
        try await fill(chain)
        func assign(_ lt: LogicalTime, _ command: CreditAccount) async throws -> LedgerOutcome? {
            try await chain.assignDeposit(wallet: wallet, lt: lt, by: command, at: Sample.now)
        }
        #expect(try await assign(2, credit(bob, 10, key: nil)) == nil)
        #expect(try await assign(99, credit(bob, 10, key: nil)) == nil)
        for amount: Int64 in [9, 11] {
            #expect(
                try await assign(3, credit(bob, amount, key: nil))?.refusal
                    == .amountOutOfRange(minimum: Sample.amount(10), maximum: Sample.amount(10)))
        }
        guard case .credited(let entry, _, _) = try await assign(3, credit(bob, 10, key: "k"))
        else {
            Issue.record("not credited")
            return
        }
        #expect(entry.reference == "assigned")
        #expect(try await assign(3, credit(bob, 10, key: "k")) == nil)
        #expect(try await assign(3, credit(alice, 10, key: nil)) == nil)
        // The key's credit was for another deposit, so this one stays.
        guard case .creditReplayed = try await assign(5, credit(bob, 10, key: "k")) else {
            Issue.record("the key was not known")
            return
        }
        let assigned = try await chain.deposits(
            of: wallet, state: .assigned, before: nil, limit: 9)
        #expect(assigned.map(\.lt) == [3])
        #expect(assigned.map(\.account) == [bob])
        #expect(
            try await chain.deposits(of: wallet, state: .unmatched, before: 6, limit: 9).map(\.lt)
                == [5, 1])
        #expect(try await store.account(bob)?.available == Sample.amount(10))
        _ = try store.commit([Sample.credit(bob, .max - 10)], at: Sample.now)
        #expect(try await assign(1, credit(bob, 10, key: nil))?.refusal == .balanceOverflow)
        #expect(
            try await chain.deposits(of: wallet, state: .unmatched, before: 2, limit: 9).map(\.lt)
                == [1])
        #expect(try await store.audit(after: nil, limit: 9).violations == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a stray payment is settled once`(kind: StoreKind) async throws {
        let chain = try kind.open().chain
        try await fill(chain)
        let id = Sample.id()
        func settle(
            _ lt: LogicalTime, _ state: StrayPaymentState, _ note: String, _ id: WithdrawalID?
        ) async throws -> Bool {
            try await chain.settleStrayPayment(
                wallet: wallet, lt: lt, as: state, note: note, withdrawal: id, at: Sample.now)
        }
        #expect(try await settle(4, .matched, "paid it", id))
        #expect(try await settle(5, .acknowledged, "moved to cold storage", nil))
        #expect(try await !settle(5, .matched, "no", id))
        #expect(try await !settle(99, .matched, "no", id))
        var matched = ChainSample.strayPayment(4)
        (matched.state, matched.note, matched.withdrawal) = (.matched, "paid it", id)
        #expect(
            try await chain.strayPayments(of: wallet, state: .matched, before: nil, limit: 9)
                == [matched])
        let acknowledged = try await chain.strayPayments(
            of: wallet, state: .acknowledged, before: nil, limit: 9)
        #expect(acknowledged.map(\.note) == ["moved to cold storage"])
        #expect(
            try await chain.strayPayments(of: wallet, state: .open, before: 6, limit: 9).map(\.lt)
                == [3, 2, 1])
    }
}
