// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Limits, time, cancellation, the breaker and the policy, against a real socket.
@Suite(.serialized) struct PipelineTests {
    private static let ok = Step.answer(200, #"{"ok":true}"#)

    @Test func `a request says what its endpoint, its upstream and its call say`() async throws {
        try await ScriptedServer.with({ _, _ in Self.ok }) { server in
            try await Bench.with(
                port: server.port, configure: { $0.headers = ["x-kind": "a", "x-other": "b"] },
                traceHeaders: { ["traceparent": "00-1-2-01", "bad name": "left out"] }
            ) { bench in
                let request = UpstreamRequest(
                    parameters: ["id": "a/b?c d:é"], query: [("q", "1&2"), ("r", "+")],
                    headers: ["X-Kind": "c"])
                _ = try await bench.upstream.call(Endpoints.get, request, as: JSONValue.self)
                let seen = try #require(server.requests.first)
                #expect(seen.method == "GET")
                #expect(seen.target == "/api/items/a%2Fb%3Fc%20d:%C3%A9?q=1%262&r=%2B")
                #expect(seen.headers["x-kind"] == "c" && seen.headers["x-other"] == "b")
                #expect(seen.headers["authorization"] == "Bearer \(Bench.token)")
                #expect(seen.headers["user-agent"] == "teller/\(ContractDocument.version)")
                #expect(seen.headers["traceparent"] == "00-1-2-01")
                #expect(seen.headers["host"] == "127.0.0.1:\(server.port)")
                #expect(seen.headers["bad name"] == nil && seen.headers["content-type"] == nil)
                _ = try await bench.upstream.send(Endpoints.put, Endpoints.payment)
                #expect(server.requests.last?.headers["content-type"] == "application/json")
            }
        }
    }

    @Test func `what can't be sent is refused before any attempt`() async throws {
        try await ScriptedServer.with({ _, _ in Self.ok }) { server in
            try await Bench.with(port: server.port, configure: { $0.requestBytesMax = 11 }) {
                bench in
                let requests: [(UpstreamEndpoint, UpstreamRequest)] = [
                    (Endpoints.get, UpstreamRequest(parameters: ["id": ".."])),
                    (Endpoints.get, UpstreamRequest(parameters: ["id": ""])),
                    (Endpoints.get, UpstreamRequest(parameters: ["di": "1"])),
                    (Endpoints.list, UpstreamRequest(headers: ["x": "a\r\nb: c"])),
                    (Endpoints.list, UpstreamRequest(headers: ["Host": "elsewhere"])),
                    (Endpoints.list, UpstreamRequest(body: [])),
                    (Endpoints.put, Endpoints.payment),
                ]
                for (endpoint, request) in requests {
                    let failed = try await bench.failure(endpoint, request)
                    #expect(failed.code == .invalidRequest && failed.attempts == 0, "\(failed)")
                    #expect(!failed.mayHaveBeenProcessed)
                }
                // The path lacks what neither the call nor the credentials have.
                let failed = try await bench.failure(Endpoints.get)
                #expect(failed.code == .credentials && !failed.mayHaveBeenProcessed)
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test(arguments: [true, false])
    func `an answer over the limit is cut off as it comes`(isAnnounced: Bool) async throws {
        let length = isAnnounced ? "content-length: 1000000000" : "connection: close"
        let script: ScriptedServer.Script = { _, _ in
            [.send("HTTP/1.1 200 OK\r\n\(length)\r\n\r\n"), .sendForEver]
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(
                port: server.port, policy: { $0.attemptsMax = 1 },
                configure: { $0.responseBytesMax = 100_000 }
            ) { bench in
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.code == .protocol && failed.status == 200)
                #expect(failed.problem == "the answer is larger than 100000 bytes")
                await server.wait { $0.connectionsClosed == 1 }
                // What the kernel's buffers on both sides hold may be on its way.
                #expect(server.counts.bodyBytesSent < 16 << 20)
            }
        }
    }

    @Test func `a large answer within its endpoint's limit is read whole`() async throws {
        let text = String(repeating: "x", count: 3 << 19)
        let list = UpstreamEndpoint(
            "service.all", .get, "/items", .repeatable, responseBytesMax: 2 << 20)
        try await ScriptedServer.with({ _, _ in Step.answer(200, "\"\(text)\"") }) { server in
            try await Bench.with(port: server.port) { bench in
                let value = try await bench.upstream.call(list, as: JSONValue.self)
                #expect(value.string?.utf8.count == 3 << 19)
            }
        }
    }

    @Test func `cancelling a call closes its connection, and says it may have been sent`()
        async throws
    {
        try await ScriptedServer.with({ _, _ in [.hold] }) { server in
            try await Bench.with(port: server.port) { bench in
                let call = Task { try await bench.failure(Endpoints.pay, Endpoints.payment) }
                await server.wait { $0.requests.count == 1 }
                call.cancel()
                let failed = try await call.value
                #expect(failed.code == .cancelled && failed.mayHaveBeenProcessed)
                #expect(bench.classes == [.cancelled])
                await server.wait { $0.connectionsClosed == 1 }
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `cancelling within the body closes the connection too`() async throws {
        let script: ScriptedServer.Script = { _, _ in
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), .hold]
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(port: server.port) { bench in
                let call = Task { try await bench.failure(Endpoints.list) }
                await server.wait { $0.requests.count == 1 }
                call.cancel()
                let failed = try await call.value
                #expect(failed.code == .cancelled)
                await server.wait { $0.connectionsClosed == 1 }
            }
        }
    }

    @Test func `the call's own time limit holds over all attempts`() async throws {
        try await ScriptedServer.with({ _, _ in Step.answer(503) }) { server in
            try await Bench.with(
                port: server.port,
                policy: {
                    $0.backoff.baseMs = 60_000
                    $0.backoff.capMs = 60_000
                    $0.backoff.jitter = .none
                }
            ) { bench in
                // The backoff would outlast it, so the call fails with its real cause, at once.
                let failed = try await bench.failure(Endpoints.list, within: .seconds(50))
                #expect(failed.code == .server && failed.reason == .deadline)
                let late = try await bench.failure(Endpoints.list, within: .zero)
                #expect(late.code == .heldBack && late.reason == .deadline && late.attempts == 0)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `a thousand calls together keep to the policy's limit`() async throws {
        try await ScriptedServer.with({ _, _ in [.hold] }) { server in
            try await Bench.with(
                port: server.port,
                policy: {
                    $0.concurrencyMax = 32
                    $0.attemptTimeoutMs = 20_000
                }
            ) { bench in
                let codes = await withTaskGroup(of: UpstreamError.Code?.self) { group in
                    for _ in 0..<1_000 {
                        group.addTask {
                            do throws(UpstreamError) {
                                _ = try await bench.upstream.send(
                                    Endpoints.pay, Endpoints.payment)
                                return nil
                            } catch {
                                return error.reason == .concurrencyLimit ? error.code : .server
                            }
                        }
                    }
                    // All others are refused at once while these are held.
                    var codes: [UpstreamError.Code?] = []
                    while codes.count < 968, let code = await group.next() { codes.append(code) }
                    await server.wait { $0.held == 32 }
                    server.answerHeld("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    for await code in group { codes.append(code) }
                    return codes
                }
                #expect(codes.count { $0 == .heldBack } == 968)
                #expect(codes.count { $0 == nil } == 32)
                #expect(server.counts.unansweredMax == 32 && server.requests.count == 32)
            }
        }
    }

    @Test func `the breaker opens, holds calls back, and recovers by probes`() async throws {
        let isWell = Mutex(false)
        let script: ScriptedServer.Script = { _, _ in
            isWell.withLock { $0 } ? Self.ok : Step.answer(500)
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(
                port: server.port,
                policy: {
                    $0.attemptsMax = 1
                    $0.breaker.callsMin = 5
                    $0.breaker.probes = 2
                    $0.breaker.openJitterPercent = 0
                }
            ) { bench in
                for _ in 0..<5 { _ = try await bench.failure(Endpoints.list) }
                let held = try await bench.failure(Endpoints.list)
                #expect(held.code == .heldBack && held.attempts == 0 && !held.mayHaveBeenProcessed)
                #expect(server.requests.count == 5)
                isWell.withLock { $0 = true }
                bench.advance(by: .seconds(6))
                for _ in 0..<2 { _ = try await bench.upstream.send(Endpoints.list) }
                #expect(bench.upstream.status().breaker == .closed)
                let changes = bench.events.compactMap { event in
                    if case .breakerChanged("service", let change) = event { change } else { nil }
                }
                #expect(changes.map(\.number) == [1, 2, 3])
                #expect(changes.last?.to == .closed)
                #expect(bench.upstream.recorded.map(\.callClass).count { $0 == .server } == 5)
            }
        }
    }

    @Test func `attempts and the end are told with endpoint, status and retry`() async throws {
        try await ScriptedServer.with({ _, _ in Step.answer(503) }) { server in
            try await Bench.with(port: server.port, policy: { $0.attemptsMax = 2 }) { bench in
                let failed = try await bench.failure(Endpoints.list)
                let attempts = bench.events.compactMap { event in
                    if case .attempted(let attempt) = event { attempt } else { nil }
                }
                #expect(attempts.map(\.endpoint) == ["service.list", "service.list"])
                #expect(attempts.map(\.status) == [503, 503])
                #expect(attempts.map(\.isRetry) == [false, true])
                #expect(attempts.allSatisfy { $0.upstream == "service" && $0.duration > .zero })
                #expect(bench.events.last == .gaveUp(failed))
                #expect(
                    failed.description
                        == "service.list failed after 2 attempts: server (HTTP 503), it failed inside"
                )
            }
        }
    }

    @Test func `the registry is bounded, in order, and hands policies on`() async throws {
        let client = UpstreamClient()
        let registry = UpstreamRegistry()
        let environment = UpstreamEnvironment(
            now: { .zero }, sleep: { _ in }, wallClock: { .zero }, random: { 0 })
        let url = try BaseURL("https://example.org")
        func upstream(_ name: String) throws -> Upstream {
            try Upstream(
                UpstreamConfiguration(name: name, baseURL: url), policy: .default, client: client,
                environment: environment)
        }
        for number in (100..<100 + UpstreamRegistry.upstreamsMax).reversed() {
            try registry.add(try upstream("u\(number)"))
        }
        #expect(registry.all.map(\.name) == (100..<164).map { "u\($0)" })
        #expect(throws: UpstreamRegistry.Refusal.full) { try registry.add(try upstream("more")) }
        #expect(throws: UpstreamRegistry.Refusal.duplicate("u100")) {
            try registry.add(try upstream("u100"))
        }
        let policy = try Bench.policy { $0.concurrencyMax = 7 }
        registry["u107"]?.reconfigure(policy)
        #expect(registry["u107"]?.policy == policy && registry["u108"]?.policy == .default)
        #expect(registry["none"] == nil)
        await client.shutdown()
    }
}
