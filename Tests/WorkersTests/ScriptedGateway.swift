// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization
import TellerProtocol
import Workers

/// A chain that pays every distinct signature it is given, and a gateway to it that does what a
/// test wants.
///
/// Unlike a real wallet it has no sequence numbers: a second signature for one withdrawal would
/// pay twice, and the tests would see it.
final class ScriptedGateway: PayoutGateway {
    /// What runs before or in place of a call; throwing makes the call fail.
    struct Script: Sendable {
        /// How many of the queue it selects.
        var capacity: @Sendable () async throws -> Int = { .max }
        /// Why it selects none.
        var obstacle: String?
        var prepare: @Sendable ([Ledger.Withdrawal]) async throws -> Void = { _ in }
        /// In place of a signature; nil signs.
        var prepared: @Sendable (Ledger.Withdrawal) -> PreparedPayout? = { _ in nil }
        var submit: @Sendable ([Payout]) async throws -> Void = { _ in }
        /// After the bytes have reached the chain.
        var submitted: @Sendable ([Payout]) async throws -> Void = { _ in }
        var evidence: @Sendable ([Payout]) async throws -> Void = { _ in }
        /// In place of the truth; nil tells the truth.
        var proven: @Sendable (Payout) -> PayoutEvidence? = { _ in nil }
        var lies: [WithdrawalID: PayoutEvidence] = [:]
    }

    struct Record {
        var signatures = 0
        /// How often each payload reached the chain.
        var submissions: [WithdrawalID: [[UInt8]: Int]] = [:]
        var selections = 0
    }

    let name: String
    let isSimulator = true
    private let script: Mutex<Script>
    private let chain: Chain

    private final class Chain: Sendable {
        let record = Mutex(Record())
    }

    init(name: String = "scripted") {
        self.name = name
        script = Mutex(Script())
        chain = Chain()
    }

    /// Another process's gateway to the same chain.
    init(toChainOf other: ScriptedGateway) {
        name = other.name
        script = Mutex(Script())
        chain = other.chain
    }

    func change(_ change: (inout Script) -> Void) { script.withLock { change(&$0) } }

    var seen: Record { chain.record.withLock { $0 } }

    /// How many payments the chain has made for `id`.
    func payments(for id: WithdrawalID) -> Int { seen.submissions[id]?.count ?? 0 }

    func select(
        from queue: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> PayoutSelection {
        chain.record.withLock { $0.selections += 1 }
        let capacity = try await script.withLock { $0.capacity }()
        return PayoutSelection(
            withdrawals: Array(queue.prefix(capacity)), obstacle: script.withLock { $0.obstacle })
    }

    func prepare(
        _ withdrawals: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> [WithdrawalID: PreparedPayout] {
        try await script.withLock { $0.prepare }(withdrawals)
        let prepared = script.withLock { $0.prepared }
        var answer: [WithdrawalID: PreparedPayout] = [:]
        for withdrawal in withdrawals {
            answer[withdrawal.id] = prepared(withdrawal) ?? .signed(sign(withdrawal.id))
        }
        return answer
    }

    /// A payout whose bytes no other one has.
    func sign(_ id: WithdrawalID) -> Payout {
        let number = chain.record.withLock { record in
            record.signatures += 1
            return record.signatures
        }
        return Payout(
            withdrawalID: id, gateway: name, reference: "signature \(number)",
            payload: Array("\(id) \(number)".utf8), createdAt: Timestamp(unixMilliseconds: 0))
    }

    func submit(_ payouts: [Payout], fence: Fence?) async throws {
        try await script.withLock { $0.submit }(payouts)
        chain.record.withLock { record in
            for payout in payouts {
                record.submissions[payout.withdrawalID, default: [:]][payout.payload, default: 0] +=
                    1
            }
        }
        try await script.withLock { $0.submitted }(payouts)
    }

    func evidence(for payouts: [Payout]) async throws -> [WithdrawalID: PayoutEvidence] {
        try await script.withLock { $0.evidence }(payouts)
        let (proven, lies) = script.withLock { ($0.proven, $0.lies) }
        let submissions = seen.submissions
        var answer = lies
        for payout in payouts.reversed() {
            if let evidence = proven(payout) {
                answer[payout.withdrawalID] = evidence
            } else if submissions[payout.withdrawalID]?[payout.payload] != nil {
                answer[payout.withdrawalID] = .confirmed(transactionHash: payout.reference)
            }
        }
        return answer
    }
}
