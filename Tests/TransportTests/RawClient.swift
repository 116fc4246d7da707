// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import TestSupport

/// A peer that says exactly what a test wants.
final class RawClient: Sendable {
    private let channel: any Channel
    private let parts: AsyncStream<[UInt8]>

    /// - Parameter reads: false for a peer that never reads its socket.
    static func connect(_ port: Int, reads: Bool = true) async throws -> RawClient {
        let (parts, continuation) = AsyncStream<[UInt8]>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel, parts)
    }

    private init(_ channel: any Channel, _ parts: AsyncStream<[UInt8]>) {
        self.channel = channel
        self.parts = parts
    }

    /// Sends bytes; a peer that has closed is no error here.
    func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async { await send(Array(text.utf8)) }

    func send(_ frames: RawFrame...) async { await send(frames.flatMap(\.bytes)) }

    /// Everything until the server closes.
    func readToEnd() async -> [UInt8] {
        var bytes: [UInt8] = []
        for await part in parts { bytes += part }
        return bytes
    }

    /// Everything until `isEnough` or the end.
    func read(until isEnough: ([UInt8]) -> Bool) async -> [UInt8] {
        var bytes: [UInt8] = []
        for await part in parts {
            bytes += part
            if isEnough(bytes) { break }
        }
        return bytes
    }

    func readTextToEnd() async -> String { String(decoding: await readToEnd(), as: UTF8.self) }

    func close() async { try? await channel.close() }

    func closeOutput() async { try? await channel.close(mode: .output) }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncStream<[UInt8]>.Continuation

        init(_ continuation: AsyncStream<[UInt8]>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.inputClosed) = event as? ChannelEvent { continuation.finish() }
        }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
