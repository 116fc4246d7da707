// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import TLS
import TestSupport
import Testing

@Suite struct TLSHandlerTests {
    @Test func `a handshake agrees on TLS 1.3 and h2`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        #expect(
            pair.serverSide.handshake
                == TLSHandshakeCompleted(
                    applicationProtocol: .http2, version: .tls13, peerSubject: nil))
        #expect(pair.clientSide.handshake?.applicationProtocol == .http2)
        #expect(pair.clientSide.errors.isEmpty && pair.serverSide.errors.isEmpty)
    }

    @Test(arguments: [1, 300, 16_384, 16_385, 3_000_000])
    func `data of any size arrives whole in both directions`(count: Int) throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        let data = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try pair.client.writeOutbound(data)
        try pair.server.writeOutbound(data)
        try pair.pump()
        #expect(pair.serverSide.received == data)
        #expect(pair.clientSide.received == data)
    }

    @Test func `records split at every byte are put together`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        try pair.client.writeOutbound(ByteBuffer(string: "hello"))
        while var records = try pair.client.readOutbound(as: ByteBuffer.self) {
            while let byte = records.readSlice(length: 1) { try pair.server.writeInbound(byte) }
        }
        #expect(String(buffer: pair.serverSide.received) == "hello")
    }

    @Test func `writes between flushes share one record and all promises complete`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        let results = (0..<50).map { index in
            pair.server.write(ByteBuffer(string: "part \(index);"))
        }
        #expect(try pair.server.readOutbound(as: ByteBuffer.self) == nil)
        pair.server.flush()
        for result in results { try result.wait() }
        let bytes = try pair.pump()
        let text = (0..<50).map { "part \($0);" }.joined()
        #expect(String(buffer: pair.clientSide.received) == text)
        #expect(bytes < text.utf8.count + 40, "one record's overhead")
    }

    @Test func `many writes without a flush are encrypted before they pile up`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        for _ in 0..<100 {
            pair.server.write(ByteBuffer(repeating: 1, count: 10_000), promise: nil)
        }
        pair.server.flush()
        try pair.pump()
        #expect(pair.clientSide.received.readableBytes == 1_000_000)
    }

    @Test func `data written before the handshake follows it`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        let result = pair.client.writeAndFlush(ByteBuffer(string: "early"))
        try pair.connect()
        try result.wait()
        #expect(String(buffer: pair.serverSide.received) == "early")
    }

    @Test func `data before the handshake is bounded`() throws {
        var limits = TLSHandler.Limits()
        limits.pendingBytesMax = 10
        let pair = try InMemoryPair.standard(limits: limits)
        defer { pair.finish() }
        pair.client.write(ByteBuffer(repeating: 1, count: 10), promise: nil)
        let refused = pair.client.write(ByteBuffer(repeating: 1, count: 1))
        #expect(throws: TLSError.self) { try refused.wait() }
    }

    @Test func `a client offering only unknown protocols gets no_application_protocol`() throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair(
            client: TLSClientConfiguration(
                authorityFile: files.authorityFile, applicationProtocols: [.http1]),
            server: TLSServerConfiguration(
                identity: files.server.tls, applicationProtocols: [.http2]))
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.handshake == nil)
        #expect(pair.serverSide.errors.first?.code == .handshake)
        #expect(
            pair.clientSide.errors.first?.description.contains("no application protocol") == true)
        #expect(!pair.server.isActive)
    }

    @Test func `a client that offers no protocol is let in without one`() throws {
        let pair = try InMemoryPair.standard(protocols: [])
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.handshake != nil)
        #expect(pair.serverSide.handshake?.applicationProtocol == nil)
    }

    @Test func `a certificate of a strange authority is refused by the client`() throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair(
            client: TLSClientConfiguration(authorityFile: files.authorityFile),
            server: TLSServerConfiguration(identity: files.strangeServer.tls))
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.clientSide.errors.first?.code == .certificateRefused)
        #expect(pair.clientSide.handshake == nil)
    }

    @Test(arguments: ["example.org", "127.0.0.2"])
    func `a certificate for another name is refused by the client`(name: String) throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair(
            client: TLSClientConfiguration(authorityFile: files.authorityFile),
            server: TLSServerConfiguration(identity: files.server.tls), serverName: name)
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.clientSide.errors.first?.code == .certificateRefused)
    }

    @Test func `an IP address in the certificate is a name like any other`() throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair(
            client: TLSClientConfiguration(authorityFile: files.authorityFile),
            server: TLSServerConfiguration(identity: files.server.tls), serverName: "127.0.0.1")
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.clientSide.handshake != nil)
    }
}

@Suite struct ClientCertificateTests {
    @Test func `the subject of a verified client certificate is told in RFC 4514 order`() throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair.standard(
            clientCertificates: .required(authorityFile: files.authorityFile),
            identity: files.client.tls)
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.handshake?.peerSubject == "CN=payout-backend,O=Teller Tests")
    }

    @Test func `special characters of a subject are escaped and UTF-8 stays readable`() throws {
        let files = try TestCertificates.shared.get()
        let odd = try files.issue(
            "odd", subject: "/O=Zahl, Töne/CN=a\\+b", names: "DNS:odd")
        let pair = try InMemoryPair.standard(
            clientCertificates: .optional(authorityFile: files.authorityFile), identity: odd.tls)
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.handshake?.peerSubject == "CN=a\\+b,O=Zahl\\, Töne")
    }

    @Test func `a client without a certificate is refused where one is required`() throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair.standard(
            clientCertificates: .required(authorityFile: files.authorityFile))
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.handshake == nil)
        #expect(pair.serverSide.errors.first?.code == .handshake)
        // In TLS 1.3 the client has finished its part already and learns of it from the alert.
        #expect(
            pair.clientSide.errors.first?.description.contains("certificate required") == true)
    }

    @Test func `a client without a certificate is let in where one is optional`() throws {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair.standard(
            clientCertificates: .optional(authorityFile: files.authorityFile))
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.handshake != nil)
        #expect(pair.serverSide.handshake?.peerSubject == nil)
    }

    @Test func `a client certificate of a strange authority is refused even where optional`()
        throws
    {
        let files = try TestCertificates.shared.get()
        let pair = try InMemoryPair.standard(
            clientCertificates: .optional(authorityFile: files.authorityFile),
            identity: files.strangeServer.tls)
        defer { pair.finish() }
        try pair.connect()
        #expect(pair.serverSide.errors.first?.code == .certificateRefused)
    }
}
