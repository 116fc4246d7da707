// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Testing
import Transport

/// Real programs against a real socket.
@Suite struct InteroperabilityTests {
    @Test func `curl with no flags gets its answer over HTTP1`() async throws {
        try await withServer { port, _ in
            let curl = try await run("curl", ["-sS", "-d", "hello", "127.0.0.1:\(port)/rpc"])
            #expect(curl.status == 0)
            #expect(curl.output == "hello")
        }
    }

    @Test func `curl with prior knowledge gets its answer over HTTP2`() async throws {
        try await withServer { port, _ in
            let curl = try await run(
                "curl",
                [
                    "-sS", "--http2-prior-knowledge", "-w", " %{http_version}", "-d", "hello",
                    "http://127.0.0.1:\(port)/rpc",
                ])
            #expect(curl.status == 0)
            #expect(curl.output == "hello 2")
        }
    }

    @Test(arguments: ["--http1.1", "--http2-prior-knowledge"])
    func `curl uploads a body it asks leave for`(version: String) async throws {
        try await withServer(
            ClosureHandler { request, exchange in
                exchange.respond(
                    HTTPResponse(status: 200, body: Array(String(request.body.count).utf8)))
            }
        ) { port, _ in
            let curl = try await run(
                "bash",
                [
                    "-c",
                    "head -c 1000000 /dev/zero | curl -sS \(version) -H 'Expect: 100-continue' "
                        + "--data-binary @- http://127.0.0.1:\(port)/",
                ])
            #expect(curl.output == "1000000")
        }
    }

    @Test(arguments: ["--http1.1", "--http2-prior-knowledge"])
    func `a body over the limit is answered 413`(version: String) async throws {
        try await withServer { port, _ in
            let curl = try await run(
                "bash",
                [
                    "-c",
                    "head -c 3000000 /dev/zero | curl -sS \(version) -H 'Expect:' "
                        + "-w ' %{http_code}' --data-binary @- http://127.0.0.1:\(port)/",
                ])
            #expect(curl.output.contains("refused 413"), "\(curl.output)")
        }
    }

    @Test func `h2load succeeds with every request`() async throws {
        try await withServer { port, _ in
            let load = try await run(
                "h2load",
                [
                    "-n", "5000", "-c", "8", "-m", "10", "-H", "content-type: text/plain",
                    "http://127.0.0.1:\(port)/",
                ])
            #expect(load.output.contains("5000 succeeded, 0 failed"), "\(load.output)")
        }
    }

    @Test(arguments: ["--http1.1", "--http2-prior-knowledge"])
    func `a streamed response arrives whole, in order, with trailers`(version: String) async throws
    {
        let handler = ClosureHandler { _, exchange in
            exchange.begin(status: 200, headers: HTTPHeaders(["content-type": "text/plain"]))
            for index in 0..<1000 {
                let line = Array("line \(index) \(String(repeating: "x", count: 1000))\n".utf8)
                do {
                    try await exchange.write(line)
                } catch {
                    return
                }
            }
            exchange.finish(trailers: HTTPHeaders(["grpc-status": "0"]))
        }
        try await withServer(handler) { port, _ in
            let curl = try await run("curl", ["-sSv", version, "http://127.0.0.1:\(port)/"])
            let lines = curl.output.split(separator: "\n").filter { $0.hasPrefix("line ") }
            #expect(lines.count == 1000)
            #expect(lines.last?.hasPrefix("line 999 ") == true)
        }
    }
}
