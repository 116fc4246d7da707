// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HTTPMessages
import TellerClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Asks a server whether it is ready; for exec probes.",
        discussion: """
            It calls grpc.health.v1.Health/Check, which needs no token. Exit codes: 0 ready, 1 not \
            ready, 69 no answer.
            """)

    @OptionGroup var options: ClientOptions

    /// A gRPC frame with an empty message: the whole server is asked about.
    private static let request: [UInt8] = [0, 0, 0, 0, 0]
    /// A gRPC frame with field 1, `status`, as `SERVING`.
    private static let serving: [UInt8] = [0, 0, 0, 0, 2, 0x08, 0x01]

    func run() async throws {
        var configuration = try options.configuration()
        while configuration.endpoint.hasSuffix("/") { configuration.endpoint.removeLast() }
        configuration.endpoint += "/grpc.health.v1.Health/Check"
        let transport: HTTP2Transport
        do {
            transport = try HTTP2Transport(configuration)
        } catch {
            throw ValidationError("\(error)")
        }
        let answer: HTTPResponse
        do throws(TransportFailure) {
            answer = try await transport.send(
                ClientRequest(
                    headers: HTTPHeaders(["content-type": "application/grpc", "te": "trailers"]),
                    body: Self.request, timeout: configuration.deadline))
        } catch {
            await transport.shutDown(grace: .zero)
            printError("teller: \(error.message)")
            throw Exit.unavailable
        }
        await transport.shutDown(grace: .zero)
        guard answer.status == 200, answer.body == Self.serving else {
            print("not ready")
            throw ExitCode.failure
        }
        print("ready")
    }
}
