// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTP2
package import HTTPMessages
package import Logging
package import NIOCore
import NIOPosix
import Synchronization
package import TLS

/// Listens on one port and answers HTTP/2 and HTTP/1.1 on it.
package final class HTTPServer: Sendable {
    package let configuration: HTTPServerConfiguration
    package let counts = ConnectionCounts()
    private let handler: any HTTPHandler
    private let refusal: HTTPRefusal
    private let security: TLSContextStore?
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let loops: [ObjectIdentifier: ServerLoop]
    private let gate: ConnectionGate
    private let nextConnectionID = Atomic<UInt64>(1)
    private let draining = Mutex<Task<Void, Never>?>(nil)
    private let listeners = Mutex<[any Channel]>([])

    /// - Parameters:
    ///   - handler: Answers the requests; it is called on the event loops.
    ///   - refusal: Makes the response to a request that is refused without asking `handler`.
    ///   - security: Certificates; nil for a server without TLS.
    package init(
        configuration: HTTPServerConfiguration,
        handler: any HTTPHandler,
        refusal: @escaping HTTPRefusal = { HTTPResponse(status: $0) },
        security: TLSContextStore? = nil,
        logger: Logger
    ) {
        self.configuration = configuration
        self.handler = handler
        self.refusal = refusal
        self.security = security
        self.logger = logger
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.eventLoops ?? System.coreCount)
        self.group = group
        loops = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map {
                (ObjectIdentifier($0), ServerLoop($0))
            })
        gate = ConnectionGate(
            connectionsMax: min(
                configuration.connectionsMax ?? .max,
                Descriptors.available(reserved: configuration.descriptorsReserved)))
    }

    /// Connections open now.
    package var connectionCount: Int { gate.count }

    /// Open HTTP/2 streams of all connections.
    package var openStreamCount: Int {
        loops.values.reduce(0) { $0 + $1.resources.openStreams.count }
    }

    /// Begins to listen.
    ///
    /// - Returns: The address with the port the system chose.
    package func bind() async throws -> SocketAddress {
        let channel = try await bootstrap().bind(
            host: configuration.host, port: configuration.port
        ).get()
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        listeners.withLock { $0.append(channel) }
        logger.info("listening", metadata: ["address": "\(address)"])
        return address
    }

    /// Accepts nothing more, answers what has been asked, closes every connection and ends.
    ///
    /// - Parameter grace: How long that may take; what is open then is cut. A second call waits
    ///   for the first.
    package func drain(grace: Duration) async {
        let task = draining.withLock { task in
            let current = task ?? Task { await self.drainOnce(grace: grace) }
            task = current
            return current
        }
        await task.value
    }

    private func drainOnce(grace: Duration) async {
        let channels = listeners.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in channels { try? await channel.close() }
        for serverLoop in loops.values {
            serverLoop.resources.loop.execute { serverLoop.drain(grace: grace) }
        }
        await gate.waitUntilEmpty()
        var allReturned = true
        for serverLoop in loops.values {
            let returned = serverLoop.resources.handlersReturned(timeout: configuration.returning)
            if (try? await returned.get()) != true { allReturned = false }
        }
        // A handler that ignores its cancellation keeps its event loop: a task must not be left
        // without the executor it runs on.
        guard allReturned else {
            logger.error("handlers did not return after their connections had closed")
            return
        }
        try? await group.shutdownGracefully()
    }

    // MARK: Channels

    private func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(configuration.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptHandler(self.gate))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1024, initial: 2048, maximum: 65_536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.open(channel) }
            }
    }

    private func open(_ channel: any Channel) throws {
        guard let serverLoop = loops[ObjectIdentifier(channel.eventLoop)] else {
            throw ChannelError.inappropriateOperationForState
        }
        let pipeline = channel.pipeline.syncOperations
        if let security {
            try pipeline.addHandler(TLSHandler(context: security.current))
        }
        let detector = ProtocolDetector(
            timeout: configuration.opening, isEncrypted: security != nil,
            refused: { [counts] in counts.refused($0) }
        ) { [self] detected, handshake, channel in
            try install(detected, handshake, channel, serverLoop)
        }
        try pipeline.addHandler(detector)
        serverLoop.add(detector, of: channel)
    }

    private func install(
        _ detected: ProtocolDetector.Detected, _ handshake: TLSHandshakeCompleted?,
        _ channel: any Channel, _ serverLoop: ServerLoop
    ) throws {
        let info = HTTPConnectionInfo(
            id: nextConnectionID.wrappingAdd(1, ordering: .relaxed).oldValue,
            version: detected == .http2 ? .http2 : .http1_1,
            remoteAddress: channel.remoteAddress?.ipAddress ?? "unix",
            isEncrypted: handshake != nil,
            clientCertificateSubject: handshake?.peerSubject)
        counts.opened(info.version)
        channel.closeFuture.whenComplete { [counts] _ in counts.left(info.version) }
        let pipeline = channel.pipeline.syncOperations
        switch detected {
        case .http2:
            let connection = HTTP2Connection(
                serving: handler, refusal: refusal, info: info, limits: configuration.http2,
                timeouts: configuration.http2Timeouts, resources: serverLoop.resources)
            try pipeline.addHandler(connection)
            serverLoop.add(connection, of: channel)
        case .http1:
            let connection = HTTP1Connection(
                serving: handler, refusal: refusal, info: info, limits: configuration.http1,
                resources: serverLoop.resources)
            try pipeline.addHandlers(HTTP1Connection.codec(configuration.http1))
            try pipeline.addHandler(connection)
            serverLoop.add(connection, of: channel)
        }
    }
}
