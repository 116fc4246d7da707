// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import NIOCore
import TLS
import Transport

/// Answers every request with its own body: the transport's cost, with nothing behind it.
struct Echo: HTTPHandler {
    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        exchange.respond(
            HTTPResponse(
                status: 200, headers: HTTPHeaders(["content-type": "application/json"]),
                body: request.body))
    }
}

/// `TransportBenchmark [PORT [LOOPS [CHAIN.pem KEY.pem]]]`
@main
struct TransportBenchmark {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        var configuration = HTTPServerConfiguration()
        configuration.port = arguments.first.flatMap { Int($0) } ?? 8080
        configuration.eventLoops = arguments.dropFirst().first.flatMap { Int($0) } ?? 1
        var security: TLSContextStore?
        if arguments.count == 4 {
            let identity = TLSIdentity(
                certificateChainFile: arguments[2], privateKeyFile: arguments[3])
            security = try TLSContextStore(TLSServerConfiguration(identity: identity))
        }
        let server = HTTPServer(
            configuration: configuration, handler: Echo(), security: security,
            logger: Logger(label: "bench"))
        print("listening on \(try await server.bind())")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
