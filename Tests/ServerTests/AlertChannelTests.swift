// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TellerProtocol
import TestSupport
import Testing
import Upstream

@testable import TellerServer

/// What the channels make of answers, and of none.
@Suite struct AlertChannelTests {
    private static let token = "7741001:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"

    /// What became of a delivery, without the words.
    enum Fate: Equatable {
        case said
        case retryable(after: Duration?)
        case permanent
        case unknown
    }

    private static func fate(
        of message: AlertMessage, through channel: some AlertChannel
    ) async -> Fate {
        do throws(AlertDeliveryError) {
            try await channel.deliver(message)
            return .said
        } catch {
            #expect(!"\(error)".contains(token))
            return switch error {
            case .retryable(let after, _): .retryable(after: after)
            case .permanent: .permanent
            case .unknown: .unknown
            }
        }
    }

    private static func withBoard<Result>(
        _ body: (UpstreamBoard) async throws -> Result
    ) async throws -> Result {
        let board = UpstreamBoard(clock: .system, observer: nil)
        do {
            let result = try await body(board)
            await board.close()
            return result
        } catch {
            await board.close()
            throw error
        }
    }

    private static func message() throws -> AlertMessage {
        var machine = IncidentMachine(run: "r")
        machine.raise(Incident(.killSwitch, "payouts", "Off."), at: .zero)
        let message = machine.next(at: .zero)
        return try #require(message)
    }

    private static func telegram(_ port: Int, _ board: UpstreamBoard) throws -> TelegramChannel {
        try TelegramChannel(
            AlertSettings.Telegram(
                url: BaseURL("http://127.0.0.1:\(port)"), token: token, chat: "-1"),
            source: "test", upstreams: board)
    }

    private static func webhook(
        _ url: String, token: String? = nil, _ board: UpstreamBoard
    ) throws -> WebhookChannel {
        try WebhookChannel(
            AlertSettings.Webhook(
                url: BaseURL(url), endsInSlash: url.hasSuffix("/"), token: token,
                secretPath: nil),
            source: "test", upstreams: board, now: { Timestamp(unixMilliseconds: 0) })
    }

    @Test(
        arguments: [
            (AlertReceiver.accepted, .said),
            (
                Step.answer(
                    429, #"{"ok":false,"error_code":429,"parameters":{"retry_after":30}}"#),
                .retryable(after: .seconds(30))
            ),
            (Step.answer(429), .retryable(after: nil)),
            (Step.answer(400, #"{"ok":false,"error_code":400}"#), .permanent),
            (Step.answer(401, #"{"ok":false,"error_code":401}"#), .permanent),
            (Step.answer(404, "bot\(token)"), .permanent),
            (Step.answer(302, headers: ["location": "/bot\(token)"]), .permanent),
            (Step.answer(500, "bot\(token)"), .unknown),
            (Step.answer(200, "bot\(token)"), .unknown),
            (Step.answer(200, #"{"ok":false}"#), .unknown),
            ([.close], .unknown),
            ([.reset], .unknown),
        ] as [([Step], Fate)])
    func `telegram's answers`(steps: [Step], fate: Fate) async throws {
        try await ScriptedServer.with({ _, _ in steps }) { server in
            try await Self.withBoard { board in
                let channel = try Self.telegram(server.port, board)
                #expect(await Self.fate(of: try Self.message(), through: channel) == fate)
                // Whatever comes, the alerter says when it is sent again.
                #expect(server.requests.count == 1)
                #expect(server.requests.first?.target == "/bot\(Self.token)/sendMessage")
            }
        }
    }

    @Test(
        arguments: [
            (Step.answer(204, ""), .said),
            (Step.answer(200, "anything"), .said),
            ([.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"), .close], .said),
            (Step.answer(429, headers: ["retry-after": "7"]), .retryable(after: .seconds(7))),
            (Step.answer(503, headers: ["retry-after": "9"]), .retryable(after: .seconds(9))),
            (Step.answer(401), .permanent),
            (Step.answer(410), .permanent),
            (Step.answer(301, headers: ["location": "/there"]), .permanent),
            (Step.answer(500), .unknown),
            ([.close], .unknown),
        ] as [([Step], Fate)])
    func `a webhook's answers`(steps: [Step], fate: Fate) async throws {
        try await ScriptedServer.with({ _, _ in steps }) { server in
            try await Self.withBoard { board in
                let url = "http://127.0.0.1:\(server.port)/hook"
                let channel = try Self.webhook(url, board)
                #expect(await Self.fate(of: try Self.message(), through: channel) == fate)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `nobody who listens has heard anything`() async throws {
        let port = try DeafPort()
        try await Self.withBoard { board in
            let telegram = try Self.telegram(port.port, board)
            let webhook = try Self.webhook("http://127.0.0.1:\(port.port)", board)
            let message = try Self.message()
            #expect(await Self.fate(of: message, through: telegram) == .retryable(after: nil))
            #expect(await Self.fate(of: message, through: webhook) == .retryable(after: nil))
        }
    }

    @Test(arguments: ["", "/", "/a/hook", "/a/hook/"])
    func `a webhook's address is taken as it is written`(path: String) async throws {
        try await ScriptedServer.with({ _, _ in AlertReceiver.accepted }) { server in
            try await Self.withBoard { board in
                let channel = try Self.webhook(
                    "http://127.0.0.1:\(server.port)\(path)", token: "t", board)
                #expect(await Self.fate(of: try Self.message(), through: channel) == .said)
                let request = try #require(server.requests.first)
                #expect(request.target == (path.isEmpty ? "/" : path))
                #expect(request.headers["authorization"] == "Bearer t")
                #expect(
                    (try JSONValue.parse(Array(request.body.utf8)))["source"] == .string("test"))
            }
        }
    }
}
