// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// What payment services on TON are known to fall into, one test each, on a chain that runs the real
/// contracts.
@Suite(.serialized) struct TONTrapTests {
    private let alice = Sample.account("alice")
    private static let credit: Int64 = 500_000_000_000

    private struct Scene {
        let bench: TONBench
        let server: TellerProcess
        let client: TellerClient
    }

    private func scene(
        _ kind: TONBench.WalletKind, balance: Int64? = 1_000_000_000_000, ahead: Int = 0,
        settings: [String] = []
    ) async throws -> Scene {
        let bench = try await TONBench(kind, balance: balance, ahead: ahead)
        let server = try TellerProcess(.sqlite, settings: bench.settings + settings)
        let client = try server.client()
        _ = try await client.account.credit(
            accountId: alice, amount: Sample.amount(Self.credit))
        return Scene(bench: bench, server: server, client: client)
    }

    private func withdraw(
        _ amount: Int64, to destination: String, comment: String? = nil, _ client: TellerClient
    ) async throws -> WithdrawalID {
        try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(amount), destination: destination,
            comment: comment
        ).withdrawal.withdrawalId
    }

    private func expect(
        _ state: WithdrawalState, of ids: [WithdrawalID], _ scene: Scene, within seconds: Int = 60,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for id in ids {
            #expect(
                try await eventually(within: seconds) {
                    try await scene.client.withdraw.get(withdrawalId: id).withdrawal.state == state
                }, "\(scene.server.log.suffix(4000))", sourceLocation: sourceLocation)
        }
    }

    /// Waits until the dispatcher says that it waits for something with `text` in it.
    private func expectObstacle(
        _ text: String, _ scene: Scene, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isSaid = try await eventually(within: 30) {
            let task = try await scene.client.task.status(task: "payout-dispatcher").task
            return task.waitsFor?.name?.contains(text) == true
        }
        #expect(isSaid, "\(scene.server.log.suffix(4000))", sourceLocation: sourceLocation)
    }

    // MARK: - Payments

    @Test func `equal payments to one address are all made`() async throws {
        let scene = try await scene(.v5r1)
        let recipient = try TONBench.recipient(1)
        var ids: [WithdrawalID] = []
        for _ in 0..<3 {
            ids.append(
                try await withdraw(5_000_000, to: recipient.destination, comment: "x", scene.client)
            )
        }
        try await expect(.confirmed, of: ids, scene)
        let received = try await scene.bench.received(by: recipient)
        #expect(received.map(\.value) == [5_000_000, 5_000_000, 5_000_000])
        await scene.client.shutDown()
    }

    @Test(arguments: [TONBench.WalletKind.v5r1, .highload])
    func `more payments than a message holds are made in several`(
        kind: TONBench.WalletKind
    ) async throws {
        // Without the first message under way, the queue fills while nothing is paid.
        let scene = try await scene(kind, balance: nil)
        let count = 260
        var ids: [WithdrawalID] = []
        for number in 0..<count {
            ids.append(
                try await withdraw(
                    1_000_000 + Int64(number), to: try TONBench.recipient(number).destination,
                    scene.client))
        }
        try await scene.bench.fund(1_000_000_000_000)
        try await expect(.confirmed, of: ids, scene, within: 120)
        for number in 0..<count {
            let received = try await scene.bench.received(by: TONBench.recipient(number))
            #expect(received.map(\.value) == [1_000_000 + Int64(number)])
        }
        #expect(try await scene.bench.sandbox.state().isConserved)
        await scene.client.shutDown()
    }

    @Test func `a bounce returns what arrived of it`() async throws {
        let scene = try await scene(.v4r2)
        // Nobody is there, and the sender asked for a bounce.
        let recipient = try TONBench.recipient(7)
        let id = try await withdraw(
            1_000_000_000, to: recipient.friendlyText(isBounceable: true), comment: "for nobody",
            scene.client)
        try await expect(.returned, of: [id], scene)
        let account = try await scene.client.account.get(accountId: alice).account
        #expect(account.held == .zero)
        let lost = Self.credit - account.available.rawValue
        #expect(lost > 0 && lost < 5_000_000, "\(lost)")
        let withdrawal = try await scene.client.withdraw.get(withdrawalId: id).withdrawal
        #expect(withdrawal.failureReason?.isEmpty == false)
        // It is no deposit.
        let deposits = try await scene.client.deposit.list().deposits
        #expect(deposits.count == 1, "\(deposits)")
        await scene.client.shutDown()
    }

    // MARK: - What it must not pay in

    @Test func `a clock an hour off stops payments and says so`() async throws {
        let scene = try await scene(
            .v5r1, ahead: 3600, settings: ["ton.clockDifferenceMax=60s"])
        let recipient = try TONBench.recipient(1)
        let id = try await withdraw(5_000_000, to: recipient.destination, scene.client)
        try await expectObstacle("from our clock", scene)
        #expect(try await scene.bench.received(by: recipient).isEmpty)
        try await expect(.pending, of: [id], scene)
        await scene.client.shutDown()
    }

    @Test func `a wallet that is low pays what it can, says why it waits, and goes on`()
        async throws
    {
        let scene = try await scene(.v5r1, balance: 3_000_000_000)
        let small = try await withdraw(
            1_000_000_000, to: try TONBench.recipient(1).destination, scene.client)
        try await expect(.confirmed, of: [small], scene)
        let large = try await withdraw(
            10_000_000_000, to: try TONBench.recipient(2).destination, scene.client)
        try await expectObstacle("too little", scene)
        // The queue is not stirred while it waits.
        let version = try await scene.client.withdraw.get(withdrawalId: large).withdrawal.updatedAt
        try await Task.sleep(for: .seconds(2))
        #expect(
            try await scene.client.withdraw.get(withdrawalId: large).withdrawal.updatedAt
                == version)
        try await scene.bench.fund(20_000_000_000)
        try await expect(.confirmed, of: [large], scene)
        await scene.client.shutDown()
    }

    @Test func `a key that somebody else uses stops payments`() async throws {
        let scene = try await scene(.v5r1)
        let first = try await withdraw(
            5_000_000, to: try TONBench.recipient(1).destination, scene.client)
        try await expect(.confirmed, of: [first], scene)
        let thief = try TONBench.recipient(99)
        let wallet = scene.bench.wallet
        let seqno = try await scene.bench.sandbox.seqno(of: wallet.address.rawText)
        let stolen = try wallet.signedTransfer(
            of: [
                Payment(
                    destination: thief, isBounceable: false, nanotons: 900_000_000_000,
                    comment: nil)
            ],
            sequence: .seqno(
                UInt32(seqno), validUntil: UInt32(Date().timeIntervalSince1970) + 600),
            key: scene.bench.key)
        try await scene.bench.sandbox.send(Base64.encode(stolen.bytes))
        #expect(
            try await eventually { try await scene.bench.received(by: thief).count == 1 })
        let second = try await withdraw(
            5_000_000, to: try TONBench.recipient(2).destination, scene.client)
        try await expectObstacle("does not explain", scene)
        try await Task.sleep(for: .seconds(2))
        #expect(try await scene.bench.received(by: TONBench.recipient(2)).isEmpty)
        try await expect(.pending, of: [second], scene)
        #expect(scene.server.log.contains("nobody asked for"))
        await scene.client.shutDown()
    }

    @Test func `a wallet drained under a message pays later what it could not`() async throws {
        let scene = try await scene(
            .v5r1, balance: 3_000_000_000, settings: ["ton.messageLife=10s"])
        let wallet = scene.bench.wallet
        let first = try await withdraw(
            5_000_000, to: try TONBench.recipient(1).destination, scene.client)
        try await expect(.confirmed, of: [first], scene)
        // Its price is taken by another message of the same block that comes before it.
        let seqno = try await scene.bench.sandbox.seqno(of: wallet.address.rawText)
        try await scene.bench.sandbox.fault(.delay, of: "sendBocReturnHash", delay: .seconds(3))
        let second = try await withdraw(
            2_000_000_000, to: try TONBench.recipient(2).destination, scene.client)
        try await expect(.sent, of: [second], scene)
        let drain = try wallet.signedTransfer(
            of: [
                Payment(
                    destination: try TONBench.recipient(98), isBounceable: false,
                    nanotons: 2_500_000_000, comment: nil)
            ],
            sequence: .seqno(
                UInt32(seqno), validUntil: UInt32(Date().timeIntervalSince1970) + 600),
            key: scene.bench.key)
        try await scene.bench.sandbox.send(Base64.encode(drain.bytes))
        // Its seqno is gone, so it can't be executed any more, and nothing was paid or given back.
        try await expectObstacleOrSent(second, scene)
        #expect(try await scene.bench.received(by: TONBench.recipient(2)).isEmpty)
        let account = try await scene.client.account.get(accountId: alice).account
        #expect(account.held == Sample.amount(2_000_000_000))

        // An operator knows what it was: then the message's end is proof, and it is paid, once.
        try await scene.bench.fund(20_000_000_000)
        let settled = try TellerProcess.command(
            [
                "ton", "scan", "--acknowledge", "all", "--reason", "a drill", "--store",
                scene.server.store,
            ] + scene.bench.settings.flatMap { ["--set", $0] })
        #expect(settled.status == 0, "\(settled)")
        try await expect(.confirmed, of: [second], scene)
        let received = try await scene.bench.received(by: TONBench.recipient(2))
        #expect(received.map(\.value) == [2_000_000_000])
        await scene.client.shutDown()
    }

    private func expectObstacleOrSent(_ id: WithdrawalID, _ scene: Scene) async throws {
        #expect(
            try await eventually(within: 20) { scene.server.log.contains("nobody asked for") })
        try await Task.sleep(for: .seconds(2))
        try await expect(.sent, of: [id], scene)
    }

    @Test func `a replica that is behind leads to nothing`() async throws {
        let scene = try await scene(.v4r2)
        let first = try await withdraw(
            5_000_000, to: try TONBench.recipient(1).destination, scene.client)
        try await expect(.confirmed, of: [first], scene)
        try await scene.bench.sandbox.lag(blocks: 100)
        let ids = [
            try await withdraw(
                5_000_000, to: try TONBench.recipient(2).destination, scene.client),
            try await withdraw(
                5_000_000, to: try TONBench.recipient(3).destination, scene.client),
        ]
        try await Task.sleep(for: .seconds(3))
        try await scene.bench.sandbox.lag(blocks: 0)
        try await expect(.confirmed, of: ids, scene)
        for number in 1...3 {
            let received = try await scene.bench.received(by: TONBench.recipient(number))
            #expect(received.map(\.value) == [5_000_000])
        }
        await scene.client.shutDown()
    }

    // MARK: - The ledger and the chain

    @Test func `a database of an hour ago pays nothing twice`() async throws {
        let bench = try await TONBench(.v5r1)
        let server = try TellerProcess(.sqlite, settings: bench.settings)
        var client = try server.client()
        _ = try await client.account.credit(
            accountId: alice, amount: Sample.amount(Self.credit))
        let pause = try await client.task.pause(task: "payout-dispatcher", reason: "a test").task
        #expect(pause.pause != nil)
        let ids = [
            try await withdraw(5_000_000, to: try TONBench.recipient(1).destination, client),
            try await withdraw(6_000_000, to: try TONBench.recipient(2).destination, client),
        ]
        await client.shutDown()
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)
        let old = server.folder.appending(path: "old")
        try FileManager.default.createDirectory(at: old, withIntermediateDirectories: true)
        func copy(from source: URL, to target: URL) throws {
            for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
                try? FileManager.default.removeItem(at: target.appending(path: name))
                if FileManager.default.fileExists(atPath: source.appending(path: name).path) {
                    try FileManager.default.copyItem(
                        at: source.appending(path: name), to: target.appending(path: name))
                }
            }
        }
        try copy(from: server.folder, to: old)

        try server.start()
        client = try server.client()
        _ = try await client.task.resume(task: "payout-dispatcher")
        var scene = Scene(bench: bench, server: server, client: client)
        try await expect(.confirmed, of: ids, scene)
        await client.shutDown()
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)

        try copy(from: old, to: server.folder)
        try server.start()
        client = try server.client()
        scene = Scene(bench: bench, server: server, client: client)
        _ = try await client.task.resume(task: "payout-dispatcher")
        try await expect(.pending, of: ids, scene)
        try await expectObstacle("does not explain", scene)
        try await Task.sleep(for: .seconds(2))
        for number in 1...2 {
            #expect(try await bench.received(by: TONBench.recipient(number)).count == 1)
        }
        try await resolve(ids, scene)
        await client.shutDown()
    }

    /// An operator matches what the chain has paid with the withdrawals, by the command's own words.
    private func resolve(_ ids: [WithdrawalID], _ scene: Scene) async throws {
        let common =
            ["--store", scene.server.store] + scene.bench.settings.flatMap { ["--set", $0] }
        let scan = try TellerProcess.command(["ton", "scan"] + common)
        let proposals = scan.output.split(whereSeparator: \.isWhitespace).filter {
            $0.contains("=") && $0.first?.isNumber == true
        }
        #expect(proposals.count == 2, "\(scan.output)")
        // The one that is named must be the one that was paid.
        let crossed = proposals[0].prefix { $0 != "=" } + proposals[1].drop { $0 != "=" }
        let wrong = try TellerProcess.command(["ton", "scan", "--match", String(crossed)] + common)
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("another destination"), "\(wrong)")
        for proposal in proposals {
            let match = try TellerProcess.command(
                ["ton", "scan", "--match", String(proposal)] + common)
            #expect(match.status == 0, "\(match)")
        }
        try await expect(.confirmed, of: ids, scene)
        for id in ids {
            let show = try TellerProcess.command(["payouts", "show", "\(id)"] + common)
            #expect(show.output.contains("CONFIRMED"), "\(show)")
        }
        // It pays again, and nothing twice.
        let recipient = try TONBench.recipient(3)
        let next = try await withdraw(7_000_000, to: recipient.destination, scene.client)
        try await expect(.confirmed, of: [next], scene)
        for number in 1...3 {
            #expect(try await scene.bench.received(by: TONBench.recipient(number)).count == 1)
        }
    }

    @Test func `the kill switch stops a running server, and lets it go on`() async throws {
        let scene = try await scene(.v5r1)
        let common =
            ["--store", scene.server.store] + scene.bench.settings.flatMap { ["--set", $0] }
        func turn(_ position: String...) throws -> String {
            let outcome = try TellerProcess.command(["payouts", "kill-switch"] + position + common)
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output
        }
        #expect(try turn("status").contains("payouts are on"))
        #expect(try turn("on", "--reason", "a drill").contains("payouts are off: a drill"))
        try await Task.sleep(for: .seconds(2))
        let recipient = try TONBench.recipient(1)
        let id = try await withdraw(5_000_000, to: recipient.destination, scene.client)
        try await Task.sleep(for: .seconds(2))
        try await expect(.pending, of: [id], scene)
        #expect(try turn("off", "--reason", "done").contains("payouts are on"))
        try await expect(.confirmed, of: [id], scene)
        let wallet = try TellerProcess.command(["ton", "wallet"] + common)
        #expect(wallet.output.contains(scene.bench.wallet.address.rawText))
        let balance = try TellerProcess.command(["ton", "balance"] + common)
        #expect(balance.status == 0 && balance.output.contains("fees"), "\(balance)")
        let list = try TellerProcess.command(["payouts", "list", "--state", "executed"] + common)
        #expect(list.output.contains("1 payments of 0.005 TON"), "\(list)")
        await scene.client.shutDown()
    }

    @Test func `a leader that is stopped in the middle of a send, and goes on, pays once`()
        async throws
    {
        let bench = try await TONBench(.v5r1)
        let first = try TellerProcess(.postgres, settings: bench.settings)
        let second = try TellerProcess(settings: bench.settings, sharing: first)
        let client = try second.client { $0.deadline = .seconds(20) }
        _ = try await client.account.credit(
            accountId: alice, amount: Sample.amount(Self.credit))
        let count = 40
        for round in 0..<4 {
            // The next send takes two seconds, in the middle of which its sender is stopped.
            try await bench.sandbox.fault(.delay, of: "sendBocReturnHash", delay: .seconds(2))
            for number in 0..<count / 4 {
                _ = try await withdraw(
                    1_000_000 + Int64(number),
                    to: try TONBench.recipient(round * 10 + number).destination, client)
            }
            try await Task.sleep(for: .milliseconds(700))
            let victim = round % 2 == 0 ? first : second
            victim.kill(SIGSTOP)
            try await Task.sleep(for: .seconds(9))
            victim.kill(SIGCONT)
        }
        let isSettled = try await eventually(within: 90) {
            try await client.account.get(accountId: alice).account.held == .zero
        }
        #expect(isSettled, "\(first.log.suffix(3000)) \(second.log.suffix(3000))")
        for number in 0..<count {
            let received = try await bench.received(by: TONBench.recipient(number))
            #expect(received.map(\.value) == [1_000_000 + Int64(number % 10)])
        }
        await client.shutDown()
    }
}
