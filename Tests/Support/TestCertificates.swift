// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Certificates made by the `openssl` command for one test process, in a temporary folder.
package struct TestCertificates: Sendable {
    package struct Identity: Sendable {
        package var certificateFile: String
        package var keyFile: String
    }

    package let folder: URL
    /// The authority behind `server` and `client`.
    package let authorityFile: String
    /// For `localhost` and `127.0.0.1`.
    package let server: Identity
    /// Subject `CN=payout-backend,O=Teller Tests`.
    package let client: Identity
    /// An authority nobody here trusts, and a server certificate of it.
    package let strangeAuthorityFile: String
    package let strangeServer: Identity

    /// One set for all tests of the process, removed when it ends.
    package static let shared: Result<TestCertificates, any Error> = Result {
        let made = try TestCertificates()
        atexit { try? TestCertificates.shared.get().remove() }
        return made
    }

    package init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("teller-certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        authorityFile = try Self.makeAuthority("authority", in: folder)
        strangeAuthorityFile = try Self.makeAuthority("strange-authority", in: folder)
        server = try Self.issue(
            "server", by: "authority", subject: "/CN=localhost",
            names: "DNS:localhost,IP:127.0.0.1", in: folder)
        strangeServer = try Self.issue(
            "strange-server", by: "strange-authority", subject: "/CN=localhost",
            names: "DNS:localhost,IP:127.0.0.1", in: folder)
        client = try Self.issue(
            "client", by: "authority", subject: "/O=Teller Tests/CN=payout-backend",
            names: "DNS:payout-backend", in: folder)
    }

    package func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Another certificate of `authorityFile`.
    package func issue(_ name: String, subject: String, names: String) throws -> Identity {
        try Self.issue(name, by: "authority", subject: subject, names: names, in: folder)
    }

    private static let newKey = [
        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
    ]

    private static func makeAuthority(_ name: String, in folder: URL) throws -> String {
        try TestProcess.runChecked(
            ["openssl", "req", "-x509"] + newKey + [
                "-keyout", "\(name).key", "-out", "\(name).pem", "-subj", "/CN=\(name)",
            ], in: folder)
        return folder.appendingPathComponent("\(name).pem").path
    }

    private static func issue(
        _ name: String, by authority: String, subject: String, names: String, in folder: URL
    ) throws -> Identity {
        try TestProcess.runChecked(
            ["openssl", "req", "-x509", "-utf8"] + newKey + [
                "-CA", "\(authority).pem", "-CAkey", "\(authority).key",
                "-keyout", "\(name).key", "-out", "\(name).pem", "-subj", subject,
                "-addext", "subjectAltName=\(names)",
                "-addext", "basicConstraints=critical,CA:FALSE",
            ], in: folder)
        return Identity(
            certificateFile: folder.appendingPathComponent("\(name).pem").path,
            keyFile: folder.appendingPathComponent("\(name).key").path)
    }
}
