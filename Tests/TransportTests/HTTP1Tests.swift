// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization
import Testing
import Transport

/// HTTP/1.1 as no decent client speaks it.
@Suite(.timeLimit(.minutes(1))) struct HTTP1Tests {
    private static let host = "host: teller\r\n"

    @Test(arguments: [
        ("POST / HTTP/1.1\r\n\(host)content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)content-length: 4\r\ncontent-length: 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)content-length: 4\r\ncontent-length: 4\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)content-length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)content-length: 9999999999999999999999\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)content-length: 3000000\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\n\(host)transfer-encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\n\(host)transfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)\(host)\r\n", 400),
        ("GET nothing HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET / HTTP/2.0\r\n\(host)\r\n", 505),
        ("GET / HTTP/3.7\r\n\(host)\r\n", 505),
        ("GET / HTTP/1.1\r\n\(host)bad header: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)x: \(String(repeating: "y", count: 20_000))\r\n\r\n", 431),
        (
            "GET / HTTP/1.1\r\n\(host)" + String(repeating: "a: b\r\n", count: 200) + "\r\n", 431
        ),
        ("GET /\(String(repeating: "y", count: 20_000)) HTTP/1.1\r\n\(host)\r\n", 431),
    ])
    func `a bad request is refused and the connection closed`(
        request: String, status: Int
    ) async throws {
        try await withServer { port, server in
            let client = try await RawClient.connect(port)
            await client.send(request)
            let answer = await client.readTextToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(answer.contains("connection: close"))
            #expect(answer.hasSuffix("refused"))
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withServer { port, _ in
            let client = try await RawClient.connect(port)
            let requests = (0..<20).map {
                "POST / HTTP/1.1\r\n\(Self.host)content-length: 4\r\n\r\n<\($0 + 10)>"
            }
            await client.send(
                requests.joined() + "GET / HTTP/1.1\r\n\(Self.host)connection: close\r\n\r\n")
            let answer = await client.readTextToEnd()
            let bodies = (0..<20).map { "<\($0 + 10)>" }
            var rest = answer[...]
            for body in bodies {
                let range = try #require(rest.range(of: body))
                rest = rest[range.upperBound...]
            }
        }
    }

    @Test func `a chunked body arrives whole`() async throws {
        try await withServer { port, _ in
            let client = try await RawClient.connect(port)
            await client.send(
                "POST / HTTP/1.1\r\n\(Self.host)transfer-encoding: chunked\r\n"
                    + "connection: close\r\n\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n")
            #expect(await client.readTextToEnd().hasSuffix("abcdefg"))
        }
    }

    @Test func `a chunked body over the limit is refused`() async throws {
        try await withServer(configure: { $0.http1.bodyBytesMax = 10 }) { port, _ in
            let client = try await RawClient.connect(port)
            await client.send(
                "POST / HTTP/1.1\r\n\(Self.host)transfer-encoding: chunked\r\n\r\nb\r\n"
                    + "abcdefghijk\r\n")
            #expect(await client.readTextToEnd().hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `HEAD has no body and HTTP1 0 closes`() async throws {
        try await withServer(
            ClosureHandler { _, exchange in
                exchange.respond(HTTPResponse(status: 200, body: Array("body".utf8)))
            }
        ) { port, _ in
            let head = try await RawClient.connect(port)
            await head.send("HEAD / HTTP/1.1\r\n\(Self.host)connection: close\r\n\r\n")
            let answer = await head.readTextToEnd()
            #expect(answer.contains("content-length: 4"))
            #expect(answer.hasSuffix("\r\n\r\n"))
            let old = try await RawClient.connect(port)
            await old.send("GET / HTTP/1.0\r\n\r\n")
            #expect(await old.readTextToEnd().hasSuffix("body"))
        }
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nhost: te", "PRI * HT"])
    func `a slow opening is closed`(bytes: String) async throws {
        try await withServer(configure: {
            $0.opening = .milliseconds(50)
            $0.http1.head = .milliseconds(50)
            $0.http2Timeouts.preface = .milliseconds(50)
        }) { port, _ in
            let client = try await RawClient.connect(port)
            await client.send(bytes)
            _ = await client.readToEnd()
        }
    }

    @Test func `a body that trickles is closed`() async throws {
        try await withServer(configure: { $0.http1.bodyInterval = .milliseconds(50) }) { port, _ in
            let client = try await RawClient.connect(port)
            await client.send("POST / HTTP/1.1\r\n\(Self.host)content-length: 1000\r\n\r\nx")
            _ = await client.readToEnd()
        }
    }

    @Test func `an idle connection is closed after its answer`() async throws {
        try await withServer(configure: { $0.http1.idle = .milliseconds(50) }) { port, _ in
            let client = try await RawClient.connect(port)
            await client.send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
            #expect(await client.readTextToEnd().hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(arguments: [
        [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], Array("hello\r\n\r\n".utf8),
        Array("GET /\r\n".utf8), [0x00], [0x80, 0x01, 0x02],
    ])
    func `what is neither HTTP1 nor HTTP2 is closed at once`(bytes: [UInt8]) async throws {
        try await withServer { port, _ in
            let client = try await RawClient.connect(port)
            await client.send(bytes)
            #expect(await client.readToEnd().isEmpty)
        }
    }

    @Test func `a peer that vanishes cancels its handler`() async throws {
        let began = Signal()
        let cancelled = Signal()
        let handler = ClosureHandler { _, _ in
            began.fire()
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                cancelled.fire()
            }
        }
        try await withServer(handler, configure: { $0.http1.halfClosed = .milliseconds(50) }) {
            port, _ in
            let client = try await RawClient.connect(port)
            await client.send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
            await began.wait()
            await client.close()
            await cancelled.wait()
        }
    }
}
