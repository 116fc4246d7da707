// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Ledger
package import Logging
package import Supervision
internal import Synchronization
package import TellerProtocol

/// What the simulator does with a payment.
package enum SimulatedOutcome: String, Sendable, CaseIterable {
    /// It is paid.
    case confirm
    /// It is proven never to be paid.
    case refuse
    /// Nothing is ever known of it.
    case silence
    /// It is paid and comes back.
    case bounce
}

/// A gateway that only pretends to pay, for trying the service out and for tests.
///
/// What becomes of a payment is written in its bytes, so the same bytes always have the same end,
/// also after a restart has emptied the simulator's memory: then they only have to be submitted
/// again. A payment never submitted is never confirmed.
package final class SimulatorGateway: PayoutGateway {
    /// How payments are treated.
    package struct Script: Sendable, Equatable {
        package var outcome = SimulatedOutcome.confirm
        /// The outcome of payments whose comment begins with a text, in place of `outcome`; the
        /// first rule that fits counts.
        package var commentRules: [CommentRule] = []
        /// From the first submission to the evidence.
        package var delay: Duration = .zero

        package init() {}
    }

    package struct CommentRule: Sendable, Equatable {
        package let prefix: String
        package let outcome: SimulatedOutcome

        package init(prefix: String, outcome: SimulatedOutcome) {
            self.prefix = prefix
            self.outcome = outcome
        }
    }

    /// Submissions remembered at the most; a payment forgotten is unknown until it is submitted
    /// again.
    private static let submissionsMax = 100_000

    private struct Memory {
        var submittedAt: [String: Duration] = [:]
        var order: [String] = []
        var oldest = 0

        mutating func forgetOldest(keeping limit: Int) {
            while order.count - oldest > limit {
                submittedAt[order[oldest]] = nil
                oldest += 1
            }
            // The list is cut only now and then, so that each payment costs the same.
            if oldest > limit {
                order.removeFirst(oldest)
                oldest = 0
            }
        }
    }

    package let name = "simulator"
    package let isSimulator = true
    private let script: Script
    private let clock: LedgerClock
    private let time: SteadyTime
    private let logger: Logger
    private let memory = Mutex(Memory())

    package init(
        script: Script = Script(), clock: LedgerClock, time: SteadyTime = .system, logger: Logger
    ) {
        self.script = script
        self.clock = clock
        self.time = time
        var logger = logger
        logger[metadataKey: "gateway"] = "simulator"
        self.logger = logger
        logger.notice("payouts are simulated: nothing is paid")
    }

    package func select(
        from queue: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> PayoutSelection {
        PayoutSelection(withdrawals: queue)
    }

    package func prepare(
        _ withdrawals: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> [WithdrawalID: PreparedPayout] {
        let now = clock.now()
        var prepared: [WithdrawalID: PreparedPayout] = [:]
        for withdrawal in withdrawals {
            let payload = payload(of: withdrawal)
            prepared[withdrawal.id] = .signed(
                Payout(
                    withdrawalID: withdrawal.id, gateway: name,
                    reference: Self.transactionHash(of: payload), payload: payload,
                    createdAt: now))
        }
        return prepared
    }

    package func submit(_ payouts: [Payout], fence: Fence?) async throws {
        let now = time.now()
        memory.withLock { memory in
            for payout in payouts where memory.submittedAt[payout.reference] == nil {
                memory.submittedAt[payout.reference] = now
                memory.order.append(payout.reference)
            }
            memory.forgetOldest(keeping: Self.submissionsMax)
        }
        logger.debug("submitted", metadata: ["count": "\(payouts.count)"])
    }

    package func evidence(
        for payouts: [Payout]
    ) async throws -> [WithdrawalID: PayoutEvidence] {
        let now = time.now()
        let submitted = memory.withLock { memory in
            payouts.map { memory.submittedAt[$0.reference] }
        }
        var evidence: [WithdrawalID: PayoutEvidence] = [:]
        for (payout, submittedAt) in zip(payouts, submitted) {
            guard let submittedAt, now >= submittedAt + script.delay else { continue }
            switch Self.outcome(of: payout.payload) {
            case .confirm:
                evidence[payout.withdrawalID] = .confirmed(
                    transactionHash: Self.transactionHash(of: payout.payload))
            case .refuse:
                evidence[payout.withdrawalID] = .refused(reason: "refused by the simulator")
            case .bounce:
                evidence[payout.withdrawalID] = .bounced(reason: "bounced by the simulator")
            case .silence, nil: evidence[payout.withdrawalID] = .unknown
            }
        }
        return evidence
    }

    // MARK: - Payments

    /// `simulator/1 OUTCOME ID VERSION DESTINATION AMOUNT COMMENT`: like a real signature it
    /// differs from attempt to attempt.
    private func payload(of withdrawal: Ledger.Withdrawal) -> [UInt8] {
        let comment = withdrawal.comment ?? ""
        let outcome =
            script.commentRules.first { comment.hasPrefix($0.prefix) }?.outcome ?? script.outcome
        let fields = [
            "simulator/1", outcome.rawValue, "\(withdrawal.id)", "\(withdrawal.version)",
            withdrawal.destination.rawAddress, withdrawal.amount.wireText, comment,
        ]
        return Array(fields.joined(separator: " ").utf8)
    }

    private static func outcome(of payload: [UInt8]) -> SimulatedOutcome? {
        let fields = payload.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count == 3 else { return nil }
        return SimulatedOutcome(rawValue: String(decoding: fields[1], as: UTF8.self))
    }

    private static func transactionHash(of payload: [UInt8]) -> String {
        SHA256.hash(data: payload).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
