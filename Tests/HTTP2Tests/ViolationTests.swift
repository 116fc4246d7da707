// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TestSupport
import Testing

@testable import HTTP2

/// What a peer must not do, what it must be told, and where the rule stands.
struct Violation: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// GOAWAY with one of these codes, and the end of the connection.
        case connectionError([HTTP2ErrorCode])
        /// RST_STREAM with one of these codes (or a connection error, which is always allowed),
        /// while the connection goes on.
        case streamError(UInt32, [HTTP2ErrorCode])
        /// No error; the stream is answered.
        case answered(UInt32)
        /// No error.
        case accepted
    }

    var name: String
    var bytes: [UInt8]
    var outcome: Outcome

    init(_ name: String, _ frames: [RawFrame], _ outcome: Outcome) {
        self.init(name, bytes: frames.flatMap(\.bytes), outcome)
    }

    init(_ name: String, bytes: [UInt8], _ outcome: Outcome) {
        self.name = name
        self.bytes = bytes
        self.outcome = outcome
    }

    var testDescription: String { name }

    private static let echo = RawFrame.request(path: "/echo")
    private static let open = RawFrame.headers(1, flags: RawFrame.endHeaders)
    private static let whole = RawFrame.headers(1)

    static let framing: [Violation] = [
        Violation(
            "4.1 an unknown frame type is ignored",
            [RawFrame(0x4f, payload: [1, 2, 3]), .headers(1, echo)], .answered(1)),
        Violation(
            "4.1 undefined flags are ignored",
            [RawFrame(RawFrame.Kind.ping, flags: 0x16, payload: Array(repeating: 0, count: 8))],
            .accepted),
        Violation(
            "4.1 the reserved bit is ignored",
            [RawFrame(RawFrame.Kind.ping, streamID: 0x8000_0000, payload: Array("12345678".utf8))],
            .accepted),
        Violation(
            "4.2 a DATA frame over the maximum size",
            [open, .data(1, Array(repeating: 0, count: 16_385))],
            .streamError(1, [.frameSizeError])),
        Violation(
            "4.2 a HEADERS frame over the maximum size",
            [.headers(1, RawFrame.request([("x", String(repeating: "a", count: 16_500))]))],
            .connectionError([.frameSizeError])),
        Violation(
            "4.3 a header block that does not decode",
            [.headers(1, [0x40])], .connectionError([.compressionError])),
        Violation(
            "4.3 PRIORITY inside a header block",
            [.headers(1, flags: RawFrame.endStream), .priority(1, dependsOn: 0)],
            .connectionError([.protocolError])),
        Violation(
            "4.3 HEADERS of another stream inside a header block",
            [.headers(1, flags: RawFrame.endStream), .headers(3)],
            .connectionError([.protocolError])),
        Violation(
            "5.5 an unknown frame type inside a header block",
            [.headers(1, flags: RawFrame.endStream), RawFrame(0x16, payload: [0])],
            .connectionError([.protocolError])),
    ]

    static let streams: [Violation] = [
        Violation(
            "5.1 DATA on an idle stream", [.data(1)], .connectionError([.protocolError])),
        Violation(
            "5.1 RST_STREAM on an idle stream", [.reset(1)], .connectionError([.protocolError])),
        Violation(
            "5.1 WINDOW_UPDATE on an idle stream", [.windowUpdate(1, 100)],
            .connectionError([.protocolError])),
        Violation(
            "5.1 CONTINUATION on an idle stream", [.continuation(1, echo)],
            .connectionError([.protocolError])),
        Violation(
            "5.1 DATA on a half-closed stream", [whole, .data(1)],
            .streamError(1, [.streamClosed])),
        Violation(
            "5.1 HEADERS on a half-closed stream", [whole, .headers(1)],
            .streamError(1, [.streamClosed])),
        Violation(
            "5.1 WINDOW_UPDATE and PRIORITY on a half-closed stream",
            [whole, .windowUpdate(1, 100), .priority(1, dependsOn: 0)], .accepted),
        Violation(
            "5.1 HEADERS on a stream that was reset", [open, .reset(1), .headers(1)],
            .connectionError([.streamClosed])),
        Violation(
            "5.1 DATA on a closed stream", [open, .reset(1), .data(1)],
            .streamError(1, [.streamClosed])),
        Violation(
            "5.1.1 an even stream id", [.headers(2)], .connectionError([.protocolError])),
        Violation(
            "5.1.1 a stream id that falls", [.headers(5), .headers(3)],
            .connectionError([.protocolError])),
        Violation(
            "5.1.1 a stream id that was skipped long ago",
            [.headers(1, echo), .headers(9, echo), .headers(11, echo), .headers(7)],
            .connectionError([.protocolError])),
        Violation(
            "5.1.1 the last stream id", [.headers(0x7fff_ffff, echo)], .answered(0x7fff_ffff)),
        Violation(
            "5.3.1 a stream that depends on itself",
            [
                .headers(
                    1, RawFrame.bigEndian(1) + [16] + echo,
                    flags: RawFrame.endHeaders | RawFrame.endStream | RawFrame.hasPriority)
            ], .streamError(1, [.protocolError])),
        Violation(
            "5.3.1 PRIORITY on itself", [.priority(1, dependsOn: 1)],
            .streamError(1, [.protocolError])),
    ]

    static let frames: [Violation] = [
        Violation("6.1 DATA on stream 0", [.data(0)], .connectionError([.protocolError])),
        Violation(
            "6.1 padding longer than DATA",
            [
                open,
                .data(1, [6] + Array("data".utf8), flags: RawFrame.padded | RawFrame.endStream),
            ], .connectionError([.protocolError])),
        Violation("6.2 HEADERS on stream 0", [.headers(0)], .connectionError([.protocolError])),
        Violation(
            "6.2 padding longer than HEADERS",
            [
                .headers(
                    1, [255] + echo,
                    flags: RawFrame.padded | RawFrame.endHeaders | RawFrame.endStream)
            ], .connectionError([.protocolError])),
        Violation(
            "6.3 PRIORITY on stream 0", [.priority(0, dependsOn: 1)],
            .connectionError([.protocolError])),
        Violation(
            "6.3 PRIORITY of 4 bytes",
            [open, RawFrame(RawFrame.Kind.priority, streamID: 1, payload: [0, 0, 0, 0])],
            .streamError(1, [.frameSizeError])),
        Violation("6.4 RST_STREAM on stream 0", [.reset(0)], .connectionError([.protocolError])),
        Violation(
            "6.4 RST_STREAM of 3 bytes",
            [open, RawFrame(RawFrame.Kind.reset, streamID: 1, payload: [0, 0, 0])],
            .connectionError([.frameSizeError])),
        Violation(
            "6.5 an acknowledgement of SETTINGS with a payload",
            [RawFrame(RawFrame.Kind.settings, flags: 1, payload: [0])],
            .connectionError([.frameSizeError])),
        Violation(
            "6.5 SETTINGS on a stream",
            [RawFrame(RawFrame.Kind.settings, streamID: 1)], .connectionError([.protocolError])),
        Violation(
            "6.5 SETTINGS of 3 bytes",
            [RawFrame(RawFrame.Kind.settings, payload: [0, 3, 0])],
            .connectionError([.frameSizeError])),
        Violation(
            "6.5.2 ENABLE_PUSH of 2", [.settings([(2, 2)])], .connectionError([.protocolError])),
        Violation(
            "6.5.2 INITIAL_WINDOW_SIZE of 2^31", [.settings([(4, 0x8000_0000)])],
            .connectionError([.flowControlError])),
        Violation(
            "6.5.2 MAX_FRAME_SIZE of 16383", [.settings([(5, 16_383)])],
            .connectionError([.protocolError])),
        Violation(
            "6.5.2 MAX_FRAME_SIZE of 2^24", [.settings([(5, 0x100_0000)])],
            .connectionError([.protocolError])),
        Violation("6.5.2 an unknown setting", [.settings([(0xff, 1)])], .accepted),
        Violation(
            "6.6 PUSH_PROMISE from a client",
            [RawFrame(RawFrame.Kind.pushPromise, flags: 4, streamID: 1, payload: [0, 0, 0, 2])],
            .connectionError([.protocolError])),
        Violation(
            "6.7 PING on a stream",
            [RawFrame(RawFrame.Kind.ping, streamID: 1, payload: Array("12345678".utf8))],
            .connectionError([.protocolError])),
        Violation(
            "6.7 PING of 6 bytes", [RawFrame(RawFrame.Kind.ping, payload: [0, 0, 0, 0, 0, 0])],
            .connectionError([.frameSizeError])),
        Violation(
            "6.8 GOAWAY on a stream",
            [RawFrame(RawFrame.Kind.goAway, streamID: 1, payload: Array(repeating: 0, count: 8))],
            .connectionError([.protocolError])),
        Violation(
            "6.9 an increment of 0 on the connection", [.windowUpdate(0, 0)],
            .connectionError([.protocolError])),
        Violation(
            "6.9 an increment of 0 on a stream", [open, .windowUpdate(1, 0)],
            .streamError(1, [.protocolError])),
        Violation(
            "6.9 WINDOW_UPDATE of 3 bytes",
            [RawFrame(RawFrame.Kind.windowUpdate, payload: [0, 0, 1])],
            .connectionError([.frameSizeError])),
        Violation(
            "6.9.1 the connection's window over 2^31-1",
            [.windowUpdate(0, 0x7fff_ffff), .windowUpdate(0, 0x7fff_ffff)],
            .connectionError([.flowControlError])),
        Violation(
            "6.9.1 a stream's window over 2^31-1",
            [open, .windowUpdate(1, 0x7fff_ffff), .windowUpdate(1, 0x7fff_ffff)],
            .streamError(1, [.flowControlError])),
        Violation(
            "6.10 CONTINUATION after the end of the headers",
            [open, .continuation(1, RawFrame.block([("a", "b")]))],
            .connectionError([.protocolError])),
        Violation(
            "6.10 CONTINUATION on stream 0",
            [
                .headers(1, flags: RawFrame.endStream),
                .continuation(0, RawFrame.block([("a", "b")])),
            ], .connectionError([.protocolError])),
        Violation(
            "6.10 CONTINUATION frames complete the headers",
            [
                .headers(1, echo, flags: RawFrame.endStream),
                .continuation(1, RawFrame.block([("a", "b")]), flags: 0),
                .continuation(1, RawFrame.block([("c", "d")])),
            ], .answered(1)),
    ]

    static let messages: [Violation] = [
        Violation("8.1 a request without body", [.headers(1, echo)], .answered(1)),
        Violation(
            "8.1 a second HEADERS without END_STREAM",
            [open, .headers(1, RawFrame.block([("a", "b")]), flags: RawFrame.endHeaders)],
            .streamError(1, [.protocolError])),
        malformed("8.2 a name in upper case", echo + RawFrame.block([("X-Test", "a")])),
        malformed("8.2.2 connection", echo + RawFrame.block([("connection", "keep-alive")])),
        malformed("8.2.2 te: trailers, deflate", echo + RawFrame.block([("te", "deflate")])),
        malformed("8.3 an unknown pseudo-header", RawFrame.block([(":test", "a")]) + echo),
        malformed("8.3 :status in a request", RawFrame.block([(":status", "200")]) + echo),
        malformed(
            "8.3 a pseudo-header after a field",
            RawFrame.block([("a", "b"), (":method", "GET"), (":scheme", "http"), (":path", "/")])),
        malformed("8.3.1 an empty path", RawFrame.request(path: "")),
        malformed("8.3.1 no method", RawFrame.block([(":scheme", "http"), (":path", "/")])),
        malformed("8.3.1 no scheme", RawFrame.block([(":method", "GET"), (":path", "/")])),
        malformed("8.3.1 no path", RawFrame.block([(":method", "GET"), (":scheme", "http")])),
        malformed("8.3.1 method twice", RawFrame.block([(":method", "GET")]) + echo),
        malformed("8.3.1 scheme twice", RawFrame.block([(":scheme", "http")]) + echo),
        malformed("8.3.1 path twice", RawFrame.block([(":path", "/")]) + echo),
        Violation(
            "8.1 a pseudo-header in trailers",
            [open, .headers(1, RawFrame.block([(":method", "POST")]))],
            .streamError(1, [.protocolError])),
        Violation(
            "8.1.1 a content-length that lies",
            [
                .headers(
                    1, RawFrame.request([("content-length", "3")]), flags: RawFrame.endHeaders),
                .data(1),
            ], .streamError(1, [.protocolError])),
        Violation(
            "8.1.1 a content-length that lies over two frames",
            [
                .headers(
                    1, RawFrame.request([("content-length", "9")]), flags: RawFrame.endHeaders),
                .data(1, flags: 0), .data(1),
            ], .streamError(1, [.protocolError])),
    ]

    static let compression: [Violation] = [
        undecodable("RFC 7541 2.3.3 an index beyond the tables", echo + [0xc6]),
        undecodable("RFC 7541 2.3.3 a literal's index beyond the tables", echo + [0x7f, 0x40, 0]),
        undecodable("RFC 7541 4.2 a table size update at the end", echo + [0x20]),
        undecodable(
            "RFC 7541 5.1 an integer without end", echo + Array(repeating: 0xff, count: 16)),
        undecodable(
            "RFC 7541 5.2 Huffman padding of more than 7 bits",
            echo + [0x00, 0x81, 0x1f, 0x82, 0x1f, 0xff]),
        undecodable(
            "RFC 7541 5.2 Huffman padding of zeros", echo + [0x00, 0x81, 0x1f, 0x81, 0x18]),
        undecodable(
            "RFC 7541 5.2 the EOS symbol",
            echo + [0x00, 0x81, 0x1f, 0x84, 0xff, 0xff, 0xff, 0xff]),
        undecodable("RFC 7541 5.2 a string longer than its block", echo + [0x00, 0x05, 0x61]),
        undecodable("RFC 7541 6.1 index 0", echo + [0x80]),
        undecodable("RFC 7541 6.3 a table size over the limit", [0x3f, 0xe2, 0x1f] + echo),
    ]

    private static func malformed(_ name: String, _ block: [UInt8]) -> Violation {
        Violation(name, [.headers(1, block)], .streamError(1, [.protocolError]))
    }

    private static func undecodable(_ name: String, _ block: [UInt8]) -> Violation {
        Violation(name, [.headers(1, block)], .connectionError([.compressionError]))
    }
}

/// RFC 9113 and RFC 7541, section by section, without a socket.
@Suite struct ViolationTests {
    @Test(
        arguments: Violation.framing + Violation.streams + Violation.frames + Violation.messages
            + Violation.compression)
    func `each rule of the protocol is kept`(violation: Violation) throws {
        let server = try ServerConnection()
        server.send(violation.bytes)
        let goAways = server.goAwayCodes
        switch violation.outcome {
        case .connectionError(let codes):
            let code = try #require(goAways.last)
            #expect(codes.map(\.rawValue).contains(code))
            #expect(server.connection.isOver)
        case .streamError(let id, let codes):
            let code = try #require(server.resetCode(id) ?? goAways.last)
            #expect(codes.map(\.rawValue).contains(code))
        case .answered(let id):
            #expect(goAways.isEmpty)
            #expect(server.hasAnswered(id))
        case .accepted:
            #expect(goAways.isEmpty)
            #expect(!server.frames.contains { $0.kind == RawFrame.Kind.reset })
            server.send(.headers(99, RawFrame.request(path: "/echo")))
            #expect(server.hasAnswered(99))
        }
    }

    /// The same bytes, one at a time: no rule may depend on how TCP cuts them.
    @Test(arguments: Violation.streams + Violation.messages)
    func `each rule is kept byte by byte`(violation: Violation) throws {
        let server = try ServerConnection()
        for byte in violation.bytes { server.send([byte]) }
        switch violation.outcome {
        case .connectionError(let codes):
            let code = try #require(server.goAwayCodes.last)
            #expect(codes.map(\.rawValue).contains(code))
        case .streamError(let id, let codes):
            let code = try #require(server.resetCode(id) ?? server.goAwayCodes.last)
            #expect(codes.map(\.rawValue).contains(code))
        case .answered(let id):
            #expect(server.hasAnswered(id))
        case .accepted:
            #expect(server.goAwayCodes.isEmpty)
        }
    }

    @Test func `a peer that says goodbye is let go`() throws {
        let server = try ServerConnection()
        server.send(.headers(1))
        server.send(.goAway(last: 0, 0))
        #expect(!server.connection.isOver)
        server.handler.exchanges.first?.respond(HTTPResponse(status: 200))
        server.collect()
        #expect(server.hasAnswered(1))
        #expect(server.connection.isOver)
    }

    @Test func `a bad preface ends the connection`() throws {
        let server = try ServerConnection(opens: false)
        server.send(Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8))
        #expect(server.connection.isOver)
    }

    @Test func `a connection that does not begin with SETTINGS ends`() throws {
        let server = try ServerConnection(opens: false)
        server.send(RawFrame.preface + RawFrame.ping().bytes)
        #expect(server.goAwayCodes == [1])
    }
}
