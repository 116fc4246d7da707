// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore
import TestSupport
import Testing

@testable import HTTP2

/// Peers that keep every rule and mean harm all the same: each meets a limit.
@Suite struct AbuseTests {
    private static let calm = HTTP2ErrorCode.enhanceYourCalm.rawValue

    @Test func `rapid reset ends the connection and cancels the handlers`() throws {
        let server = try ServerConnection()
        for index in 0..<100 {
            let id = UInt32(index * 2 + 1)
            server.send(.headers(id))
            server.send(.reset(id))
        }
        #expect(!server.connection.isOver)
        #expect(server.handler.cancelledCount == 100)
        server.send(.headers(201))
        server.send(.reset(201))
        #expect(server.goAwayCodes == [Self.calm])
        #expect(server.handler.cancelledCount == 101)
    }

    @Test func `resets in one packet never reach a handler`() throws {
        let server = try ServerConnection()
        let pairs = (0..<1000).flatMap { index in
            let id = UInt32(index * 2 + 1)
            return RawFrame.headers(id).bytes + RawFrame.reset(id).bytes
        }
        server.send(pairs)
        #expect(server.goAwayCodes == [Self.calm])
        #expect(server.handler.requests.isEmpty)
    }

    @Test func `a peer that resets now and then is served on`() throws {
        let server = try ServerConnection()
        for index in 0..<300 {
            let id = UInt32(index * 2 + 1)
            server.send(.headers(id))
            server.handler.release()
            server.send(.reset(id))
            server.advance(.milliseconds(100))
            server.send(.ping(flags: RawFrame.acknowledgement))
        }
        #expect(server.goAwayCodes.isEmpty)
    }

    @Test(arguments: ["window overflow", "content-length", "bad field"])
    func `making the server reset ends the connection`(trick: String) throws {
        let server = try ServerConnection()
        for index in 0..<300 where !server.connection.isOver {
            let id = UInt32(index * 2 + 1)
            switch trick {
            case "window overflow":
                server.send(.headers(id), .windowUpdate(id, 0x7fff_ffff))
            case "content-length":
                server.send(.headers(id, RawFrame.request([("content-length", "5")])))
            default:
                server.send(.headers(id, RawFrame.request([("Bad", "field")])))
            }
        }
        #expect(server.goAwayCodes == [Self.calm])
        #expect(server.frames.count { $0.kind == RawFrame.Kind.reset } <= 101)
    }

    @Test func `handlers that outlive their streams stay bounded`() throws {
        var limits = HTTP2Limits()
        limits.resetsByPeer = RateLimit(burst: 100_000, perSecond: 1)
        limits.faultsOfPeer = RateLimit(burst: 100_000, perSecond: 1)
        let server = try ServerConnection(limits: limits)
        for index in 0..<500 {
            let id = UInt32(index * 2 + 1)
            server.send(.headers(id))
            server.send(.reset(id))
        }
        #expect(server.handler.requests.count == limits.handlersMax)
        server.send(.headers(2001))
        #expect(server.resetCode(2001) == HTTP2ErrorCode.refusedStream.rawValue)
        server.handler.release()
        server.collect()
        server.send(.headers(2003))
        #expect(server.handler.requests.count == limits.handlersMax + 1)
    }

    @Test(arguments: [0, 1, 16_384])
    func `a flood of CONTINUATION ends the connection`(size: Int) throws {
        let server = try ServerConnection()
        server.send(.headers(1, flags: 0))
        let field = size < 3 ? Array(repeating: 0, count: 0) : RawFrame.block([("a", "b")])
        for _ in 0..<20 where !server.connection.isOver {
            server.send(.continuation(1, field, flags: 0))
        }
        #expect(server.connection.isOver)
        #expect(server.handler.requests.isEmpty)
    }

    @Test(arguments: [RawFrame.ping(), .settings(), .settings([(4, 65_535)])])
    func `a flood that wants acknowledgements ends, read or not`(frame: RawFrame) throws {
        for isRead in [true, false] {
            let server = try ServerConnection()
            if !isRead {
                server.channel.isWritable = false
                server.channel.pipeline.fireChannelWritabilityChanged()
            }
            for _ in 0..<100 where !server.connection.isOver {
                server.send((0..<100).flatMap { _ in frame.bytes })
            }
            #expect(server.connection.isOver)
        }
    }

    @Test(arguments: [
        RawFrame.data(1, [], flags: 0), .data(1, [3, 0, 0, 0], flags: RawFrame.padded),
        .priority(1, dependsOn: 0), .windowUpdate(0, 1), .windowUpdate(1, 1),
        RawFrame(0x4f, payload: [1]),
    ])
    func `a flood of frames that achieve nothing ends the connection`(frame: RawFrame) throws {
        let server = try ServerConnection()
        server.send(.headers(1, flags: RawFrame.endHeaders))
        for _ in 0..<100 where !server.connection.isOver {
            server.send((0..<100).flatMap { _ in frame.bytes })
        }
        #expect(server.goAwayCodes == [Self.calm])
    }

    @Test func `honest traffic earns its acknowledgements`() throws {
        let server = try ServerConnection()
        for index in 0..<5000 {
            let id = UInt32(index * 2 + 1)
            server.send(
                .headers(id, RawFrame.request(path: "/echo")), .windowUpdate(0, 10), .ping())
        }
        #expect(server.goAwayCodes.isEmpty)
        #expect(server.hasAnswered(9999))
    }

    @Test func `SETTINGS with too many entries are refused`() throws {
        let server = try ServerConnection()
        server.send(.settings(Array(repeating: (4, 65_535), count: 2700)))
        #expect(server.goAwayCodes == [Self.calm])
    }

    @Test func `a header list over the limit is answered 431`() throws {
        let server = try ServerConnection()
        let fields = (0..<200).map { _ in ("a", "") }
        server.send(.headers(1, RawFrame.request(fields)))
        #expect(server.hasAnswered(1))
        #expect(server.handler.requests.isEmpty)
        server.send(.headers(3, RawFrame.request([("big", String(repeating: "x", count: 16_000))])))
        #expect(server.handler.requests.count == 1)
        let half = String(repeating: "x", count: 8200)
        server.send(
            .headers(5, RawFrame.request([("a", half)]), flags: RawFrame.endStream),
            .continuation(5, RawFrame.block([("b", half)])))
        #expect(server.handler.requests.count == 1)
        #expect(server.hasAnswered(5))
    }

    @Test func `an HPACK bomb stops early`() throws {
        let server = try ServerConnection()
        let value = String(repeating: "x", count: 3900)
        let bomb = [0x40] + RawFrame.block([("bomb", value)]).dropFirst()
        server.send(.headers(1, RawFrame.request() + bomb))
        let references = [UInt8](repeating: 0xbe, count: 16_000)
        server.send(.headers(3, RawFrame.request() + references))
        #expect(server.goAwayCodes == [Self.calm])
    }

    @Test func `a body over the limit is answered before it ends`() throws {
        var limits = HTTP2Limits()
        limits.bodyBytesMax = 1000
        let server = try ServerConnection(limits: limits)
        server.send(.headers(1, flags: RawFrame.endHeaders))
        server.send(.data(1, Array(repeating: 0, count: 1001), flags: 0))
        #expect(server.hasAnswered(1))
        #expect(server.connection.recorder.bodyBytes == 0)
        server.send(
            .headers(3, RawFrame.request([("content-length", "1001")]), flags: RawFrame.endHeaders))
        #expect(server.hasAnswered(3))
        server.advance(.seconds(2))
        #expect(server.resetCode(1) == 0)
        #expect(server.resetCode(3) == 0)
        #expect(server.handler.requests.isEmpty)
    }

    @Test func `bodies of one connection are bounded together`() throws {
        var limits = HTTP2Limits()
        limits.connectionBodyBytesMax = 100_010
        let server = try ServerConnection(limits: limits)
        for index in 0..<12 {
            let id = UInt32(index * 2 + 1)
            server.send(.headers(id, flags: RawFrame.endHeaders))
            server.send(.data(id, Array(repeating: 0, count: 10_000), flags: 0))
            #expect(server.connection.recorder.bodyBytes <= 100_010)
        }
        #expect(!server.hasAnswered(1))
        #expect(server.hasAnswered(21))
        server.send(.data(1))
        #expect(server.handler.requests.count == 1)
    }

    @Test func `more streams than allowed are refused`() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreamsMax = 10
        let server = try ServerConnection(limits: limits)
        for index in 0..<11 { server.send(.headers(UInt32(index * 2 + 1))) }
        #expect(server.handler.requests.count == 10)
        #expect(server.resetCode(21) != nil || !server.goAwayCodes.isEmpty)
    }

    @Test func `output stops at its bound while the socket is full`() throws {
        let server = try ServerConnection()
        server.send(.settings([(4, 1 << 30)]), .windowUpdate(0, 1 << 30))
        server.channel.isWritable = false
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.send(.headers(1))
        server.handler.exchanges.first?.respond(
            HTTPResponse(status: 200, body: Array(repeating: 7, count: 3_000_000)))
        server.collect()
        #expect(!server.hasAnswered(1))
        server.channel.isWritable = true
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.collect()
        #expect(server.body(1).count == 3_000_000)
    }

    @Test func `unsent responses beyond the bound refuse new streams`() throws {
        var limits = HTTP2Limits()
        limits.connectionWriteBufferBytesMax = 100_000
        let server = try ServerConnection(limits: limits)
        server.send(.settings([(4, 0)]))
        server.send(.headers(1))
        server.handler.exchanges.first?.respond(
            HTTPResponse(status: 200, body: Array(repeating: 7, count: 100_001)))
        server.send(.headers(3))
        #expect(server.resetCode(3) == HTTP2ErrorCode.refusedStream.rawValue)
    }

    @Test func `settings that flip a window over waiting streams do no harm`() throws {
        let server = try ServerConnection()
        server.send(.settings([(4, 0)]))
        for index in 0..<100 {
            let body = RawFrame.headers(
                UInt32(index * 2 + 1), RawFrame.request(path: "/echo"), flags: RawFrame.endHeaders)
            server.send(body, .data(UInt32(index * 2 + 1)))
        }
        for round in 0..<100 { server.send(.settings([(4, round % 2 == 0 ? 1 : 0)])) }
        server.send(.settings([(4, 65_535)]))
        #expect(server.goAwayCodes.isEmpty)
        #expect(server.body(199) == Array("data".utf8))
    }
}
