// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Supervision
import TellerProtocol
import TestSupport
import Testing
import Workers

@Suite struct SimulatorGatewayTests {
    private let time = ManualTime()
    private let withdrawals: [Ledger.Withdrawal]

    init() {
        let now = Timestamp(unixMilliseconds: 0)
        withdrawals = SimulatedOutcome.allCases.enumerated().map { index, outcome in
            Ledger.Withdrawal(
                id: WithdrawalID(
                    UUIDv7(unixMilliseconds: 1, sequence: UInt16(index), random: 4)),
                account: AccountKey(tenant: .standard, account: AccountID("alice")!),
                amount: Nanotons(5)!, fee: Nanotons(1)!,
                destination: Destination(rawAddress: "0:aa", isBounceable: false),
                comment: "\(outcome) me, please", state: .processing, version: 2, createdAt: now,
                updatedAt: now, transactionHash: nil, failureReason: nil)
        }
    }

    private func simulator(delay: Duration = .zero) -> SimulatorGateway {
        var script = SimulatorGateway.Script()
        script.delay = delay
        script.commentRules = SimulatedOutcome.allCases.map { outcome in
            .init(prefix: outcome.rawValue, outcome: outcome)
        }
        let time = time
        return SimulatorGateway(
            script: script, clock: LedgerClock { Timestamp(unixMilliseconds: 0) },
            time: SteadyTime(now: { time.now }, sleep: { _ in }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func payouts(_ simulator: SimulatorGateway) async throws -> [Payout] {
        let prepared = try await simulator.prepare(withdrawals, fence: nil)
        return try withdrawals.map { withdrawal in
            guard case .signed(let payout) = prepared[withdrawal.id] else { throw Scripted() }
            return payout
        }
    }

    @Test func `what was never submitted is never known`() async throws {
        let simulator = simulator()
        let payouts = try await payouts(simulator)
        #expect(try await simulator.evidence(for: payouts).isEmpty)
    }

    @Test func `each payment ends as its comment says, after the delay`() async throws {
        let simulator = simulator(delay: .seconds(3))
        let payouts = try await payouts(simulator)
        try await simulator.submit(payouts, fence: nil)
        time.advance(by: .milliseconds(2_999))
        #expect(try await simulator.evidence(for: payouts).isEmpty)
        // Sent again, it is still the first submission that counts.
        try await simulator.submit(payouts, fence: nil)
        time.advance(by: .milliseconds(1))
        let evidence = try await simulator.evidence(for: payouts.reversed())
        #expect(
            withdrawals.map { evidence[$0.id] } == [
                .confirmed(transactionHash: payouts[0].reference),
                .refused(reason: "refused by the simulator"), .unknown,
                .bounced(reason: "bounced by the simulator"),
            ])
    }

    @Test func `the same bytes have the same end after a restart`() async throws {
        let first = simulator()
        let payouts = try await payouts(first)
        try await first.submit(payouts, fence: nil)
        let before = try await first.evidence(for: payouts)

        let second = simulator()
        #expect(try await second.evidence(for: payouts).isEmpty)
        try await second.submit(payouts, fence: nil)
        #expect(try await second.evidence(for: payouts) == before)
        #expect(try await self.payouts(second) == payouts)
    }

    @Test func `each payment and each attempt has its own bytes`() async throws {
        let simulator = simulator()
        var payouts = try await payouts(simulator)
        var again = withdrawals[0]
        again.version += 2
        guard case .signed(let payout) = try await simulator.prepare([again], fence: nil)[again.id]
        else {
            Issue.record("not signed")
            return
        }
        payouts.append(payout)
        #expect(Set(payouts.map(\.payload)).count == 5)
        #expect(Set(payouts.map(\.reference)).count == 5)
        #expect(payouts.allSatisfy { $0.gateway == "simulator" && $0.reference.count == 64 })
    }

    @Test func `the simulator says what it is`() {
        #expect(simulator().isSimulator)
        #expect(simulator().name == "simulator")
    }
}
