// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import TLS
import TestSupport
import Testing

/// A TLS server on a real socket that sends back what it gets and closes after a line `bye`.
private struct EchoServer {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    static func start(_ configuration: TLSServerConfiguration) async throws -> EchoServer {
        let context = try TLSContext(server: configuration)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        TLSHandler(context: context), EchoHandler(),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return EchoServer(channel: channel)
    }

    static func standard(clientCertificates: ClientCertificates = .none) async throws
        -> EchoServer
    {
        try await start(
            TLSServerConfiguration(
                identity: TestCertificates.shared.get().server.tls,
                clientCertificates: clientCertificates))
    }

    /// Runs `openssl s_client` against the server with `input` and returns all it printed.
    func openSSLClient(_ options: [String], input: String = "hello\nbye\n") throws -> String {
        let files = try TestCertificates.shared.get()
        return try TestProcess.run(
            [
                "timeout", "20", "openssl", "s_client", "-connect", "127.0.0.1:\(port)",
                "-CAfile", files.authorityFile, "-verify_return_error",
            ] + options, input: input
        ).output
    }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let isLast = bytes.readableBytes < 100 && String(buffer: bytes).contains("bye\n")
        send(bytes, thenClose: isLast, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            send(ByteBuffer(string: "goodbye"), thenClose: true, context)
        }
    }

    private func send(_ bytes: ByteBuffer, thenClose: Bool, _ context: ChannelHandlerContext) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        if thenClose {
            let channel = context.channel
            sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: sent)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

@Suite struct LiveTLSTests {
    @Test(arguments: [
        ("-tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("-tls1_3", "TLS_AES_128_GCM_SHA256"),
    ])
    func `OpenSSL's client speaks both versions`(version: String, suite: String) async throws {
        let server = try await EchoServer.standard()
        let output = try server.openSSLClient([version, "-ign_eof", "-alpn", "h2"])
        #expect(output.contains("Cipher is \(suite)"), "\(output)")
        #expect(output.contains("ALPN protocol: h2"))
        #expect(output.contains("\nhello\n"))
        #expect(output.contains("Verify return code: 0"))
        try await server.channel.close()
    }

    @Test(arguments: [
        ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
        ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        ["-alpn", "spdy/3.1"],
    ])
    func `old versions, weak suites and unknown protocols are refused`(
        options: [String]
    ) async throws {
        let server = try await EchoServer.standard()
        let output = try server.openSSLClient(options)
        #expect(output.contains("alert"), "\(output)")
        #expect(!output.contains("\nhello\n"))
        try await server.channel.close()
    }

    @Test func `renegotiation is refused`() async throws {
        let server = try await EchoServer.standard()
        let output = try server.openSSLClient(["-tls1_2"], input: "R\n")
        #expect(output.contains("no renegotiation"), "\(output)")
        try await server.channel.close()
    }

    @Test func `compression and early data are off`() async throws {
        let server = try await EchoServer.standard()
        let output = try server.openSSLClient(["-tls1_3", "-ign_eof"])
        #expect(output.contains("Compression: NONE"), "\(output)")
        #expect(output.contains("Max Early Data: 0") || !output.contains("Max Early Data"))
        try await server.channel.close()
    }

    @Test func `tickets are given to anonymous clients and not with certificates`() async throws {
        let files = try TestCertificates.shared.get()
        let open = try await EchoServer.standard()
        let certified = try await EchoServer.standard(
            clientCertificates: .required(authorityFile: files.authorityFile))
        let identity = ["-cert", files.client.certificateFile, "-key", files.client.keyFile]
        let withTicket = try open.openSSLClient(["-ign_eof"])
        let withoutTicket = try certified.openSSLClient(["-ign_eof"] + identity)
        #expect(withTicket.contains("New Session Ticket"), "\(withTicket)")
        #expect(withoutTicket.contains("\nhello\n"), "\(withoutTicket)")
        #expect(!withoutTicket.contains("New Session Ticket"))
        try await open.channel.close()
        try await certified.channel.close()
    }

    @Test func `a client that closes its half still gets the answer`() async throws {
        let server = try await EchoServer.standard()
        let files = try TestCertificates.shared.get()
        let context = try TLSContext(
            client: TLSClientConfiguration(authorityFile: files.authorityFile))
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        TLSHandler(context: context, serverName: "localhost"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let megabytes = ByteBuffer(repeating: 7, count: 4_000_000)
        let received = try await client.executeThenClose { inbound, outbound in
            try await outbound.write(megabytes)
            outbound.finish()
            var received = ByteBuffer()
            for try await part in inbound { received.writeImmutableBuffer(part) }
            return received
        }
        #expect(received.readableBytes == megabytes.readableBytes + 7)
        #expect(received.getString(at: megabytes.readableBytes, length: 7) == "goodbye")
        try await server.channel.close()
    }
}
