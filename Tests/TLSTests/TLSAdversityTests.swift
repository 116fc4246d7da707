// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import TLS
import TestSupport
import Testing

@Suite struct TLSAdversityTests {
    @Test func `a broken record ends the connection with an alert`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        try pair.client.writeOutbound(ByteBuffer(string: "hello"))
        var record = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        let last = record.writerIndex - 1
        record.setInteger(
            record.getInteger(at: last, as: UInt8.self).map { $0 ^ 1 } ?? 0, at: last)
        try pair.server.writeInbound(record)
        #expect(pair.serverSide.errors.map(\.code) == [.brokenRecord])
        #expect(pair.serverSide.received.readableBytes == 0)
        #expect(!pair.server.isActive)
        try pair.pump()
        #expect(pair.clientSide.errors.first?.description.contains("bad record mac") == true)
    }

    @Test func `bytes that are no TLS end the connection`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        let other = try InMemoryPair.standard()
        defer { other.finish() }
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        other.server.connect(to: address, promise: nil)
        try other.server.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
        #expect(other.serverSide.errors.map(\.code) == [.handshake])
        #expect(!other.server.isActive)
    }

    @Test func `an endless handshake is cut off by size`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        pair.server.connect(to: address, promise: nil)
        // A ClientHello that announces 128 KiB, in handshake records of 16 KiB.
        var hello = ByteBuffer(bytes: [1, 1, 0xFF, 0xFF])
        hello.writeRepeatingByte(3, count: 120_000)
        while let part = hello.readSlice(length: min(16_000, hello.readableBytes)),
            part.readableBytes > 0
        {
            var record = ByteBuffer(bytes: [22, 3, 1])
            record.writeInteger(UInt16(part.readableBytes))
            record.writeImmutableBuffer(part)
            try pair.server.writeInbound(record)
        }
        #expect(pair.serverSide.errors.map(\.code) == [.limitExceeded])
        #expect(!pair.server.isActive)
    }

    @Test func `a silent client is cut off after the handshake timeout`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        pair.server.connect(to: address, promise: nil)
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(pair.server.isActive)
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(pair.serverSide.errors.map(\.code) == [.handshakeTimeout])
        #expect(!pair.server.isActive)
    }

    @Test func `an open connection outlives the handshake timeout`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        pair.server.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(pair.server.isActive)
    }

    @Test func `a stream cut without close_notify is reported as truncated`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        pair.server.pipeline.fireChannelInactive()
        #expect(pair.serverSide.errors.map(\.code) == [.truncated])
    }

    @Test func `a full close sends close_notify first`() throws {
        let pair = try InMemoryPair.standard()
        defer { pair.finish() }
        try pair.connect()
        pair.client.close(promise: nil)
        try pair.pump()
        #expect(pair.serverSide.inputClosed)
        pair.server.pipeline.fireChannelInactive()
        #expect(pair.serverSide.errors.isEmpty)
    }

    @Test func `random bytes at random moments never crash a server`() throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        for _ in 0..<100 {
            let pair = try InMemoryPair.standard()
            defer { pair.finish() }
            if random.next() & 1 == 0 {
                try pair.connect()
            } else {
                let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
                pair.server.connect(to: address, promise: nil)
            }
            for _ in 0..<4 where pair.server.isActive {
                var junk = ByteBuffer(bytes: [UInt8(20 + random.next() % 5), 3, 3])
                let count = Int(random.next() % 200)
                junk.writeInteger(UInt16(count))
                for _ in 0..<count {
                    junk.writeInteger(UInt8(truncatingIfNeeded: random.next()))
                }
                try pair.server.writeInbound(junk)
            }
            #expect(pair.serverSide.received.readableBytes == 0)
        }
    }
}
