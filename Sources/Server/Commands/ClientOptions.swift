// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TellerClient
import TellerProtocol

/// The options of commands that call a server.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server (TELLER_URL; http://127.0.0.1:8700 when neither is given).")
    var url: String?

    @Option(help: "File with PEM authorities to trust (TELLER_CA).")
    var authorities: String?

    @Option(help: "Seconds a call may take, retries included.")
    var timeout: Int = 10

    /// The client's configuration; the token comes from TELLER_TOKEN, so that it stands in no
    /// process list.
    func configuration() throws -> ClientConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let endpoint = url ?? environment["TELLER_URL"] ?? "http://127.0.0.1:8700"
        var configuration = ClientConfiguration(endpoint: endpoint)
        if let text = environment["TELLER_TOKEN"] {
            guard let token = BearerToken(text) else {
                throw ValidationError("TELLER_TOKEN holds no token")
            }
            configuration.token = token
        }
        configuration.tls.authorityFile = authorities ?? environment["TELLER_CA"]
        configuration.deadline = .seconds(timeout)
        return configuration
    }

    func makeClient() throws -> TellerClient {
        let configuration = try configuration()
        do throws(TellerError) {
            return try TellerClient(configuration: configuration)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// Runs `body` with a client and turns its failure into a message and an exit code: 1 when the
/// server refused the call, 69 when it could not be asked.
func withClient(
    _ options: ClientOptions, _ body: (TellerClient) async throws(TellerError) -> Void
) async throws {
    let client = try options.makeClient()
    do throws(TellerError) {
        try await body(client)
    } catch {
        await client.shutDown()
        printError("teller: \(error)")
        guard case .rpc(let refusal) = error else { throw Exit.unavailable }
        for field in refusal.fields { printError("  \(field.path): \(field.problem)") }
        throw refusal.status == .unavailable ? Exit.unavailable : ExitCode.failure
    }
    await client.shutDown()
}
