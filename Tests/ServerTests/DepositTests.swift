// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// Deposits on a chain that runs the real contracts, through the real program.
@Suite(.serialized) struct DepositTests {
    private let alice = Sample.account("alice")

    private func available(_ client: TellerClient, _ account: AccountID) async -> Int64 {
        (try? await client.account.get(accountId: account).account.available.rawValue) ?? 0
    }

    @Test(arguments: TONBench.WalletKind.allCases)
    func `a deposit with a memo is credited, and can be withdrawn again`(
        kind: TONBench.WalletKind
    ) async throws {
        let bench = try await TONBench(kind, balance: nil)
        let server = try TellerProcess(.sqlite, settings: bench.settings)
        let client = try server.client()
        let target = try await client.deposit.address(accountId: alice).deposit
        #expect(target == (try await client.deposit.address(accountId: alice).deposit))
        #expect(target.address == bench.wallet.address.friendlyText(isBounceable: false))
        #expect(target.link == "ton://transfer/\(target.address)?text=\(target.memo)")
        // The wallet is not deployed yet, and keeps what comes.
        try await bench.sandbox.deposit(
            to: target.address, amount: 5_000_000_000, comment: target.memo)
        #expect(try await eventually { await available(client, alice) == 5_000_000_000 })
        #expect(try await client.account.get(accountId: alice).deposit == target)
        let entry = try #require(try await client.account.entries(accountId: alice).entries.first)
        #expect(entry.kind == .credit)
        #expect(entry.reference?.hasPrefix("ton:") == true)

        let recipient = try TONBench.recipient(1)
        let id = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(2_000_000_000),
            destination: recipient.destination
        ).withdrawal.withdrawalId
        #expect(
            try await eventually(within: 60) {
                try await client.withdraw.get(withdrawalId: id).withdrawal.state == .confirmed
            }, "\(server.log)")
        #expect(try await bench.received(by: recipient).map(\.value) == [2_000_000_000])
        #expect(await available(client, alice) == 3_000_000_000)
        await client.shutDown()
    }

    /// `TELLER_TON_DEPOSITS=10000` makes a burst of so many.
    @Test func `a burst between two looks is credited completely, over kills`() async throws {
        let bench = try await TONBench(.v4r2, balance: nil)
        let server = try TellerProcess(.postgres, settings: bench.settings)
        let client = try server.client()
        var targets: [DepositTarget] = []
        for number in 0..<20 {
            targets.append(
                try await client.deposit.address(accountId: Sample.account("user-\(number)"))
                    .deposit)
        }
        server.kill(SIGKILL)
        let burst =
            ProcessInfo.processInfo.environment["TELLER_TON_DEPOSITS"].flatMap { Int($0) } ?? 400
        for number in 0..<burst {
            // Equal ones in one second, too.
            try await bench.sandbox.deposit(
                to: targets[number % 20].address, amount: 1_000_000,
                comment: targets[number % 20].memo)
        }
        try server.start()
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(250))
            server.kill(SIGKILL)
            try server.start()
        }
        let each = Int64(burst / 20) * 1_000_000
        for number in 0..<20 {
            let account = Sample.account("user-\(number)")
            #expect(
                try await eventually(within: 60 + burst / 20) {
                    await available(client, account) == each
                })
        }
        try await Task.sleep(for: .milliseconds(500))
        for number in 0..<20 {
            #expect(await available(client, Sample.account("user-\(number)")) == each)
        }
        await client.shutDown()
    }

    @Test func `what no memo names waits for an operator, who assigns it once`() async throws {
        let bench = try await TONBench(.v5r1, balance: nil)
        let server = try TellerProcess(.sqlite, settings: bench.settings)
        let client = try server.client()
        let own = bench.wallet.address.rawText
        let memo = try await client.deposit.address(accountId: alice).deposit.memo
        for comment in [nil, "", "no memo", "\u{202E}evil\u{7}", memo.lowercased()] {
            try await bench.sandbox.deposit(to: own, amount: 1_000_000_000, comment: comment)
        }
        // Spaces around a memo don't matter; money that tells of a token is nobody's; nothing is
        // nothing.
        try await bench.sandbox.deposit(to: own, amount: 7_000_000_000, comment: "  \(memo) ")
        try await bench.sandbox.deposit(to: own, amount: 0, comment: memo)
        #expect(try await eventually { await available(client, alice) == 7_000_000_000 })
        let all = try await client.deposit.list().deposits
        #expect(all.count == 6, "\(all)")
        #expect(all.map(\.depositId) == all.map(\.depositId).sorted { Int($0)! > Int($1)! })
        let unmatched = try await client.deposit.list(state: .unmatched).deposits
        #expect(unmatched.count == 5)
        #expect(unmatched.contains { $0.comment == "\u{FFFD}evil\u{FFFD}" })
        let page = try await client.deposit.list(state: .unmatched, limit: 2)
        let rest = try await client.deposit.list(
            state: .unmatched, limit: 200, cursor: page.nextCursor)
        #expect(page.deposits + rest.deposits == unmatched)
        #expect(rest.nextCursor == nil)

        let id = unmatched[0].depositId
        let bob = Sample.account("bob")
        for _ in 0..<2 {
            let answer = try await client.deposit.assign(
                depositId: id, accountId: bob, reason: "ticket 81")
            #expect(answer.deposit.state == .assigned)
            #expect(answer.account.available == Sample.amount(1_000_000_000))
        }
        await expect(.depositNotUnmatched) {
            _ = try await client.deposit.assign(depositId: id, accountId: alice, reason: "mine")
        }
        await expect(.depositNotFound) {
            _ = try await client.deposit.assign(depositId: "12", accountId: bob, reason: "x")
        }
        for wrong in ["x", "-1", "007", "99999999999999999999"] {
            await expect(.invalidParams) {
                _ = try await client.deposit.assign(depositId: wrong, accountId: bob, reason: "x")
            }
        }
        await expect(.cursorInvalid) {
            _ = try await client.deposit.list(limit: 2, cursor: page.nextCursor)
        }
        await client.shutDown()
    }

    @Test func `a server without a wallet takes no deposits`() async throws {
        let server = try TellerProcess()
        let client = try server.client()
        await expect(.depositsOff) { _ = try await client.deposit.address(accountId: alice) }
        await expect(.depositsOff) { _ = try await client.deposit.list() }
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(1))
        #expect(try await client.account.get(accountId: alice).deposit == nil)
        await client.shutDown()
    }

    private func expect(
        _ reason: ErrorReason, sourceLocation: SourceLocation = #_sourceLocation,
        _ call: () async throws -> Void
    ) async {
        do {
            try await call()
            Issue.record("nothing was refused", sourceLocation: sourceLocation)
        } catch TellerError.rpc(let refusal) {
            #expect(refusal.reason == reason.rawValue, sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
        }
    }
}
