// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// A withdrawal through the real program and the real client.
@Suite struct WithdrawalTests {
    @Test(arguments: ServerStore.allCases)
    func `a withdrawal is paid, replayed and accounted for`(kind: ServerStore) async throws {
        let server = try TellerProcess(kind)
        let client = try server.client()
        let alice = Sample.account("alice")
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(5_000_000_000))
        let first = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(1_500_000_000),
            destination: Sample.destination, idempotencyKey: Sample.key("order-1"))
        #expect(!first.replayed)
        var states: [WithdrawalState] = []
        let events = client.withdraw.watch(withdrawalId: first.withdrawal.withdrawalId)
        for try await event in events { states.append(event.withdrawal.state) }
        #expect(states.last == .confirmed)
        #expect(events.result?.withdrawal.transactionHash != nil)
        let again = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(1_500_000_000),
            destination: Sample.destination, idempotencyKey: Sample.key("order-1"))
        #expect(again.replayed)
        #expect(again.withdrawal == first.withdrawal)
        #expect(again.currentState == .confirmed)
        let account = try await client.account.get(accountId: alice).account
        #expect(account.available == Sample.amount(3_495_000_000))
        #expect(account.held == .zero)
        let entries = try await client.account.entries(accountId: alice).entries
        #expect(entries.map(\.kind) == [.capture, .hold, .credit])
        await client.shutDown()
    }

    @Test(
        arguments: [
            ("refuse", WithdrawalState.failed, 1000), ("bounce", .returned, 995),
        ])
    func `a payment that fails gives the money back`(
        outcome: String, state: WithdrawalState, left: Int64
    ) async throws {
        let server = try TellerProcess(settings: [
            "gateway.simulator.outcome=\(outcome)", "withdraw.minimum=1", "withdraw.fee=5",
        ])
        let client = try server.client()
        let alice = Sample.account("alice")
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(1000))
        let created = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(100), destination: Sample.destination)
        let events = client.withdraw.watch(withdrawalId: created.withdrawal.withdrawalId)
        for try await _ in events {}
        #expect(events.result?.withdrawal.state == state)
        let account = try await client.account.get(accountId: alice).account
        #expect(account.available == Sample.amount(left))
        #expect(account.held == .zero)
        await client.shutDown()
    }

    @Test func `silence keeps the money held and the withdrawal SENT over a restart`() async throws
    {
        let server = try TellerProcess(settings: ["gateway.simulator.outcome=silence"])
        let client = try server.client()
        let alice = Sample.account("alice")
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(5_000_000_000))
        let id = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(100_000_000),
            destination: Sample.destination
        ).withdrawal.withdrawalId
        #expect(
            try await eventually {
                try await client.withdraw.get(withdrawalId: id).withdrawal.state == .sent
            })
        await #expect(throws: TellerError.self) {
            try await client.withdraw.cancel(withdrawalId: id)
        }
        server.kill(SIGKILL)
        try server.start()
        #expect(try await client.withdraw.get(withdrawalId: id).withdrawal.state == .sent)
        let account = try await client.account.get(accountId: alice).account
        #expect(account.held == Sample.amount(105_000_000))
        await client.shutDown()
    }

    @Test func `a pending withdrawal can be cancelled, and cancelling again is no error`()
        async throws
    {
        let server = try TellerProcess(settings: ["gateway.name=none"])
        let client = try server.client()
        let alice = Sample.account("alice")
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(5_000_000_000))
        let id = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(100_000_000),
            destination: Sample.destination
        ).withdrawal.withdrawalId
        for _ in 0..<2 {
            let cancelled = try await client.withdraw.cancel(withdrawalId: id, reason: "test")
            #expect(cancelled.withdrawal.state == .cancelled)
        }
        let account = try await client.account.get(accountId: alice).account
        #expect(account.available == Sample.amount(5_000_000_000))
        await client.shutDown()
    }

    @Test func `pages are complete and their cursors belong to their list`() async throws {
        let server = try TellerProcess(settings: ["gateway.name=none"])
        let client = try server.client()
        let alice = Sample.account("alice")
        let bob = Sample.account("bob")
        for account in [alice, bob] {
            _ = try await client.account.credit(
                accountId: account, amount: Sample.amount(5_000_000_000))
        }
        var ids: [WithdrawalID] = []
        for _ in 0..<7 {
            ids.append(
                try await client.withdraw.create(
                    accountId: alice, amount: Sample.amount(10_000_000),
                    destination: Sample.destination
                ).withdrawal.withdrawalId)
        }
        var found: [WithdrawalID] = []
        var cursor: String?
        repeat {
            let page = try await client.withdraw.list(accountId: alice, limit: 3, cursor: cursor)
            found += page.withdrawals.map(\.withdrawalId)
            cursor = page.nextCursor
            if let cursor {
                await #expect(throws: TellerError.self) {
                    try await client.withdraw.list(accountId: bob, cursor: cursor)
                }
                await #expect(throws: TellerError.self) {
                    try await client.account.entries(accountId: alice, cursor: cursor)
                }
            }
        } while cursor != nil
        #expect(found == Array(ids.reversed()))
        await client.shutDown()
    }

    @Test(arguments: ServerStore.allCases)
    func `a thousand equal calls from many connections are one withdrawal`(
        kind: ServerStore
    ) async throws {
        let server = try TellerProcess(kind, settings: ["gateway.name=none"])
        let clients = try (0..<20).map { _ in
            try server.client { $0.deadline = .seconds(30) }
        }
        let alice = Sample.account("alice")
        _ = try await clients[0].account.credit(
            accountId: alice, amount: Sample.amount(5_000_000_000))
        let answers = try await withThrowingTaskGroup(
            of: WithdrawCreateResult.self
        ) { group in
            for call in 0..<1000 {
                let client = clients[call % clients.count]
                group.addTask {
                    try await client.withdraw.create(
                        accountId: alice, amount: Sample.amount(1_000_000_000),
                        destination: Sample.destination, idempotencyKey: Sample.key("once"))
                }
            }
            return try await group.reduce(into: [WithdrawCreateResult]()) { $0.append($1) }
        }
        #expect(Set(answers.map(\.withdrawal.withdrawalId)).count == 1)
        #expect(answers.count { !$0.replayed } == 1)
        let account = try await clients[0].account.get(accountId: alice).account
        #expect(account.held == Sample.amount(1_005_000_000))
        for client in clients { await client.shutDown() }
    }
}
