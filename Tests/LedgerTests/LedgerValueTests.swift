// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

@Suite struct WithdrawalStateMachineTests {
    @Test func `these steps are allowed and no others`() {
        let allowed: [(WithdrawalState, WithdrawalState, WithdrawalStateMachine.Posting)] = [
            (.inReview, .pending, .none), (.inReview, .failed, .release),
            (.pending, .processing, .none), (.pending, .cancelled, .release),
            (.processing, .pending, .none), (.processing, .sent, .none),
            (.processing, .failed, .release), (.sent, .confirmed, .capture),
            (.sent, .pending, .none), (.sent, .failed, .release),
            (.sent, .returned, .returned(wasHeld: true)),
            (.confirmed, .returned, .returned(wasHeld: false)),
        ]
        for from in WithdrawalState.allCases {
            for to in WithdrawalState.allCases {
                let step = allowed.first { $0.0 == from && $0.1 == to }
                #expect(
                    WithdrawalStateMachine.posting(from: from, to: to) == step?.2,
                    "\(from) → \(to)")
            }
        }
    }

    @Test func `bytes that may be on the wire are neither signed over nor cancelled`() {
        #expect(WithdrawalStateMachine.posting(from: .sent, to: .processing) == nil)
        #expect(WithdrawalStateMachine.posting(from: .sent, to: .cancelled) == nil)
    }
}

@Suite struct FingerprintTests {
    @Test func `fields never run into one another`() {
        let one = Fingerprint(method: .withdrawCreate, fields: ["amount": "12", "comment": "3"])
        let two = Fingerprint(method: .withdrawCreate, fields: ["amount": "1", "comment": "23"])
        let absent = Fingerprint(method: .withdrawCreate, fields: ["amount": "12", "comment": nil])
        let empty = Fingerprint(method: .withdrawCreate, fields: ["amount": "12", "comment": ""])
        let other = Fingerprint(method: .accountCredit, fields: ["amount": "12", "comment": "3"])
        #expect(Set([one, two, absent, empty, other]).count == 5)
        #expect(one.bytes.count == Fingerprint.byteCount)
        #expect(Fingerprint(bytes: one.bytes) == one)
        #expect(Fingerprint(bytes: Array(one.bytes.dropLast())) == nil)
    }
}

@Suite struct WithdrawalIDGeneratorTests {
    @Test func `ids rise although the clock stands or steps back`() {
        let time = ManualNow(1_800_000_000_000)
        let ids = WithdrawalIDGenerator(clock: LedgerClock { time.now })
        var last = ids.next()
        for step in 0..<20_000 {
            if step == 5000 { time.set(1_799_999_999_000) }
            if step == 15_000 { time.set(1_800_000_100_000) }
            let next = ids.next()
            #expect(last < next)
            #expect(WithdrawalID(next.description) == next)
            last = next
        }
    }
}

@Suite struct WithdrawalPolicyTests {
    @Test func `terms that contradict themselves are refused`() {
        func policy(_ minimum: Int64, _ maximum: Int64, _ fee: Int64) -> WithdrawalPolicy? {
            WithdrawalPolicy(
                minimum: Sample.amount(minimum), maximum: Sample.amount(maximum),
                fee: Sample.amount(fee))
        }
        #expect(policy(0, 10, 1) == nil)
        #expect(policy(11, 10, 1) == nil)
        #expect(policy(1, .max, 1) == nil)
        #expect(policy(1, .max, 0) != nil)
        #expect(policy(5, 10, 1)?.admit(Sample.amount(5)) == .admitted(fee: Sample.amount(1)))
        for amount: Int64 in [0, 4, 11] {
            #expect(
                policy(5, 10, 1)?.admit(Sample.amount(amount))
                    == .refused(
                        .amountOutOfRange(minimum: Sample.amount(5), maximum: Sample.amount(10))))
        }
    }
}
