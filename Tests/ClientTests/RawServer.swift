// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization
import TellerProtocol

/// An HTTP/2 server that does what a test tells it, frame by frame (RFC 9113 section 4.1).
final class RawServer: Sendable {
    enum Action: Sendable {
        /// A whole response with this `result`.
        case answer(String)
        /// A whole response whose `result` is the call's params.
        case echo
        case reset(code: UInt32)
        case goAway(lastStreamID: UInt32)
        case close
        /// From now on nothing is answered, PINGs neither.
        case fallSilent
    }

    /// Gets the number of the connection and of the request, both from 1 and over the server's
    /// life, and the request's stream.
    typealias Script = @Sendable (_ connection: Int, _ request: Int, _ stream: UInt32) -> [Action]

    fileprivate struct State {
        var connections = 0
        var bodies: [[UInt8]] = []
    }

    fileprivate let state = Mutex(State())
    fileprivate let script: Script
    private let listener = Mutex<(any Channel)?>(nil)

    init(_ script: @escaping Script) { self.script = script }

    var connections: Int { state.withLock { $0.connections } }
    var bodies: [JSONValue] {
        state.withLock { $0.bodies }.compactMap { try? JSONValue.parse($0) }
    }
    var keys: [String?] { bodies.map { $0["params"]?["idempotencyKey"]?.string } }
    var endpoint: String {
        "http://127.0.0.1:\(listener.withLock { $0?.localAddress?.port ?? 0 })"
    }

    func start() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawConnection(self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        listener.withLock { $0 = channel }
    }

    func stop() async throws { try await listener.withLock { $0 }?.close() }
}

private final class RawConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: RawServer
    private let number: Int
    private var bytes = ByteBuffer()
    private var prefaceRest = 24
    private var bodies: [UInt32: [UInt8]] = [:]
    private var isSilent = false

    init(_ server: RawServer) {
        self.server = server
        number = server.state.withLock { state in
            state.connections += 1
            return state.connections
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        send(context, type: 4, flags: 0, stream: 0, [])
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes.writeImmutableBuffer(unwrapInboundIn(data))
        let skipped = min(prefaceRest, bytes.readableBytes)
        bytes.moveReaderIndex(forwardBy: skipped)
        prefaceRest -= skipped
        while let head = bytes.getBytes(at: bytes.readerIndex, length: 9) {
            let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard bytes.readableBytes >= 9 + count else { return }
            bytes.moveReaderIndex(forwardBy: 9)
            let payload = bytes.readBytes(length: count) ?? []
            let stream = head[5...8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            frameArrived(context, type: head[3], flags: head[4], stream: stream, payload)
        }
    }

    private func frameArrived(
        _ context: ChannelHandlerContext, type: UInt8, flags: UInt8, stream: UInt32,
        _ payload: [UInt8]
    ) {
        guard !isSilent else { return }
        switch type {
        case 0: bodies[stream, default: []] += payload
        case 4 where flags & 1 == 0: send(context, type: 4, flags: 1, stream: 0, [])
        case 6 where flags & 1 == 0: send(context, type: 6, flags: 1, stream: 0, payload)
        default: break
        }
        guard type <= 1, flags & 1 == 1 else { return }
        let body = bodies.removeValue(forKey: stream) ?? []
        let request = server.state.withLock { state in
            state.bodies.append(body)
            return state.bodies.count
        }
        for action in server.script(number, request, stream) {
            perform(action, stream, body, context)
        }
    }

    private func perform(
        _ action: RawServer.Action, _ stream: UInt32, _ request: [UInt8],
        _ context: ChannelHandlerContext
    ) {
        switch action {
        case .echo:
            let params = (try? JSONValue.parse(request))?["params"] ?? .null
            let result = String(decoding: params.jsonBytes, as: UTF8.self)
            perform(.answer(result), stream, request, context)
        case .answer(let result):
            // 0x88 is `:status: 200` in HPACK's static table.
            send(context, type: 1, flags: 4, stream: stream, [0x88])
            let body = #"{"jsonrpc":"2.0","id":1,"result":\#(result)}"#
            send(context, type: 0, flags: 1, stream: stream, Array(body.utf8))
        case .reset(let code):
            send(context, type: 3, flags: 0, stream: stream, code.bytes)
        case .goAway(let last):
            send(context, type: 7, flags: 0, stream: 0, last.bytes + UInt32(0).bytes)
        case .close:
            context.close(promise: nil)
        case .fallSilent:
            isSilent = true
        }
    }

    private func send(
        _ context: ChannelHandlerContext, type: UInt8, flags: UInt8, stream: UInt32,
        _ payload: [UInt8]
    ) {
        var frame = ByteBuffer()
        frame.writeBytes(UInt32(payload.count).bytes.dropFirst())
        frame.writeBytes([type, flags] + stream.bytes + payload)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}

extension UInt32 {
    fileprivate var bytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: self >> (24 - 8 * $0)) }
    }
}
