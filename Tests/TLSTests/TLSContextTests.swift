// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLS
import TestSupport
import Testing

@Suite struct TLSContextTests {
    @Test func `a missing file is named in the error`() throws {
        let identity = TLSIdentity(
            certificateChainFile: "/nowhere/chain.pem", privateKeyFile: "/nowhere/key.pem")
        let error = #expect(throws: TLSError.self) {
            try TLSContext(server: TLSServerConfiguration(identity: identity))
        }
        #expect(error?.code == .configuration)
        #expect(error?.description.contains("/nowhere/chain.pem") == true)
    }

    @Test func `a key of another certificate is refused`() throws {
        let files = try TestCertificates.shared.get()
        let identity = TLSIdentity(
            certificateChainFile: files.server.certificateFile,
            privateKeyFile: files.client.keyFile)
        let error = #expect(throws: TLSError.self) {
            try TLSContext(server: TLSServerConfiguration(identity: identity))
        }
        #expect(error?.code == .configuration)
    }

    @Test func `an encrypted key is refused without asking for its password`() throws {
        let files = try TestCertificates.shared.get()
        try TestProcess.runChecked(
            [
                "openssl", "ec", "-in", files.server.keyFile, "-aes128", "-passout", "pass:secret",
                "-out", "encrypted.key",
            ], in: files.folder)
        let identity = TLSIdentity(
            certificateChainFile: files.server.certificateFile,
            privateKeyFile: files.folder.appendingPathComponent("encrypted.key").path)
        #expect(throws: TLSError.self) {
            try TLSContext(server: TLSServerConfiguration(identity: identity))
        }
    }

    @Test func `a reload serves the new certificate to new connections only`() throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let store = try TLSContextStore(TLSServerConfiguration(identity: files.server.tls))
        let before = store.current
        let old = try ConnectedPair(server: store.current, authorityFile: files.authorityFile)

        try Data("no certificate".utf8).write(to: URL(filePath: files.server.certificateFile))
        #expect(throws: TLSError.self) { try store.reload() }
        #expect(store.current === before, "a bad file keeps the old context")

        // The same names, now of the other authority.
        for (from, to) in [
            (files.strangeServer.certificateFile, files.server.certificateFile),
            (files.strangeServer.keyFile, files.server.keyFile),
        ] {
            try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
        }
        try store.reload()
        #expect(store.current !== before)
        let new = try ConnectedPair(
            server: store.current, authorityFile: files.strangeAuthorityFile)
        #expect(try new.echo("new") == "new")
        #expect(try old.echo("old") == "old")
        #expect(throws: TLSError.self) {
            try ConnectedPair(server: store.current, authorityFile: files.authorityFile)
        }
    }
}
