// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

/// Random calls of every kind do on a store what they do on the model.
@Suite struct ChainModelTests {
    /// An answer of either store, to be compared.
    private enum Answer: Equatable {
        case done(Bool)
        case memo(DepositMemo)
        case advance(WalletAdvanceResult)
        case outcomes([LedgerOutcome?])
        case failed(StoreError.Code?)
    }

    private typealias Call = @Sendable (any ChainStore & LedgerStore) async -> Answer

    private static let accounts = (0..<3).map { Sample.account("a\($0)") }
    private static let wallet = ChainSample.wallet

    @Test(arguments: StoreKind.durable, [UInt64.random(in: .min ... .max)])
    func `random calls do on a store what they do on the model`(
        kind: StoreKind, seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        let store = try kind.open().store as any LedgerStore
        let real = try #require(store as? any ChainStore & LedgerStore)
        let model = InMemoryLedgerStore(outcomeLifeMilliseconds: StoreFixture.outcomeLife)
        var ids: [WithdrawalID] = []
        for round in 0..<400 {
            let version = try await model.position(of: Self.wallet)?.version ?? 0
            let call = call(&random, &ids, version: version)
            let (answer, expected) = (await call(real), await call(model))
            #expect(answer == expected, "seed \(seed), round \(round)")
            guard answer == expected else { return }
        }
        #expect(
            try await real.position(of: Self.wallet) == model.position(of: Self.wallet),
            "seed \(seed)")
        for states in [Set(PayoutMessageState.allCases), [.released, .expired], [.void]] {
            #expect(
                try await real.messages(of: Self.wallet, in: states, limit: 40)
                    == model.messages(of: Self.wallet, in: states, limit: 40), "seed \(seed)")
        }
        for id in ids.prefix(50) {
            #expect(
                try await real.messages(paying: id) == model.messages(paying: id), "seed \(seed)")
            #expect(try await real.withdrawal(id) == model.withdrawal(id), "seed \(seed)")
        }
        for state in [nil, DepositState.unmatched, .assigned] {
            #expect(
                try await real.deposits(of: Self.wallet, state: state, before: 30, limit: 99)
                    == model.deposits(of: Self.wallet, state: state, before: 30, limit: 99),
                "seed \(seed)")
        }
        #expect(
            try await real.strayPayments(of: Self.wallet, state: nil, before: nil, limit: 99)
                == model.strayPayments(of: Self.wallet, state: nil, before: nil, limit: 99),
            "seed \(seed)")
        for account in Self.accounts {
            #expect(
                try await real.entries(of: account, before: nil, limit: 10_000)
                    == model.entries(of: account, before: nil, limit: 10_000), "seed \(seed)")
        }
        #expect(try await real.audit(after: nil, limit: 100).violations == [], "seed \(seed)")
    }

    private func call(
        _ random: inout SeededRandom, _ ids: inout [WithdrawalID], version: Int64
    ) -> Call {
        let number = Int64(random.next() % 40)
        let account = Self.accounts[Int(random.next() % 3)]
        let known = ids.randomElement(using: &random) ?? Sample.id()
        switch random.next() % 8 {
        case 0:
            let memo = DepositMemo("m\(number % 5)")
            return Self.answering { .memo(try await $0.memo(of: account, orElse: memo)) }
        case 1:
            let message = ChainSample.message(
                number, sequence: number % 12, paying: ids.suffix(Int(number % 4)))
            return Self.answering { .done(try await $0.add(message, fence: nil)) }
        case 2:
            let states = PayoutMessageState.allCases
            let (from, to) = (states[Int(random.next() % 3)], states[Int(random.next() % 5)])
            return Self.answering {
                .done(
                    try await $0.moveMessage(
                        ChainSample.hash(number), from: from, to: to, at: Sample.now, fence: nil))
            }
        case 3:
            let command = CreditAccount(
                account: account, amount: Sample.amount(number % 9 == 0 ? 9 : 10), reference: nil,
                key: number % 2 == 0 ? nil : Sample.key("k\(number % 7)"))
            return Self.answering {
                .outcomes([
                    try await $0.assignDeposit(
                        wallet: Self.wallet, lt: number, by: command, at: Sample.now)
                ])
            }
        case 4:
            return Self.answering {
                .done(
                    try await $0.settleStrayPayment(
                        wallet: Self.wallet, lt: number,
                        as: number % 2 == 0 ? .matched : .acknowledged,
                        note: "n", withdrawal: known, at: Sample.now))
            }
        case 5:
            let id = Sample.id()
            ids.append(id)
            let commands = [
                Sample.credit(account, 100), Sample.create(account, 50, id: id),
                Sample.step(id, .pending, .processing, of: account),
                Sample.step(id, .processing, .sent, of: account),
            ]
            return Self.answering { .outcomes(try $0.commit(commands, at: Sample.now)) }
        default:
            let advance = advance(&random, known, account, version: version)
            return Self.answering { .advance(try await $0.advance(advance, at: Sample.now)) }
        }
    }

    /// One that mostly fits: from the position, with payments that are mostly new.
    private func advance(
        _ random: inout SeededRandom, _ known: WithdrawalID, _ account: AccountKey, version: Int64
    ) -> WalletAdvance {
        var advance = ChainSample.advance(from: random.next() % 5 == 0 ? version + 1 : version)
        for _ in 0..<random.next() % 3 {
            let lt = LogicalTime(random.next() % 40)
            let isMatched = random.next() % 2 == 0
            advance.deposits.append(ChainSample.deposit(lt, to: isMatched ? account : nil))
            guard isMatched else { continue }
            let key = random.next() % 3 == 0 ? "k\(random.next() % 7)" : nil
            advance.commands.append(Sample.credit(account, 10, key: key))
        }
        if random.next() % 3 == 0 {
            advance.strayPayments = [ChainSample.strayPayment(LogicalTime(random.next() % 40))]
        }
        if random.next() % 3 == 0 {
            let number = Int64(random.next() % 40)
            // It pays nothing, as a fourth of those that were added.
            var message = ChainSample.message(number, sequence: number % 12)
            message.state = random.next() % 2 == 0 ? .executed : .expired
            message.transactionHash = ChainSample.hash(version)
            advance.messages = [message]
        }
        if random.next() % 4 == 0 {
            advance.commands.append(
                Sample.step(
                    known, .sent, .returned, of: account, returned: Int64(random.next() % 55)))
        }
        return advance
    }

    private static func answering(
        _ call:
            @escaping @Sendable (any ChainStore & LedgerStore) async throws -> Answer
    ) -> Call {
        { store in
            do {
                return try await call(store)
            } catch {
                return .failed((error as? StoreError)?.code)
            }
        }
    }
}
