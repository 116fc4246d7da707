// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import TellerProtocol

/// The TON sandbox of a test's own: a process on a free loopback port that answers as toncenter
/// does, over a chain in memory that runs the real contracts.
///
/// Two of them with the same start time that are told the same make the same chain, hashes and
/// all: so a test has several endpoints of one chain, one of which may lag behind.
package final class TONSandbox: Sendable {
    package struct Options: Sendable {
        /// Whether time passes and blocks are made by `mine` alone; else a block comes every
        /// `blockSeconds`.
        package var isManual = true
        /// The chain's first time in seconds since the Unix epoch; 0 for now.
        package var startTime = 1_800_000_000
        package var blockSeconds = 1
        /// The one key that is taken; nil when calls need none.
        package var apiKey: String?
        /// Calls in a second; with an `apiKey`, those without it have one. 0 for any number.
        package var requestsPerSecond = 0

        package init() {}
    }

    package enum FaultKind: String, Sendable, CaseIterable {
        /// HTTP 500 and nothing done.
        case error
        /// HTTP 429 and nothing done.
        case rateLimit = "rate_limit"
        /// A sent message is answered as accepted and reaches no block.
        case drop
        /// Done, and answered with HTTP 504.
        case lostResponse = "lost_response"
        /// Done, and the connection is closed without an answer.
        case hangup
        /// Done late.
        case delay
    }

    package struct State: Sendable, Equatable {
        /// The chain's time in seconds since the Unix epoch.
        package let now: Int
        package let block: Int
        /// Messages that wait for a block.
        package let waitingMessages: Int
        /// Messages a block did not accept.
        package let droppedMessages: Int
        /// Whether what was minted is in the accounts, under way, or paid as a fee.
        package let isConserved: Bool
        /// In nanotons, by the address's raw form.
        package let balances: [String: Int64]
    }

    /// A message that arrived, bounced and aborted ones among them.
    package struct Received: Sendable, Equatable {
        package let lt: UInt64
        /// In raw form.
        package let source: String
        /// In nanotons.
        package let value: Int64
        package let comment: String?
        package let isBounced: Bool
        package let isAborted: Bool
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/TONSandbox")
    private static let python = folder.appending(path: "../../../.build/python/bin/python").path
    private let process: LoopbackProcess

    package var port: Int { process.port }

    /// Where its v2 and v3 are: `http://127.0.0.1:8081/api`.
    package var url: String { "http://127.0.0.1:\(port)/api" }

    /// Starts it, and waits until it listens.
    package init(_ options: Options = Options()) throws {
        var arguments = [
            "--port", "0", "--start-time", "\(options.startTime)", "--block-time",
            "\(options.blockSeconds)", "--rps", "\(options.requestsPerSecond)",
        ]
        if options.isManual { arguments.append("--manual") }
        if let key = options.apiKey { arguments += ["--api-key", key] }
        process = try LoopbackProcess(
            python: Self.python, script: Self.folder.appending(path: "sandbox.py").path, arguments)
    }

    /// Ends it, with the chain; idempotent.
    package func stop() { process.stop() }

    /// Halts it where it stands: connections come about, and nothing is answered until `resume`.
    package func hang() { process.hang() }

    package func resume() { process.resume() }

    // MARK: - Control

    /// Puts an internal message with money of nowhere into the next block.
    ///
    /// - Parameters:
    ///   - address: In any form.
    ///   - amount: In nanotons.
    ///   - comment: nil for an empty body; an empty one is the tag of a comment alone.
    ///   - source: Who seems to pay; nil for an address of the sandbox's own.
    ///   - body: A BOC in base64, in the place of a comment.
    package func deposit(
        to address: String, amount: Int64, comment: String? = nil, from source: String? = nil,
        isBounceable: Bool = false, body: String? = nil
    ) async throws {
        var members: [JSONValue.Member] = [
            .init("to", .string(address)), .init("amount", .string("\(amount)")),
        ]
        if let comment { members.append(.init("comment", .string(comment))) }
        if let source { members.append(.init("from", .string(source))) }
        if isBounceable { members.append(.init("bounce", .bool(true))) }
        if let body { members.append(.init("body", .string(body))) }
        try await control("deposit", members)
    }

    /// Makes blocks, each that many seconds after the one before.
    @discardableResult
    package func mine(blocks: Int = 1, seconds: Int = 1) async throws -> State {
        try Self.state(
            try await control(
                "mine",
                [
                    .init("blocks", .number("\(blocks)")), .init("seconds", .number("\(seconds)")),
                ]))
    }

    /// Spoils the next `count` calls of a method.
    ///
    /// - Parameters:
    ///   - method: `sendBoc`, or `*` for any.
    ///   - delay: For a fault of that kind.
    package func fault(
        _ kind: FaultKind, of method: String = "*", count: Int = 1, delay: Duration = .seconds(1)
    ) async throws {
        try await control(
            "fault",
            [
                .init("method", .string(method)), .init("kind", .string(kind.rawValue)),
                .init("count", .number("\(count)")),
                .init("ms", .number("\(Int(delay / .milliseconds(1)))")),
            ])
    }

    /// Lets reads see the chain as it was that many blocks ago, until the next call of this.
    package func lag(blocks: Int) async throws {
        try await control("lag", [.init("blocks", .number("\(blocks)"))])
    }

    package func state() async throws -> State { try Self.state(try await control("state", [])) }

    /// Begins the chain anew.
    package func reset() async throws { try await control("reset", []) }

    /// The internal messages that arrived at an address, oldest first.
    package func received(by address: String) async throws -> [Received] {
        let answer = try await control("received", [.init("address", .string(address))])
        return try (answer.elements ?? []).map { row in
            guard let lt = row["lt"]?.string.flatMap({ UInt64($0) }),
                let source = row["from"]?.string,
                let value = row["value"]?.string.flatMap({ Int64($0) }),
                let isBounced = row["bounced"]?.bool, let isAborted = row["aborted"]?.bool
            else { throw Self.unreadable(answer) }
            return Received(
                lt: lt, source: source, value: value, comment: row["comment"]?.string,
                isBounced: isBounced, isAborted: isAborted)
        }
    }

    /// Sends a message past Teller, as somebody else would.
    ///
    /// - Parameter boc: In base64.
    package func send(_ boc: String) async throws {
        try await process.post("api/v2/sendBoc", [.init("boc", .string(boc))])
    }

    /// The next seqno of a deployed wallet that has one.
    package func seqno(of address: String) async throws -> Int {
        let answer = try await process.post(
            "api/v2/getWalletInformation", [.init("address", .string(address))])
        guard let seqno = answer["result"]?["seqno"]?.int else { throw Self.unreadable(answer) }
        return seqno
    }

    @discardableResult
    private func control(_ name: String, _ members: [JSONValue.Member]) async throws -> JSONValue {
        try await process.post("sandbox/\(name)", members)
    }

    private static func state(_ answer: JSONValue) throws -> State {
        guard let now = answer["now"]?.int, let block = answer["seqno"]?.int,
            let waiting = answer["mempool"]?.int,
            let dropped = answer["dropped_from_mempool"]?.int,
            let isConserved = answer["conserved"]?.bool, let balances = answer["balances"]?.members
        else { throw unreadable(answer) }
        let amounts = balances.compactMap { member in
            member.value.string.flatMap { Int64($0) }.map { (member.key, $0) }
        }
        return State(
            now: now, block: block, waitingMessages: waiting, droppedMessages: dropped,
            isConserved: isConserved, balances: Dictionary(uniqueKeysWithValues: amounts))
    }

    private static func unreadable(_ answer: JSONValue) -> TestProcess.Failure {
        TestProcess.Failure(description: "the TON sandbox answered \(answer.prettyText())")
    }
}
