// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import NIOCore
import NIOPosix
import TLS

/// Makes connections to one endpoint.
struct Connector: Sendable {
    let endpoint: Endpoint
    let limits: ClientConnectionLimits
    let loop: any EventLoop
    private let resources: EventLoopResources
    private let tls: TLSContext?
    private let serverName: String

    /// Reads the files of `tls` when the endpoint is encrypted.
    init(
        _ endpoint: Endpoint, tls: ClientTLS, limits: ClientConnectionLimits
    ) throws(TellerError) {
        self.endpoint = endpoint
        self.limits = limits
        serverName = tls.serverName ?? endpoint.host
        loop = MultiThreadedEventLoopGroup.singleton.next()
        resources = EventLoopResources(loop)
        self.tls = endpoint.isEncrypted ? try Self.context(tls) : nil
    }

    private static func context(_ tls: ClientTLS) throws(TellerError) -> TLSContext {
        var configuration = TLSClientConfiguration(authorityFile: tls.authorityFile)
        switch (tls.certificateChainFile, tls.privateKeyFile) {
        case (nil, nil): break
        case (let chain?, let key?):
            configuration.identity = TLSIdentity(certificateChainFile: chain, privateKeyFile: key)
        default:
            throw .invalidArgument("a client certificate needs both its chain and its key file")
        }
        do throws(TLSError) {
            return try TLSContext(client: configuration)
        } catch {
            throw .invalidArgument(error.description)
        }
    }

    /// A connection ready for calls.
    ///
    /// - Parameter onEnding: Called once when it takes no more calls.
    func connect(
        onEnding: @escaping @Sendable () -> Void
    ) async throws(TransportFailure) -> HTTP2Client {
        do {
            let bootstrap = ClientBootstrap(group: loop)
                .connectTimeout(TimeAmount(limits.connectTimeout))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.allowRemoteHalfClosure, value: true)
            // Until the pipeline is whole no byte may be read: it would be lost.
            let ready = try await bootstrap.connect(host: endpoint.host, port: endpoint.port) {
                channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel, onEnding) }
            }
            return try await ready.get()
        } catch {
            throw TransportFailure(
                .unreachable, "no connection to \(endpoint.authority): \(explain(error))")
        }
    }

    /// Sets up the channel's pipeline, on its event loop and before it is connected.
    private func prepare(
        _ channel: any Channel, _ onEnding: @escaping @Sendable () -> Void
    ) throws -> EventLoopFuture<HTTP2Client> {
        guard let tls else {
            return channel.eventLoop.makeSucceededFuture(try install(on: channel, onEnding))
        }
        var handshake = TLSHandler.Limits()
        handshake.handshakeTimeout = limits.connectTimeout
        let ready = channel.eventLoop.makePromise(of: HTTP2Client.self)
        let gate = HandshakeGate(ready) { channel in try install(on: channel, onEnding) }
        try channel.pipeline.syncOperations.addHandlers([
            TLSHandler(context: tls, serverName: serverName, limits: handshake), gate,
        ])
        return ready.futureResult
    }

    private func install(
        on channel: any Channel, _ onEnding: @escaping @Sendable () -> Void
    ) throws -> HTTP2Client {
        var timeouts = HTTP2Timeouts()
        timeouts.preface = limits.connectTimeout
        timeouts.keepaliveInterval = limits.keepaliveInterval
        timeouts.keepaliveAcknowledgement = limits.keepaliveTimeout
        return try HTTP2Client.install(
            on: channel, authority: endpoint.authority, isEncrypted: endpoint.isEncrypted,
            timeouts: timeouts, callsWaitingMax: limits.callsWaitingMax, resources: resources,
            onEnding: onEnding)
    }

    private func explain(_ error: any Error) -> String {
        switch error {
        case let error as TLSError: error.description
        case let error as IOError: error.description
        case let error as NIOConnectionError: explain(error)
        case ChannelError.connectTimeout: "it took too long"
        default: "\(error)"
        }
    }

    private func explain(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first { return explain(failure.error) }
        return error.dnsAError != nil || error.dnsAAAAError != nil
            ? "the name is not known" : "no address answers"
    }
}

/// Waits for the TLS handshake and puts HTTP/2 in its own place.
private final class HandshakeGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let ready: EventLoopPromise<HTTP2Client>
    private let install: (any Channel) throws -> HTTP2Client
    private var isDecided = false

    init(
        _ ready: EventLoopPromise<HTTP2Client>,
        install: @escaping (any Channel) throws -> HTTP2Client
    ) {
        self.ready = ready
        self.install = install
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let handshake = event as? TLSHandshakeCompleted, !isDecided else {
            return context.fireUserInboundEventTriggered(event)
        }
        guard handshake.applicationProtocol == .http2 else {
            fail(context, TLSError(.handshake, "the server does not speak HTTP/2 (ALPN h2)"))
            return context.close(promise: nil)
        }
        isDecided = true
        do {
            ready.succeed(try install(context.channel))
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            ready.fail(error)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(context, error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(context, TLSError(.truncated, "the server closed the connection"))
        context.fireChannelInactive()
    }

    /// Without a connection the channel is never active, and ends no other way.
    func handlerRemoved(context: ChannelHandlerContext) {
        fail(context, TLSError(.closed, "the connection was not made"))
    }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        guard !isDecided else { return }
        isDecided = true
        ready.fail(error)
    }
}
