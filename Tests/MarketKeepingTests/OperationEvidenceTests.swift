// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Marketplaces
import TellerProtocol
import Testing

@testable import MarketKeeping

/// What one look says of an operation.
@Suite struct OperationEvidenceTests {
    private static let alice = AccountKey(tenant: .standard, account: AccountID("alice")!)

    private func verdict(
        _ action: MarketOperation.Action, owned: Bool? = nil, status: WithdrawalStatus? = nil,
        before: Int64? = 1_000, now: Int64, isSettled: Bool = true, hints: Int = 0
    ) -> OperationEvidence.Verdict {
        var configuration = MarketKeeperConfiguration()
        configuration.withdrawalFeeMax = Nanotons(10)!
        let operation = MarketOperation(
            id: MarketOperationID(UUIDv7(unixMilliseconds: 1, sequence: 0, random: 0)),
            tenant: .standard, market: "m", action: action, key: nil,
            createdAt: Timestamp(unixMilliseconds: 0), state: .unknown,
            balanceBefore: before.flatMap { Nanotons($0) })
        return OperationEvidence(isOwned: owned, status: status, balance: Nanotons(now)!)
            .verdict(on: operation, isSettled: isSettled, hints: hints, configuration)
    }

    private let purchase = MarketOperation.Action.buy(item: "i", price: Nanotons(100)!)
    private let withdrawal = MarketOperation.Action.withdraw(Nanotons(100)!, to: Self.alice)

    @Test func `of a purchase`() {
        guard case .done = verdict(purchase, owned: true, now: 1_000) else {
            return #expect(Bool(false))
        }
        guard case .unknown(_, isHint: false) = verdict(purchase, owned: false, now: 900) else {
            return #expect(Bool(false), "money without a gift is no proof of anything")
        }
        guard
            case .unknown(_, isHint: false) = verdict(
                purchase, owned: false, now: 1_000, isSettled: false, hints: 5)
        else { return #expect(Bool(false), "too early") }
        guard case .unknown(_, isHint: true) = verdict(purchase, owned: false, now: 1_000) else {
            return #expect(Bool(false), "once is not enough")
        }
        guard
            case .notExecuted = verdict(purchase, owned: false, now: 1_000, hints: 1)
        else { return #expect(Bool(false)) }
        guard
            case .unknown(_, isHint: false) = verdict(
                purchase, owned: false, before: nil, now: 1_000, hints: 9)
        else { return #expect(Bool(false)) }
    }

    @Test(arguments: [Int64](888...1_001))
    func `of a withdrawal, by the balance alone`(now: Int64) {
        let found = verdict(withdrawal, now: now, hints: 1)
        switch now {
        case 890...900: #expect(found == .accepted("the amount was taken from the balance"))
        case 1_000:
            guard case .notExecuted = found else { return #expect(Bool(false), "\(found)") }
        default:
            guard case .unknown(_, isHint: false) = found else {
                return #expect(Bool(false), "\(found)")
            }
        }
    }

    @Test func `of a withdrawal, by the marketplace's word`() {
        for status in [WithdrawalStatus.completed, .pending, .other("odd")] {
            guard case .accepted = verdict(withdrawal, status: status, now: 1_000) else {
                return #expect(Bool(false), "\(status)")
            }
        }
        guard case .notExecuted = verdict(withdrawal, status: .failed, now: 900) else {
            return #expect(Bool(false))
        }
    }
}
