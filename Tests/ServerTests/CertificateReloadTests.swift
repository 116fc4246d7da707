// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TestSupport
import Testing

/// New certificate files in a server that runs, as OpenSSL's own client sees them.
@Suite struct CertificateReloadTests {
    /// A server whose certificate files can be exchanged.
    private struct World {
        let certificates: TestCertificates
        let certificateFile: URL
        let keyFile: URL
        let server: TellerProcess

        init() throws {
            certificates = try TestCertificates.shared.get()
            let folder = URL(filePath: "/tmp/teller-files-\(UInt64.random(in: .min ... .max))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            certificateFile = folder.appending(path: "server.pem")
            keyFile = folder.appending(path: "server.key")
            try Self.copy(certificates.server, certificateFile, keyFile)
            server = try TellerProcess(settings: [
                "tls.certificate=\(certificateFile.path)", "tls.key=\(keyFile.path)",
            ])
        }

        func remove() {
            try? FileManager.default.removeItem(at: certificateFile.deletingLastPathComponent())
        }

        private static func copy(
            _ identity: TestCertificates.Identity, _ certificateFile: URL, _ keyFile: URL
        ) throws {
            try Data(contentsOf: URL(filePath: identity.certificateFile)).write(to: certificateFile)
            try Data(contentsOf: URL(filePath: identity.keyFile)).write(to: keyFile)
        }

        /// Puts other files in place and waits until the log has said `outcome` once more.
        func exchange(
            for identity: TestCertificates.Identity? = nil, certificate: String? = nil,
            expecting outcome: String
        ) async throws {
            if let identity { try Self.copy(identity, certificateFile, keyFile) }
            if let certificate {
                try certificate.write(to: certificateFile, atomically: true, encoding: .utf8)
            }
            let before = server.log.components(separatedBy: outcome).count
            server.kill(SIGHUP)
            let isSaid = try await eventually {
                server.log.components(separatedBy: outcome).count == before + 1
            }
            #expect(isSaid, "\(server.log)")
        }

        /// Who issued the certificate that a new connection is shown.
        func issuer() throws -> String {
            let outcome = try TestProcess.run(
                ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-alpn", "h2"])
            let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("issuer=") }
            return String(try #require(line, "\(outcome.output)"))
        }

        /// A client that trusts one authority alone; after its first call it holds a connection.
        func client(trusting authorityFile: String) throws -> TellerClient {
            try server.client { configuration in
                configuration.endpoint = "https://127.0.0.1:\(server.port)"
                configuration.tls.authorityFile = authorityFile
                configuration.deadline = .seconds(5)
            }
        }
    }

    @Test func `a new connection gets the new certificate and an open one goes on`() async throws {
        let world = try World()
        defer { world.remove() }
        let open = try world.client(trusting: world.certificates.authorityFile)
        _ = try await open.service.info()
        #expect(try world.issuer() == "issuer=CN = authority")

        try await world.exchange(
            for: world.certificates.strangeServer, expecting: "certificates reloaded")
        #expect(try world.issuer() == "issuer=CN = strange-authority")
        let new = try world.client(trusting: world.certificates.strangeAuthorityFile)
        _ = try await new.service.info()
        // It would trust no new connection, so this is the one from before.
        _ = try await open.service.info()
        let late = try world.client(trusting: world.certificates.authorityFile)
        await #expect(throws: TellerError.self) { try await late.service.info() }
        for client in [open, new, late] { await client.shutDown(grace: .zero) }
    }

    @Test func `a broken new file keeps the old certificate and is logged`() async throws {
        let world = try World()
        defer { world.remove() }
        let kept = "certificates kept: the new ones are bad"
        try await world.exchange(certificate: "no certificate", expecting: kept)
        #expect(try world.issuer() == "issuer=CN = authority")
        #expect(world.server.log.contains(world.certificateFile.path))
        // A good certificate beside the key of another one.
        let strange = world.certificates.strangeServer.certificateFile
        try await world.exchange(
            certificate: String(contentsOfFile: strange, encoding: .utf8), expecting: kept)
        #expect(try world.issuer() == "issuer=CN = authority")
        try FileManager.default.removeItem(at: world.certificateFile)
        try await world.exchange(expecting: kept)
        #expect(try world.issuer() == "issuer=CN = authority")

        try await world.exchange(
            for: world.certificates.strangeServer, expecting: "certificates reloaded")
        #expect(try world.issuer() == "issuer=CN = strange-authority")
    }
}
