// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What the connections have seen so far.
struct Tally: Sendable {
    /// The time of each accepted call, in microseconds.
    var samples: [UInt32] = []
    var refusedCount = 0
    var firstRefusal: String?

    static func += (left: inout Tally, right: Tally) {
        left.samples += right.samples
        left.refusedCount += right.refusedCount
        left.firstRefusal = left.firstRefusal ?? right.firstRefusal
    }

    mutating func refuse(_ reason: String) {
        refusedCount += 1
        firstRefusal = firstRefusal ?? reason
    }
}

/// Keeps a number of calls going on one connection, with as little work as HTTP/2 (RFC 9113)
/// allows: the load shall not take the server's time. Requests are laid out by hand, and of the
/// answers only the frames and the bodies are looked at.
final class CallingConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Frame {
        static let headBytes = 9
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let endStream: UInt8 = 1
        static let acknowledgement: UInt8 = 1
        static let endHeaders: UInt8 = 4
    }

    private struct Call {
        let startedAt: NIODeadline
        var answer = ByteBuffer()
    }

    /// Bytes of answers after which the server is told that there is room again.
    private static let windowStep = 1 << 15
    /// What streams and connection may receive at first: SETTINGS_INITIAL_WINDOW_SIZE, 16 MiB.
    private static let window: UInt32 = 1 << 24
    /// `POST /rpc` of a JSON body as a field block (RFC 7541) that no table is needed for.
    private static let fields: [UInt8] =
        [0x83, 0x86, 0x04, 4] + Array("/rpc".utf8) + [0x01, 5] + Array("bench".utf8)
        + [0x0F, 0x10, 16] + Array("application/json".utf8)
    /// How an answer that accepts begins.
    private static let acceptance = Array(#"{"jsonrpc":"2.0","id":1,"result":{"#.utf8)

    private let streams: Int
    private let end: NIODeadline
    private let done: EventLoopPromise<Tally>
    private let makeBody: (inout ByteBuffer) -> Void
    private var received = ByteBuffer()
    private var output = ByteBuffer()
    private var calls: [UInt32: Call] = [:]
    private var nextStream: UInt32 = 1
    private var unacknowledged = 0
    private var tally = Tally()

    /// - Parameters:
    ///   - streams: Calls under way at a time.
    ///   - end: No call begins after it.
    ///   - done: Succeeds when the last call has been answered.
    ///   - makeBody: Writes the body of the next call.
    init(
        streams: Int, until end: NIODeadline, done: EventLoopPromise<Tally>,
        makeBody: @escaping (inout ByteBuffer) -> Void
    ) {
        self.streams = streams
        self.end = end
        self.done = done
        self.makeBody = makeBody
        calls.reserveCapacity(2 * streams)
    }

    func channelActive(context: ChannelHandlerContext) {
        output.writeString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        writeHead(length: 6, Frame.settings, flags: 0, stream: 0)
        output.writeInteger(UInt16(4))
        output.writeInteger(Self.window)
        writeHead(length: 4, Frame.windowUpdate, flags: 0, stream: 0)
        output.writeInteger(Self.window)
        let now = NIODeadline.now()
        for _ in 0..<streams { begin(at: now) }
        send(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            swap(&received, &bytes)
        } else {
            received.writeBuffer(&bytes)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        while let length = received.getInteger(at: received.readerIndex, as: UInt32.self),
            received.readableBytes >= Frame.headBytes + Int(length >> 8)
        {
            received.moveReaderIndex(forwardBy: 3)
            take(length: Int(length >> 8), at: now)
        }
        received.discardReadBytes()
        if unacknowledged >= Self.windowStep {
            writeHead(length: 4, Frame.windowUpdate, flags: 0, stream: 0)
            output.writeInteger(UInt32(unacknowledged))
            unacknowledged = 0
        }
        send(context)
        if calls.isEmpty {
            done.succeed(tally)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        for _ in calls { tally.refuse("the connection was lost") }
        calls = [:]
        done.succeed(tally)
    }

    /// Takes a whole frame, of which the length has been read.
    private func take(length: Int, at now: NIODeadline) {
        guard let kind = received.readInteger(as: UInt8.self),
            let flags = received.readInteger(as: UInt8.self),
            let stream = received.readInteger(as: UInt32.self),
            var payload = received.readSlice(length: length)
        else { return }
        switch kind {
        case Frame.data:
            unacknowledged += length
            calls[stream]?.answer.writeBuffer(&payload)
            if flags & Frame.endStream != 0 { finish(stream, at: now) }
        case Frame.headers:
            if flags & Frame.endStream != 0 { finish(stream, at: now) }
        case Frame.settings where flags & Frame.acknowledgement == 0:
            writeHead(
                length: 0, Frame.settings, flags: Frame.acknowledgement, stream: 0)
        case Frame.ping where flags & Frame.acknowledgement == 0:
            writeHead(length: 8, Frame.ping, flags: Frame.acknowledgement, stream: 0)
            output.writeBuffer(&payload)
        case Frame.reset:
            calls[stream] = nil
            tally.refuse("the stream was reset")
            begin(at: now)
        case Frame.goAway: tally.refuse("the server went away")
        default: break
        }
    }

    private func finish(_ stream: UInt32, at now: NIODeadline) {
        guard let call = calls.removeValue(forKey: stream) else { return }
        if call.answer.readableBytesView.starts(with: Self.acceptance) {
            tally.samples.append(UInt32((now - call.startedAt).nanoseconds / 1000))
        } else {
            tally.refuse(String(buffer: call.answer))
        }
        begin(at: now)
    }

    private func begin(at now: NIODeadline) {
        guard now < end else { return }
        let stream = nextStream
        nextStream += 2
        writeHead(
            length: Self.fields.count, Frame.headers, flags: Frame.endHeaders, stream: stream)
        output.writeBytes(Self.fields)
        let head = output.writerIndex
        writeHead(length: 0, Frame.data, flags: Frame.endStream, stream: stream)
        makeBody(&output)
        let length = UInt32(output.writerIndex - head - Frame.headBytes)
        output.setInteger(length << 8 | UInt32(Frame.data), at: head)
        calls[stream] = Call(startedAt: now)
    }

    private func writeHead(length: Int, _ kind: UInt8, flags: UInt8, stream: UInt32) {
        output.writeInteger(UInt32(length) << 8 | UInt32(kind))
        output.writeInteger(flags)
        output.writeInteger(stream)
    }

    private func send(_ context: ChannelHandlerContext) {
        guard output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = context.channel.allocator.buffer(capacity: output.readableBytes)
    }
}
