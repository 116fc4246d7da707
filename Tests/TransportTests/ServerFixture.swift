// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import NIOCore
import TLS
import Transport

@testable import HTTP2

/// A handler made of a closure.
struct ClosureHandler: HTTPHandler {
    let body: @Sendable (HTTPRequest, any HTTPExchange) async -> Void

    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        await body(request, exchange)
    }

    static let echo = ClosureHandler { request, exchange in
        exchange.respond(
            HTTPResponse(
                status: 200, headers: HTTPHeaders(["content-type": "text/plain"]),
                body: request.body))
    }
}

/// Runs `body` with a server on a loopback port, then drains the server.
func withServer(
    _ handler: any HTTPHandler = ClosureHandler.echo,
    security: TLSContextStore? = nil,
    configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    _ body: (_ port: Int, _ server: HTTPServer) async throws -> Void
) async throws {
    var configuration = HTTPServerConfiguration()
    configuration.eventLoops = 1
    configure(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = HTTPServer(
        configuration: configuration, handler: handler,
        refusal: { HTTPResponse(status: $0, body: Array("refused".utf8)) },
        security: security, logger: logger)
    let address = try await server.bind()
    do {
        try await body(address.port ?? 0, server)
    } catch {
        await server.drain(grace: .seconds(1))
        throw error
    }
    await server.drain(grace: .seconds(1))
}
