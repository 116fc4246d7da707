// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import Logging
import NIOCore
import NIOPosix
import TellerProtocol
import TestSupport
import Transport

@testable import RPC

/// The test methods behind a real port, with the machine's clocks.
struct LiveServer {
    let methods = TestMethods()
    let health = HealthState(blockers: [])
    let handler: RPCHandler
    let server: HTTPServer
    let port: Int

    /// Runs `body` with a server on a loopback port, then drains the server.
    static func run(_ body: (LiveServer) async throws -> Void) async throws {
        let live = try await LiveServer()
        do { try await body(live) } catch {
            await live.server.drain(grace: .seconds(1))
            throw error
        }
        await live.server.drain(grace: .seconds(1))
    }

    private init() async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let health = health
        let setHealth = RPCMethod.unary("test.health", scope: "test:write") {
            (note: Note, _) async throws(RPCError) -> Note in
            switch note.text {
            case "block": health.block(.storeUnavailable)
            case "unblock": health.unblock(.storeUnavailable)
            default: health.block(.draining)
            }
            return note
        }
        handler = RPCHandler(
            methods: methods.all + [setHealth], access: .open, health: health, identifierSeed: 1,
            logger: logger)
        var configuration = HTTPServerConfiguration()
        configuration.eventLoops = 1
        server = HTTPServer(
            configuration: configuration, handler: handler, refusal: handler.refusal,
            logger: logger)
        port = try await server.bind().port ?? 0
    }

    /// A connection of HTTP/2 with prior knowledge.
    func connect() async throws -> HTTP2Client {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port)
            .flatMapThrowing { channel in
                try HTTP2Client.install(
                    on: channel, authority: "127.0.0.1", isEncrypted: false,
                    resources: EventLoopResources(loop))
            }.get()
    }

    /// The lines of a response as they come.
    static func lines(_ response: HTTP2Response, _ count: Int) async throws -> [String] {
        var bytes: [UInt8] = []
        while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count,
            let part = try await response.next()
        {
            bytes += part
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
