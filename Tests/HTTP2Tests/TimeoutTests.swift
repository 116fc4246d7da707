// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore
import TestSupport
import Testing

@testable import HTTP2

/// Every deadline of a connection, with the clock in the test's hand.
@Suite struct TimeoutTests {
    @Test func `silence before SETTINGS ends the connection`() throws {
        let server = try ServerConnection(opens: false)
        server.send(Array(RawFrame.preface.prefix(10)))
        server.advance(.seconds(9))
        #expect(!server.connection.isOver)
        server.advance(.seconds(1))
        #expect(server.goAwayCodes == [HTTP2ErrorCode.settingsTimeout.rawValue])
        server.advance(.seconds(1))
        #expect(server.isClosed)
    }

    @Test func `SETTINGS that are never acknowledged end the connection`() throws {
        let server = try ServerConnection(opens: false)
        server.send(RawFrame.preface + RawFrame.settings().bytes)
        server.advance(.seconds(10))
        #expect(server.goAwayCodes == [HTTP2ErrorCode.settingsTimeout.rawValue])
    }

    @Test func `a header block that stays open ends the connection`() throws {
        let server = try ServerConnection()
        server.send(.headers(1, flags: RawFrame.endStream))
        let rest = RawFrame.continuation(1, RawFrame.block([("name", "value")])).bytes
        for byte in rest.prefix(9) {
            server.advance(.seconds(1))
            #expect(!server.connection.isOver)
            server.send([byte])
        }
        server.advance(.seconds(1))
        #expect(server.goAwayCodes == [HTTP2ErrorCode.enhanceYourCalm.rawValue])
    }

    @Test func `half a frame does not hold a connection for ever`() throws {
        let server = try ServerConnection()
        server.send(Array(RawFrame.headers(1).bytes.prefix(5)))
        server.advance(.seconds(120))
        server.advance(.seconds(31))
        server.advance(.seconds(1))
        #expect(server.isClosed)
    }

    @Test func `a body that trickles is cut`() throws {
        let server = try ServerConnection()
        server.send(.headers(1, flags: RawFrame.endHeaders))
        for _ in 0..<11 {
            server.send(.data(1, [0], flags: 0))
            server.advance(.seconds(1))
        }
        #expect(server.resetCode(1) == HTTP2ErrorCode.cancel.rawValue)
        server.send(.headers(3, RawFrame.request(path: "/echo")))
        #expect(server.hasAnswered(3))
    }

    @Test func `a body fast enough but endless is cut`() throws {
        let server = try ServerConnection()
        server.send(.headers(1, flags: RawFrame.endHeaders))
        for second in 0..<60 {
            #expect(server.resetCode(1) == nil, "cut after \(second) s")
            server.send(.data(1, Array(repeating: 0, count: 200), flags: 0))
            server.advance(.seconds(1))
        }
        #expect(server.resetCode(1) == HTTP2ErrorCode.cancel.rawValue)
    }

    @Test func `a window that never opens cuts the response and frees it`() throws {
        let server = try ServerConnection()
        server.send(.settings([(4, 0)]))
        server.send(.headers(1))
        server.handler.exchanges.first?.respond(
            HTTPResponse(status: 200, body: Array(repeating: 7, count: 10_000)))
        server.collect()
        #expect(server.connection.recorder.outputBytes == 10_000)
        server.advance(.seconds(20))
        #expect(server.resetCode(1) == HTTP2ErrorCode.cancel.rawValue)
        #expect(server.connection.recorder.outputBytes == 0)
    }

    @Test func `a window opened byte by byte cuts the response`() throws {
        let server = try ServerConnection()
        server.send(.settings([(4, 0)]))
        server.send(.headers(1))
        server.handler.exchanges.first?.respond(
            HTTPResponse(status: 200, body: Array(repeating: 7, count: 100_000)))
        for _ in 0..<21 {
            server.send(.windowUpdate(1, 1))
            server.advance(.seconds(1))
        }
        #expect(server.resetCode(1) == HTTP2ErrorCode.cancel.rawValue)
    }

    @Test func `a slow reader that goes on reading gets everything`() throws {
        let server = try ServerConnection()
        server.send(.settings([(4, 0)]))
        server.send(.headers(1))
        server.handler.exchanges.first?.respond(
            HTTPResponse(status: 200, body: Array(repeating: 7, count: 100_000)))
        for _ in 0..<50 {
            server.send(.windowUpdate(1, 2000), .windowUpdate(0, 2000))
            server.advance(.seconds(5))
        }
        #expect(server.body(1).count == 100_000)
        #expect(server.goAwayCodes.isEmpty)
    }

    @Test func `a socket that takes nothing is closed`() throws {
        let server = try ServerConnection()
        server.send(.headers(1))
        server.channel.isWritable = false
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.advance(.seconds(20))
        #expect(server.isClosed)
        #expect(server.handler.cancelledCount == 1)
    }

    @Test func `an idle connection is asked to go and closed`() throws {
        let server = try ServerConnection()
        server.send(.headers(1, RawFrame.request(path: "/echo")))
        server.advance(.seconds(119))
        #expect(server.goAwayCodes.isEmpty)
        server.advance(.seconds(1))
        #expect(server.goAwayCodes == [0])
        server.advance(.seconds(1))
        #expect(server.goAwayCodes == [0, 0])
        server.advance(.seconds(1))
        #expect(server.isClosed)
    }

    @Test func `a silent peer with a call open is asked, and closed when it does not answer`()
        throws
    {
        let server = try ServerConnection()
        server.send(.headers(1))
        server.advance(.seconds(30))
        #expect(server.frames.contains { $0.kind == RawFrame.Kind.ping && $0.flags == 0 })
        #expect(!server.isClosed)
        server.advance(.seconds(10))
        #expect(server.isClosed)
        #expect(server.handler.cancelledCount == 1)
    }

    @Test func `a silent peer that answers keeps its call`() throws {
        let server = try ServerConnection()
        server.send(.headers(1))
        for _ in 0..<20 {
            server.advance(.seconds(30))
            let ping = try #require(
                server.frames.last { $0.kind == RawFrame.Kind.ping && $0.flags == 0 })
            server.send(
                RawFrame(RawFrame.Kind.ping, flags: 1, payload: ping.payload))
        }
        #expect(!server.isClosed)
        server.handler.exchanges.first?.respond(HTTPResponse(status: 200))
        server.collect()
        #expect(server.hasAnswered(1))
    }

    @Test func `a call's deadline cancels its handler, which still answers`() throws {
        let server = try ServerConnection()
        server.send(.headers(1))
        let exchange = try #require(server.handler.exchanges.first)
        exchange.cancel(after: .seconds(5))
        exchange.cancel(after: .milliseconds(1500))
        server.advance(.milliseconds(1499))
        #expect(server.handler.cancelledCount == 0)
        server.advance(.milliseconds(1))
        #expect(server.handler.cancelledCount == 1)
        exchange.respond(HTTPResponse(status: 200))
        server.collect()
        #expect(server.hasAnswered(1))
    }

    @Test func `an old connection is drained in two steps while its call ends well`() throws {
        var timeouts = HTTP2Timeouts()
        timeouts.ageMax = .seconds(100)
        timeouts.ageJitter = 0.5
        timeouts.idle = .seconds(1000)
        let server = try ServerConnection(timeouts: timeouts)
        server.send(.headers(1))
        while server.goAwayCodes.isEmpty {
            server.advance(.seconds(1))
            answerPings(server)
        }
        let first = try #require(server.frames.first { $0.kind == RawFrame.Kind.goAway })
        #expect(first.payload.prefix(4) == [0x7f, 0xff, 0xff, 0xff])
        // A stream that crossed the announcement is served.
        if server.goAwayCodes.count == 1 {
            server.send(.headers(3, RawFrame.request(path: "/echo")))
            #expect(server.hasAnswered(3))
        }
        server.advance(.seconds(1))
        answerPings(server)
        #expect(server.goAwayCodes == [0, 0])
        server.send(.headers(5, RawFrame.request(path: "/echo")))
        #expect(!server.hasAnswered(5))
        server.handler.exchanges.first?.respond(HTTPResponse(status: 200))
        server.collect()
        #expect(server.hasAnswered(1))
        #expect(server.connection.isOver)
    }

    @Test func `connections opened together do not end together`() throws {
        var timeouts = HTTP2Timeouts()
        timeouts.ageMax = .seconds(1000)
        timeouts.ageJitter = 0.5
        timeouts.idle = .seconds(100_000)
        let servers = try (0..<32).map { _ in try ServerConnection(timeouts: timeouts) }
        for server in servers { server.advance(.seconds(750)) }
        let ended = servers.count { !$0.goAwayCodes.isEmpty }
        #expect((1...31).contains(ended))
        for server in servers { server.advance(.seconds(250)) }
        #expect(servers.allSatisfy { !$0.goAwayCodes.isEmpty })
    }

    @Test func `a drain's grace is the end of calls that do not end`() throws {
        let server = try ServerConnection()
        server.send(.headers(1))
        server.connection.drain(grace: .seconds(5))
        server.collect()
        server.advance(.seconds(4))
        #expect(server.handler.cancelledCount == 0)
        server.advance(.seconds(1))
        #expect(server.handler.cancelledCount == 1)
        server.advance(.seconds(1))
        #expect(server.isClosed)
    }

    @Test func `a peer that closes its half still gets its answer`() throws {
        let server = try ServerConnection()
        server.send(.headers(1))
        server.send(.headers(3, flags: RawFrame.endHeaders))
        server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        server.handler.exchanges.first?.respond(HTTPResponse(status: 200))
        server.collect()
        #expect(server.hasAnswered(1))
        #expect(server.isClosed)
    }

    private func answerPings(_ server: ServerConnection) {
        let pings = server.frames.filter { $0.kind == RawFrame.Kind.ping && $0.flags == 0 }
        for ping in pings.suffix(2) {
            server.send(RawFrame(RawFrame.Kind.ping, flags: 1, payload: ping.payload))
        }
    }
}
