// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import TLS
import TestSupport

extension TestCertificates.Identity {
    var tls: TLSIdentity {
        TLSIdentity(certificateChainFile: certificateFile, privateKeyFile: keyFile)
    }
}

/// A client's and a server's `TLSHandler` joined in memory.
final class InMemoryPair {
    let client: EmbeddedChannel
    let server: EmbeddedChannel
    let clientSide = Recorder()
    let serverSide = Recorder()

    convenience init(
        client: TLSClientConfiguration, server: TLSServerConfiguration,
        serverName: String = "localhost", limits: TLSHandler.Limits = TLSHandler.Limits()
    ) throws {
        try self.init(
            client: TLSContext(client: client), server: TLSContext(server: server),
            serverName: serverName, limits: limits)
    }

    init(
        client clientContext: TLSContext, server serverContext: TLSContext,
        serverName: String = "localhost", limits: TLSHandler.Limits = TLSHandler.Limits()
    ) throws {
        client = EmbeddedChannel()
        server = EmbeddedChannel()
        try client.pipeline.syncOperations.addHandlers([
            TLSHandler(context: clientContext, serverName: serverName, limits: limits), clientSide,
        ])
        try server.pipeline.syncOperations.addHandlers([
            TLSHandler(context: serverContext, limits: limits), serverSide,
        ])
    }

    /// Both ends with the test authority's certificates.
    static func standard(
        clientCertificates: ClientCertificates = .none, identity: TLSIdentity? = nil,
        protocols: [ApplicationProtocol] = [.http2], limits: TLSHandler.Limits = .init()
    ) throws -> InMemoryPair {
        let files = try TestCertificates.shared.get()
        return try InMemoryPair(
            client: TLSClientConfiguration(
                authorityFile: files.authorityFile, identity: identity,
                applicationProtocols: protocols),
            server: TLSServerConfiguration(
                identity: files.server.tls, clientCertificates: clientCertificates),
            limits: limits)
    }

    func connect() throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        server.connect(to: address, promise: nil)
        client.connect(to: address, promise: nil)
        try pump()
    }

    /// Carries records both ways until neither side has any; returns how many bytes moved.
    @discardableResult
    func pump() throws -> Int {
        var bytes = 0
        while true {
            var moved = 0
            moved += try carry(from: client, to: server)
            moved += try carry(from: server, to: client)
            if moved == 0 { return bytes }
            bytes += moved
        }
    }

    private func carry(from: EmbeddedChannel, to: EmbeddedChannel) throws -> Int {
        var bytes = 0
        while let records = try from.readOutbound(as: ByteBuffer.self) {
            bytes += records.readableBytes
            if to.isActive { try to.writeInbound(records) }
        }
        return bytes
    }

    func finish() {
        _ = try? client.finish(acceptAlreadyClosed: true)
        _ = try? server.finish(acceptAlreadyClosed: true)
    }
}

/// Keeps what arrives above a `TLSHandler`.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var received = ByteBuffer()
    var reads = 0
    var handshake: TLSHandshakeCompleted?
    var inputClosed = false
    var errors: [TLSError] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reads += 1
        received.writeImmutableBuffer(unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as TLSHandshakeCompleted: handshake = event
        case let event as ChannelEvent where event == .inputClosed: inputClosed = true
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { errors.append(error) }
    }
}

/// A finished handshake with a given server context.
final class ConnectedPair {
    private let pair: InMemoryPair

    init(server: TLSContext, authorityFile: String) throws {
        pair = try InMemoryPair(
            client: TLSContext(client: TLSClientConfiguration(authorityFile: authorityFile)),
            server: server)
        try pair.connect()
        if let error = pair.clientSide.errors.first { throw error }
    }

    func echo(_ text: String) throws -> String {
        try pair.client.writeOutbound(ByteBuffer(string: text))
        try pair.pump()
        return String(buffer: pair.serverSide.received)
    }

    deinit { pair.finish() }
}
