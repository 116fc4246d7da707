// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TLS
import TestSupport
import Testing
import Transport

/// The same port with TLS.
@Suite struct SecureServerTests {
    private let certificates: TestCertificates
    private let store: TLSContextStore

    init() throws {
        certificates = try TestCertificates.shared.get()
        store = try TLSContextStore(
            TLSServerConfiguration(
                identity: TLSIdentity(
                    certificateChainFile: certificates.server.certificateFile,
                    privateKeyFile: certificates.server.keyFile),
                clientCertificates: .optional(authorityFile: certificates.authorityFile)))
    }

    private static let describe = ClosureHandler { request, exchange in
        let subject = request.connection.clientCertificateSubject ?? "nobody"
        exchange.respond(
            HTTPResponse(
                status: 200,
                body: Array("\(request.connection.version) \(subject)".utf8)))
    }

    @Test(arguments: [("--http2", "http2"), ("--http1.1", "http1_1"), ("--no-alpn", "http1_1")])
    func `ALPN chooses the protocol`(flag: String, version: String) async throws {
        try await withServer(Self.describe, security: store) { port, _ in
            let curl = try await run(
                "curl",
                ["-sS", flag, "--cacert", certificates.authorityFile, "https://localhost:\(port)/"])
            #expect(curl.output == "\(version) nobody")
        }
    }

    @Test func `the handler learns the subject of the client's certificate`() async throws {
        try await withServer(Self.describe, security: store) { port, _ in
            let curl = try await run(
                "curl",
                [
                    "-sS", "--http2", "--cacert", certificates.authorityFile,
                    "--cert", certificates.client.certificateFile,
                    "--key", certificates.client.keyFile, "https://localhost:\(port)/",
                ])
            #expect(curl.output.hasPrefix("http2 "))
            #expect(curl.output.contains("CN=payout-backend"), "\(curl.output)")
        }
    }

    @Test func `h2load over TLS succeeds with every request`() async throws {
        try await withServer(security: store) { port, _ in
            let load = try await run(
                "h2load", ["-n", "5000", "-c", "4", "-m", "10", "https://127.0.0.1:\(port)/"])
            #expect(load.output.contains("5000 succeeded, 0 failed"), "\(load.output)")
        }
    }
}
