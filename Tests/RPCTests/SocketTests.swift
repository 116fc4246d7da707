// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import Synchronization
import TestSupport
import Testing

@testable import RPC

/// The same requests in process and over a live socket.
@Suite(.timeLimit(.minutes(2))) struct SocketTests {
    struct Sample: Sendable {
        var method = "POST"
        var path = "/rpc"
        var headers: [(String, String)] = []
        var body = ""
    }

    static let samples: [Sample] = [
        Sample(body: Fixture.call("test.echo", #"{"text":"é😀","count":-9}"#)),
        Sample(body: Fixture.call("test.echo", #"{"count":"9"}"#)),
        Sample(body: Fixture.call("test.fail")),
        Sample(body: Fixture.call("nothing")),
        Sample(body: #"{"jsonrpc":"2.0","method":"test.echo"}"#),
        Sample(body: "{"),
        Sample(body: ""),
        Sample(body: "[\(Fixture.call("test.echo", id: "1")),1,\(Fixture.call("x", id: "2"))]"),
        Sample(body: #"[{"jsonrpc":"2.0","method":"test.echo"}]"#),
        Sample(headers: [("content-type", "text/plain")], body: Fixture.call("test.echo")),
        Sample(headers: [("grpc-timeout", "soon")], body: Fixture.call("test.echo")),
        Sample(headers: [("idempotency-key", "k")], body: Fixture.call("test.key")),
        Sample(headers: [("origin", "http://127.0.0.1")], body: Fixture.call("test.echo")),
        Sample(body: Fixture.call("test.count", #"{"count":20}"#)),
        Sample(body: Fixture.call("test.large", #"{"count":300000}"#)),
        Sample(method: "GET"), Sample(method: "PUT", body: "x"),
        Sample(method: "GET", path: "/livez"), Sample(method: "GET", path: "/readyz"),
        Sample(method: "POST", path: "/readyz", body: "x"), Sample(method: "GET", path: "/other"),
    ]

    /// Status and body in process, which must not depend on the wire.
    private func expected(_ sample: Sample, _ handler: RPCHandler) async -> (Int, [UInt8]) {
        var headers = HTTPHeaders(["x-request-id": "same"])
        for (name, value) in sample.headers { headers.add(name, value) }
        let method: HTTPMethod =
            switch sample.method {
            case "POST": .post
            case "GET": .get
            default: .other(sample.method)
            }
        let response = await InProcessExchange(time: ManualTime()).answer(
            to: HTTPRequest(
                method: method, path: sample.path, headers: headers, body: Array(sample.body.utf8),
                connection: Fixture.connection()), from: handler)
        return (response.status, response.body)
    }

    @Test func `HTTP/2 changes nothing`() async throws {
        try await LiveServer.run { live in
            let client = try await live.connect()
            for sample in Self.samples where sample.method == "POST" {
                var request = HTTP2CallRequest(path: sample.path, body: Array(sample.body.utf8))
                request.headers.add("x-request-id", "same")
                for (name, value) in sample.headers { request.headers.add(name, value) }
                let response = try await client.call(request)
                let (status, body) = await expected(sample, live.handler)
                #expect(response.status == status, "\(sample)")
                #expect(try await response.collect(bytesMax: 1 << 20) == body, "\(sample)")
                #expect(response.headers["x-request-id"] == "same", "\(sample)")
            }
            client.close(grace: .seconds(1))
        }
    }

    @Test(arguments: ["--http1.1", "--http2-prior-knowledge"])
    func `curl gets what the handler answers`(version: String) async throws {
        try await LiveServer.run { live in
            for sample in Self.samples {
                var arguments = [
                    "curl", "-s", version, "-X", sample.method, "-w", "\n%{http_code}",
                ]
                arguments += ["-H", "x-request-id: same"]
                for (name, value) in sample.headers { arguments += ["-H", "\(name): \(value)"] }
                if sample.method != "GET" { arguments += ["--data-binary", "@-"] }
                arguments.append("http://127.0.0.1:\(live.port)\(sample.path)")
                let outcome = try TestProcess.run(arguments, input: sample.body)
                let (status, body) = await expected(sample, live.handler)
                let text = String(decoding: body, as: UTF8.self)
                #expect(outcome.output == "\(text)\n\(status)", "\(sample)")
            }
        }
    }

    @Test func `curl with nothing but a body calls a method`() async throws {
        try await LiveServer.run { live in
            let outcome = try TestProcess.run([
                "curl", "-s", "-d", Fixture.call("test.echo", #"{"count":1}"#),
                "http://127.0.0.1:\(live.port)/rpc",
            ])
            #expect(outcome.output == #"{"jsonrpc":"2.0","id":1,"result":{"count":1}}"#)
        }
    }

    @Test func `a call that outlives its deadline is answered with it`() async throws {
        try await LiveServer.run { live in
            let client = try await live.connect()
            for call in [Fixture.call("test.hang"), "[\(Fixture.call("test.hang"))]"] {
                var request = HTTP2CallRequest(path: "/rpc", body: Array(call.utf8))
                request.headers.add("grpc-timeout", "50m")
                let body = try await client.call(request).collect(bytesMax: 1 << 20)
                #expect(String(decoding: body, as: UTF8.self).contains("DEADLINE_EXCEEDED"))
            }
            client.close(grace: .seconds(1))
        }
    }

    @Test func `a stream ends with its deadline's error line`() async throws {
        try await LiveServer.run { live in
            let client = try await live.connect()
            var request = HTTP2CallRequest(
                path: "/rpc", body: Array(Fixture.call("test.watch").utf8))
            request.headers.add("grpc-timeout", "50m")
            let response = try await client.call(request)
            #expect(response.headers["content-type"] == "application/x-ndjson")
            let lines = try await LiveServer.lines(response, 3)
            #expect(lines.count == 2)
            #expect(lines.last?.contains("DEADLINE_EXCEEDED") == true)
            client.close(grace: .seconds(1))
        }
    }

    @Test func `a caller that resets its stream ends the method`() async throws {
        try await LiveServer.run { live in
            let client = try await live.connect()
            do {
                let response = try await client.call(
                    HTTP2CallRequest(path: "/rpc", body: Array(Fixture.call("test.watch").utf8)))
                _ = try await LiveServer.lines(response, 1)
            }
            // Dropping the response has reset the stream.
            while live.handler.callsInFlight > 0 { await Task.yield() }
            #expect(live.methods.executed.endedStreams.load(ordering: .relaxed) == 1)
            client.close(grace: .seconds(1))
        }
    }

    @Test func `a drain ends streams with a retryable error and finishes calls`() async throws {
        try await LiveServer.run { live in
            let client = try await live.connect()
            let stream = try await client.call(
                HTTP2CallRequest(path: "/rpc", body: Array(Fixture.call("test.watch").utf8)))
            _ = try await LiveServer.lines(stream, 1)
            async let waiting = client.call(
                HTTP2CallRequest(path: "/rpc", body: Array(Fixture.call("test.wait").utf8)))
            await live.methods.gate.arrivals(1)

            live.handler.beginDrain()
            async let drained: Void = live.server.drain(grace: .seconds(30))
            #expect(try await LiveServer.lines(stream, 1).last?.contains("SHUTTING_DOWN") == true)
            live.methods.gate.open()
            let answer = try await waiting.collect(bytesMax: 1000)
            #expect(String(decoding: answer, as: UTF8.self).contains("waited"))
            await drained
        }
    }
}
