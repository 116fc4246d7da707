// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TestSupport
import Testing

@testable import RPC

/// `grpc.health.v1.Health` over gRPC's framing.
@Suite struct HealthTests {
    let fixture = Fixture(access: AccessPolicy())

    private func request(
        _ method: String, body: [UInt8], service: String = "grpc.health.v1.Health",
        type: String = "application/grpc", timeout: String? = nil
    ) -> HTTPRequest {
        var headers = HTTPHeaders(["content-type": type, "te": "trailers"])
        if let timeout { headers.add("grpc-timeout", timeout) }
        return HTTPRequest(
            method: .post, path: "/\(service)/\(method)", headers: headers, body: body,
            connection: fixture.connection)
    }

    private func frame(service: String) -> [UInt8] {
        guard !service.isEmpty else { return [0, 0, 0, 0, 0] }
        return GRPCMessage.frame([0x0A, UInt8(service.utf8.count)] + Array(service.utf8))
    }

    private func status(_ response: InProcessExchange.Response) -> String? {
        response.trailers?["grpc-status"] ?? response.headers["grpc-status"]
    }

    private let serving: [UInt8] = [0, 0, 0, 0, 2, 0x08, 1]
    private let notServing: [UInt8] = [0, 0, 0, 0, 2, 0x08, 2]

    @Test(arguments: ["", "readiness"], ["application/grpc", "application/grpc+proto"])
    func `Check says whether the server is ready`(service: String, type: String) async {
        let request = request("Check", body: frame(service: service), type: type)
        let ready = await fixture.send(request)
        #expect(ready.status == 200)
        #expect(ready.headers["content-type"] == "application/grpc")
        #expect(ready.body == serving)
        #expect(status(ready) == "0")
        fixture.health.block(.storeUnavailable)
        #expect(await fixture.send(request).body == notServing)
        fixture.health.unblock(.storeUnavailable)
        #expect(await fixture.send(request).body == serving)
    }

    @Test func `liveness is served whatever happens`() async {
        fixture.health.block(.storeUnavailable)
        fixture.handler.beginDrain()
        let response = await fixture.send(request("Check", body: frame(service: "liveness")))
        #expect(response.body == serving)
    }

    @Test func `Check of an unknown service is NOT_FOUND`() async {
        let response = await fixture.send(request("Check", body: frame(service: "other")))
        #expect(response.status == 200)
        #expect(status(response) == "5")
        #expect(response.body.isEmpty)
    }

    @Test func `List names every service`() async {
        let response = await fixture.send(request("List", body: frame(service: "")))
        func entry(_ service: String) -> [UInt8] {
            let count = UInt8(service.utf8.count)
            return [0x0A, count + 6, 0x0A, count] + Array(service.utf8) + [0x12, 2, 0x08, 1]
        }
        let message = entry("") + entry("liveness") + entry("readiness")
        #expect(response.body == GRPCMessage.frame(message))
        #expect(status(response) == "0")
    }

    @Test func `Watch sends the status and each change of it`() async {
        let exchange = fixture.exchange()
        exchange.start(request("Watch", body: frame(service: "")), on: fixture.handler)
        #expect(await exchange.bytes(7) == serving)
        fixture.health.block(.storeUnavailable)
        #expect(await exchange.bytes(14) == serving + notServing)
        fixture.health.unblock(.storeUnavailable)
        #expect(await exchange.bytes(21) == serving + notServing + serving)
        exchange.close()
        _ = await exchange.response()
        #expect(fixture.connection.streamsOpen.count == 0)
        #expect(fixture.health.watchersCount == 0)
    }

    @Test func `Watch of an unknown service says so and goes on`() async {
        let exchange = fixture.exchange()
        exchange.start(request("Watch", body: frame(service: "other")), on: fixture.handler)
        #expect(await exchange.bytes(7) == [0, 0, 0, 0, 2, 0x08, 3])
        #expect(!exchange.isComplete)
        exchange.close()
        _ = await exchange.response()
    }

    @Test(arguments: [true, false]) func `a drain is told to the watchers and ends them`(
        isReady: Bool
    ) async {
        if !isReady { fixture.health.block(.storeUnavailable) }
        let exchange = fixture.exchange()
        exchange.start(request("Watch", body: frame(service: "")), on: fixture.handler)
        _ = await exchange.bytes(7)
        fixture.handler.beginDrain()
        let response = await exchange.response()
        #expect(response.body == (isReady ? serving + notServing : notServing))
        #expect(status(response) == "14")
        #expect(fixture.health.watchersCount == 0)
    }

    @Test func `Watch ends at its deadline`() async {
        let exchange = fixture.exchange()
        exchange.start(
            request("Watch", body: frame(service: ""), timeout: "5S"), on: fixture.handler)
        _ = await exchange.bytes(7)
        fixture.time.advance(by: .seconds(5))
        #expect(status(await exchange.response()) == "4")
    }

    @Test func `watchers are bounded`() async {
        var limits = RPCLimits()
        limits.healthWatchersMax = 2
        let fixture = Fixture(access: AccessPolicy(), limits: limits)
        let watching = (0..<2).map { _ in fixture.exchange() }
        for exchange in watching {
            exchange.start(request("Watch", body: frame(service: "")), on: fixture.handler)
            _ = await exchange.bytes(7)
        }
        let refused = await fixture.send(request("Watch", body: frame(service: "")))
        #expect(status(refused) == "8")
        for exchange in watching {
            exchange.close()
            _ = await exchange.response()
        }
    }

    // MARK: Abuse

    @Test(
        arguments: [
            ([], "13"), ([0], "13"), ([0, 0, 0, 0], "13"), ([0, 0, 0, 0, 1], "13"),
            ([0, 0, 0, 0, 0, 0], "13"), ([0, 0xFF, 0xFF, 0xFF, 0xFF], "8"),
            ([0, 0, 0, 0x10, 1] + [UInt8](repeating: 0, count: 4097), "8"),
            ([1, 0, 0, 0, 0], "12"), ([2, 0, 0, 0, 0], "13"),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "13"),
        ] as [([UInt8], String)]) func `bad framing is refused`(body: [UInt8], code: String) async
    {
        for method in ["Check", "Watch", "List"] {
            let response = await fixture.send(request(method, body: body))
            #expect(response.status == 200)
            #expect(status(response) == code)
        }
    }

    @Test(
        arguments: [
            [0x0A], [0x0A, 5, 65], [0x0A, 1, 0xFF], [0x0B], [0x0C], [0x0F], [0x00, 0], [0x02, 0],
            [0x80], [0x08], [0x09, 1, 2], [0x0D, 1], [0xFF] + [UInt8](repeating: 0xFF, count: 20),
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
        ] as [[UInt8]]) func `bytes that are no protobuf message are INVALID_ARGUMENT`(
            message: [UInt8]
        ) async
    {
        let response = await fixture.send(request("Check", body: GRPCMessage.frame(message)))
        #expect(status(response) == "3")
    }

    @Test func `unknown fields are skipped and the last service counts`() async {
        let message: [UInt8] =
            [0x0A, 1, 120] + [0x10, 0x96, 0x01] + [0x19] + [UInt8](repeating: 1, count: 8) + [
                0x22, 2, 1, 2,
            ] + [0x2D, 1, 2, 3, 4] + [0x0A, 0]
        let response = await fixture.send(request("Check", body: GRPCMessage.frame(message)))
        #expect(response.body == serving)
    }

    @Test func `random bytes are answered with a status`() async {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = SeededRandom(seed: seed)
        for _ in 0..<5000 {
            var body = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { body = GRPCMessage.frame(body) }
            let response = await fixture.send(request("Check", body: body))
            #expect(["0", "3", "5", "8", "12", "13"].contains(status(response)), "seed \(seed)")
        }
    }

    @Test func `an unknown gRPC method or service is UNIMPLEMENTED`() async {
        for (service, method) in [("grpc.health.v1.Health", "Other"), ("other.Service", "Call")] {
            let request = request(method, body: frame(service: ""), service: service)
            let response = await fixture.send(request)
            #expect(response.status == 200)
            #expect(status(response) == "12")
        }
    }

    @Test func `a health check of another type is refused with 415`() async {
        for type in ["application/json", "application/grpc+json", "application/grpcfoo"] {
            let response = await fixture.send(
                request("Check", body: frame(service: ""), type: type))
            #expect(response.status == 415)
        }
    }

    @Test func `a malformed timeout is refused`() async {
        let response = await fixture.send(
            request("Check", body: frame(service: ""), timeout: "soon"))
        #expect(status(response) == "3")
    }
}
