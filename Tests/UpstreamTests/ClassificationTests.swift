// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Everything an upstream can do, against a real socket.
@Suite(.serialized) struct ClassificationTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let callClass: CallClass
        let status: Int?
        let mayHaveBeenProcessed: Bool
        let steps: [Step]
    }

    static let faults: [Fault] = [
        fault("no answer", .timeout, nil, true, [.hold]),
        fault(
            "half a head", .timeout, nil, true, [.send("HTTP/1.1 200 OK\r\ncontent-"), .hold]),
        fault(
            "half a body and silence", .timeout, 200, true,
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a\""), .hold]),
        fault("closed before the head", .protocol, nil, true, [.close]),
        fault("reset before the head", .protocol, nil, true, [.reset]),
        fault(
            "closed within the body", .protocol, 200, true,
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a\""), .close]),
        fault("garbage", .protocol, nil, true, [.send("\u{1}garbage\r\n\r\n"), .close]),
        fault("no JSON", .protocol, 200, true, Step.answer(200, "<html>")),
        fault("no body", .protocol, 200, true, Step.answer(200, "")),
        fault("JSON and more", .protocol, 200, true, Step.answer(200, "{} {}")),
        fault("an unexpected 3xx", .protocol, 304, true, Step.answer(304, "")),
        fault("a 500", .server, 500, true, Step.answer(500, "sorry")),
        fault("a 503", .server, 503, true, Step.answer(503)),
        fault(
            "a 502 that breaks", .server, 502, true,
            [.send("HTTP/1.1 502 Bad\r\ncontent-length: 900\r\n\r\n<h1>"), .close]),
        fault("a 429", .tooManyRequests, 429, false, Step.answer(429)),
        fault("a 400", .rejected, 400, false, Step.answer(400)),
        fault("a 401", .rejected, 401, false, Step.answer(401)),
        fault("a 404", .rejected, 404, false, Step.answer(404, "")),
    ]

    static func fault(
        _ name: String, _ callClass: CallClass, _ status: Int?, _ mayHave: Bool, _ steps: [Step]
    ) -> Fault {
        Fault(
            testDescription: name, callClass: callClass, status: status,
            mayHaveBeenProcessed: mayHave, steps: steps)
    }

    @Test(arguments: faults)
    func `what is sent once is sent exactly once, and its error says what became of it`(
        fault: Fault
    ) async throws {
        try await ScriptedServer.with({ _, _ in fault.steps }) { server in
            try await Bench.with(
                port: server.port,
                policy: { if fault.callClass == .timeout { $0.attemptTimeoutMs = 300 } }
            ) { bench in
                let failed = try await bench.failure(Endpoints.pay, Endpoints.payment)
                #expect(failed.code.rawValue == fault.callClass.rawValue, "\(failed)")
                #expect(failed.status == fault.status)
                #expect(failed.mayHaveBeenProcessed == fault.mayHaveBeenProcessed)
                #expect(failed.attempts == 1 && bench.classes == [fault.callClass])
                #expect(server.requests.count == 1)
                #expect(server.requests.first?.target == "/api/bot\(Bench.token)/pay")
                #expect(bench.events.contains(.gaveUp(failed)))
            }
        }
    }

    @Test(arguments: faults)
    func `what may be repeated is tried again by policy, and succeeds`(fault: Fault) async throws {
        let script: ScriptedServer.Script = { _, number in
            number == 1 ? fault.steps : Step.answer(200, #"{"ok":true}"#)
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(
                port: server.port,
                policy: { if fault.callClass == .timeout { $0.attemptTimeoutMs = 300 } }
            ) { bench in
                guard fault.callClass != .rejected else {
                    let failed = try await bench.failure(Endpoints.put, Endpoints.payment)
                    #expect(failed.code == .rejected && server.requests.count == 1)
                    return
                }
                let ok = try await bench.upstream.call(
                    Endpoints.put, Endpoints.payment
                ) { (answer) throws(JSONError) in try answer.member("ok").bool }
                #expect(ok && bench.classes == [fault.callClass, .succeeded])
                #expect(server.requests.map(\.body) == [#"{"amount":1}"#, #"{"amount":1}"#])
            }
        }
    }

    @Test(arguments: [Endpoints.pay, Endpoints.list])
    func `a refused connection is known to have sent nothing`(endpoint: UpstreamEndpoint)
        async throws
    {
        let deaf = try DeafPort()
        try await Bench.with(port: deaf.port, policy: { $0.attemptsMax = 2 }) { bench in
            let request = endpoint.method == .get ? UpstreamRequest() : Endpoints.payment
            let failed = try await bench.failure(endpoint, request)
            #expect(
                failed.code == .connect && !failed.mayHaveBeenProcessed,
                "\(failed.debugDescription)")
            #expect(failed.attempts == (endpoint.repetition == .once ? 1 : 2))
        }
        withExtendedLifetime(deaf) {}
    }

    @Test func `a handshake that never ends counts as connecting`() async throws {
        // It reads what it takes for a request, and says nothing.
        try await ScriptedServer.with({ _, _ in [.hold] }) { server in
            let client = UpstreamClient(connectTimeout: .milliseconds(100))
            try await Bench.with(port: server.port, scheme: "https", client: client) { bench in
                let failed = try await bench.failure(Endpoints.pay, Endpoints.payment)
                #expect(failed.code == .connect && !failed.mayHaveBeenProcessed, "\(failed)")
            }
            // The same when it is the attempt's time that runs out first.
            let patient = UpstreamClient(connectTimeout: .milliseconds(500))
            try await Bench.with(
                port: server.port, scheme: "https", policy: { $0.attemptTimeoutMs = 100 },
                client: patient
            ) { bench in
                let failed = try await bench.failure(Endpoints.pay, Endpoints.payment)
                #expect(failed.code == .connect && !failed.mayHaveBeenProcessed, "\(failed)")
            }
        }
    }

    @Test(
        arguments: [
            (["retry-after": "7"], 429, 7),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"], 503, 7),
            ([:], 429, 35), (["retry-after": "soon"], 429, 35), (["retry-after": "7"], 500, nil),
        ] as [([String: String], Int, Int?)])
    func `the wish not to be asked is read from the header, or else from the body`(
        headers: [String: String], status: Int, seconds: Int?
    ) async throws {
        let body = #"{"description":"wait, \#(Bench.token)","parameters":{"retry_after":35}}"#
        let steps = Step.answer(status, body, headers: headers)
        try await ScriptedServer.with({ _, _ in steps }) { server in
            try await Bench.with(
                port: server.port, policy: { $0.attemptsMax = 1 },
                configure: { configuration in
                    configuration.readRefusal = { body in
                        UpstreamRefusal(
                            message: body["description"]?.string,
                            retryAfter: body["parameters"]?["retry_after"]?.int.map {
                                .seconds($0)
                            })
                    }
                }
            ) { bench in
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.retryAfter == seconds.map { .seconds($0) })
                #expect(failed.detail == "wait, [redacted]")
            }
        }
    }

    @Test func `an expected refusal is an answer`() async throws {
        let find = UpstreamEndpoint(
            "service.find", .get, "/items/{id}", .repeatable, expecting: [200, 404])
        try await ScriptedServer.with({ _, _ in Step.answer(404, "none") }) { server in
            try await Bench.with(port: server.port) { bench in
                let answer = try await bench.upstream.send(
                    find, UpstreamRequest(parameters: ["id": "7"]))
                #expect(answer.status == 404 && answer.body == Array("none".utf8))
            }
        }
    }

    @Test func `a wrong type is refused with its path, and unknown fields are ignored`()
        async throws
    {
        let body = #"{"new":1,"items":[{"id":"a"},{"id":3}]}"#
        try await ScriptedServer.with({ _, _ in Step.answer(200, body) }) { server in
            try await Bench.with(port: server.port, policy: { $0.attemptsMax = 1 }) { bench in
                let upstream = bench.upstream
                let first = try await upstream.call(Endpoints.list) {
                    (answer) throws(JSONError) in
                    try answer.member("items").elements[0].member("id").string
                }
                #expect(first == "a")
                let failed = await #expect(throws: UpstreamError.self) {
                    _ = try await upstream.call(Endpoints.list) { (answer) throws(JSONError) in
                        try answer.member("items").elements[1].member("id").string
                    }
                }
                #expect(failed?.code == .protocol)
                #expect(failed?.problem == "the answer's items[1].id is not a string")
                let missing = await #expect(throws: UpstreamError.self) {
                    _ = try await upstream.call(Endpoints.list) { (answer) throws(JSONError) in
                        try answer.member("old").bool
                    }
                }
                #expect(missing?.problem == "the answer's old is missing")
            }
        }
    }
}
