// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// Payments through the real program to a chain that runs the real contracts.
@Suite(.serialized) struct TONPaymentTests {
    private let alice = Sample.account("alice")

    @Test(arguments: TONBench.WalletKind.allCases)
    func `withdrawals arrive, each once and to the nanoton`(
        kind: TONBench.WalletKind
    ) async throws {
        let bench = try await TONBench(kind)
        let server = try TellerProcess(
            kind == .v5r1 ? .postgres : .sqlite, settings: bench.settings)
        let client = try server.client()
        _ = try await client.account.credit(
            accountId: alice, amount: Sample.amount(100_000_000_000))
        var ids: [WithdrawalID] = []
        let comments = [nil, "order-1", "За подарок", String(repeating: "long ", count: 99)]
        for (number, comment) in comments.enumerated() {
            let created = try await client.withdraw.create(
                accountId: alice, amount: Sample.amount(1_000_000_000 + Int64(number)),
                destination: try TONBench.recipient(number).destination, comment: comment)
            ids.append(created.withdrawal.withdrawalId)
        }
        for id in ids {
            #expect(
                try await eventually(within: 60) {
                    try await client.withdraw.get(withdrawalId: id).withdrawal.state == .confirmed
                }, "\(server.log)")
        }
        for (number, comment) in comments.enumerated() {
            let received = try await bench.received(by: TONBench.recipient(number))
            #expect(received.map(\.value) == [1_000_000_000 + Int64(number)])
            #expect(received.first?.comment == comment)
            let withdrawal = try await client.withdraw.get(withdrawalId: ids[number]).withdrawal
            #expect(withdrawal.transactionHash?.count == 64)
        }
        #expect(try await bench.sandbox.state().isConserved)
        let account = try await client.account.get(accountId: alice).account
        #expect(account.held == .zero)
        await client.shutDown()
    }
}
