// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import NIOCore
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

@main
struct TransportBenchmark {
    static func main() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
        configuration.eventLoops = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 1
        let server = HTTPServer(
            configuration: configuration, handler: Echo(), logger: Logger(label: "bench"))
        print("listening on \(try await server.bind())")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
