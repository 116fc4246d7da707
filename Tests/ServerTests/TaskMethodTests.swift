// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// `task.*` on the real program.
@Suite struct TaskMethodTests {
    private static let dispatcher = "payout-dispatcher"
    private static let alice = Sample.account("alice")

    @Test(arguments: ServerStore.allCases)
    func `a pause holds payments back, over a restart, until it is resumed`(
        kind: ServerStore
    ) async throws {
        let server = try TellerProcess(kind)
        let client = try server.client()
        let names = try await client.task.list().tasks.map(\.name)
        #expect(names == names.sorted())
        #expect(
            Set(names).isSuperset(of: [
                "ledger-auditor", Self.dispatcher, "payout-confirmer", "store-monitor",
            ]))
        let ordered = try await client.task.pause(task: Self.dispatcher, reason: "refill").task
        #expect(ordered.pause == TaskPause(by: "anonymous", reason: "refill"))
        #expect(try await eventually { try await Self.state(client) == .paused })

        _ = try await client.account.credit(
            accountId: Self.alice, amount: Sample.amount(5_000_000_000))
        let id = try await Self.withdraw(client)
        server.kill(SIGKILL)
        try server.start()
        #expect(try await eventually { try await Self.state(client) == .paused })
        let paused = try await client.task.status(task: Self.dispatcher).task
        #expect(paused.pause == TaskPause(by: "anonymous", reason: "refill"))
        // It has not run since the start, so nothing has been paid for a moment either.
        #expect(paused.attempt == 0)
        #expect(try await client.withdraw.get(withdrawalId: id).withdrawal.state == .pending)

        _ = try await client.task.resume(task: Self.dispatcher)
        #expect(
            try await eventually {
                try await client.withdraw.get(withdrawalId: id).withdrawal.state == .confirmed
            })
        let running = try await client.task.status(task: Self.dispatcher).task
        #expect(running.state == .running && running.pause == nil)
        await client.shutDown()
    }

    @Test func `runs are kept, and a watch goes on where it stopped`() async throws {
        let server = try TellerProcess()
        let client = try server.client()
        #expect(try await eventually { try await Self.state(client) == .running })
        let watch = client.task.watch(task: Self.dispatcher)
        var events = watch.makeAsyncIterator()
        let present = try #require(try await events.next())
        #expect(present.from == nil && present.state == .running)
        _ = try await client.task.restart(task: Self.dispatcher, reason: "new key")
        #expect(
            try await eventually {
                let runs = try await client.task.runs(task: Self.dispatcher).runs
                return runs.first?.outcome == .restarted && runs.first?.attempt == 1
            })
        // From the first event's cursor, over another stream, every step is there.
        let again = client.task.watch(task: Self.dispatcher, cursor: present.cursor)
        var states: [TaskState] = []
        for try await event in again {
            #expect(event.from != nil)
            states.append(event.state)
            if states.count > 2, event.state == .running { break }
        }
        #expect(states.first == .stopping && states.last == .running)
        // The watch is left well before its end; a short one ends with its response.
        let short = client.task.watch(
            task: Self.dispatcher, options: CallOptions(deadline: .seconds(2)))
        for try await _ in short {}
        #expect(short.result?.cursor != nil)
        await client.shutDown()
    }

    @Test func `wrong tasks, times and cursors are refused`() async throws {
        let server = try TellerProcess()
        func reason(_ method: String, _ params: String) throws -> String {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
            let answer = try server.post(body).body
            return String(answer.split(separator: #""reason":""#).last?.prefix { $0 != "\"" } ?? "")
        }
        #expect(try reason("task.status", #"{"task":"nobody"}"#) == "TASK_NOT_FOUND")
        #expect(
            try reason("task.pause", #"{"task":"nobody","reason":"x"}"#) == "TASK_NOT_FOUND")
        #expect(
            try reason(
                "task.pause",
                #"{"task":"payout-dispatcher","reason":"x","until":"2020-01-01T00:00:00.000Z"}"#)
                == "INVALID_PARAMS")
        #expect(
            try reason("task.pause", #"{"task":"payout-dispatcher"}"#) == "INVALID_PARAMS")
        #expect(
            try reason("task.runs", #"{"task":"payout-dispatcher","cursor":"x"}"#)
                == "CURSOR_INVALID")
    }

    @Test func `a forged cursor is refused and harms nobody`() throws {
        let server = try TellerProcess()
        // What `Cursor` makes, but with a number that no row can have.
        let scope = Self.dispatcher.utf8.reduce(UInt32(0x811C_9DC5)) {
            ($0 ^ UInt32($1)) &* 0x0100_0193
        }
        for (kind, method) in [(4, "task.runs"), (5, "task.watch")] as [(UInt8, String)] {
            var bytes = [kind]
            for shift in [24, 16, 8, 0] as [UInt32] {
                bytes.append(UInt8(truncatingIfNeeded: scope >> shift))
            }
            let cursor = Base64URL.encode(bytes + [UInt8](repeating: 0xFF, count: 8))
            let body = """
                {"jsonrpc":"2.0","id":1,"method":"\(method)",\
                "params":{"task":"\(Self.dispatcher)","cursor":"\(cursor)"}}
                """
            // So little time that a watch ends before it has read anything.
            let answer = try server.post(body, ["-H", "grpc-timeout: 500m"]).body
            #expect(answer.contains(#""reason":"CURSOR_INVALID""#), "\(answer)")
        }
        #expect(try server.post(#"{"jsonrpc":"2.0","id":1,"method":"task.list"}"#).status == 200)
    }

    /// Promise 5 over a cluster: the leader dies, or hangs and comes back.
    @Test(arguments: [SIGKILL, SIGSTOP])
    func `another instance takes over within ten seconds, and pays once`(
        signal: Int32
    ) async throws {
        let first = try TellerProcess(.postgres)
        let second = try TellerProcess(.postgres, sharing: first)
        let clients = try [first.client(), second.client()]
        _ = try await clients[0].account.credit(
            accountId: Self.alice, amount: Sample.amount(5_000_000_000))
        func leaders() async throws -> [TaskStatus] {
            var running: [TaskStatus] = []
            for client in clients {
                let task = try await client.task.status(task: Self.dispatcher).task
                if task.state == .running { running.append(task) }
            }
            return running
        }
        #expect(try await eventually { try await leaders().count == 1 })
        let leader = try #require(try await leaders().first)
        let onFirst = try await clients[0].task.status(task: Self.dispatcher).task.instance
        let (old, heir) = onFirst == leader.instance ? (first, clients[1]) : (second, clients[0])
        let start = ContinuousClock.now
        old.kill(signal)
        let id = try await Self.withdraw(heir)
        #expect(
            try await eventually {
                try await heir.task.status(task: Self.dispatcher).task.state == .running
            })
        #expect(ContinuousClock.now - start < .seconds(10))
        let taken = try #require(try await heir.task.status(task: Self.dispatcher).task.leader)
        #expect(taken.epoch > (leader.leader?.epoch ?? .max) && taken.instance != leader.instance)
        #expect(
            try await eventually {
                try await heir.withdraw.get(withdrawalId: id).withdrawal.state == .confirmed
            })
        if signal == SIGSTOP {
            old.kill(SIGCONT)
            #expect(try await eventually { try await leaders().count == 1 })
            #expect(try await leaders().first?.leader == taken)
        }
        let account = try await heir.account.get(accountId: Self.alice).account
        #expect(account.available == Sample.amount(5_000_000_000 - 105_000_000))
        #expect(account.held == .zero)
        for client in clients { await client.shutDown() }
    }

    private static func state(_ client: TellerClient) async throws -> TaskState {
        try await client.task.status(task: dispatcher).task.state
    }

    private static func withdraw(_ client: TellerClient) async throws -> WithdrawalID {
        try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(100_000_000),
            destination: Sample.destination
        ).withdrawal.withdrawalId
    }
}
