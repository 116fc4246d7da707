// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// APIs whose HTTP status says too little.
@Suite(.serialized) struct JudgedStatusTests {
    private static let submit = UpstreamEndpoint(
        "service.submit", .post, "/items", .repeatable, expecting: [200, 422])

    /// A body's `code` counts, but a refused submission is a refusal whatever its code says.
    private static func configure(_ configuration: inout UpstreamConfiguration) {
        configuration.readStatus = { endpoint, status, body in
            if endpoint == submit, body["error"]?.string == "not accepted" { return 422 }
            return body["ok"]?.bool == false ? body["code"]?.int ?? status : status
        }
        configuration.readRefusal = { UpstreamRefusal(message: $0["error"]?.string) }
    }

    private static func failure(_ status: Int, _ code: Int, _ error: String) -> [Step] {
        Step.answer(status, #"{"ok":false,"error":"\#(error)","code":\#(code)}"#)
    }

    @Test func `a failure told with 200 is one, of its own class, and is retried`() async throws {
        let script: ScriptedServer.Script = { _, number in
            switch number {
            case 1: Self.failure(200, 500, "busy")
            case 2: Self.failure(200, 429, "too often")
            default: Step.answer(200, #"{"ok":true}"#)
            }
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(port: server.port, configure: Self.configure) { bench in
                let ok = try await bench.upstream.call(Endpoints.list) {
                    (answer) throws(JSONError) in try answer.member("ok").bool
                }
                #expect(ok)
                #expect(bench.classes == [.server, .tooManyRequests, .succeeded])
            }
        }
    }

    @Test func `a refusal told with 500 is an answer where it is expected, and no failure`()
        async throws
    {
        let script: ScriptedServer.Script = { _, _ in Self.failure(500, 500, "not accepted") }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(port: server.port, configure: Self.configure) { bench in
                let answer = try await bench.upstream.send(Self.submit, Endpoints.payment)
                #expect(answer.status == 422)
                #expect(bench.classes == [.succeeded])
                #expect(bench.upstream.status().totals.failures == 0)
                #expect(server.requests.count == 1)
                // The same words elsewhere are the server's failure.
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.code == .server && failed.status == 500)
                #expect(failed.detail == "not accepted" && failed.attempts == 3)
            }
        }
    }

    @Test func `a body that is no JSON, or a long one, leaves the status as it is`() async throws {
        let padding = String(repeating: " ", count: 17 << 10)
        let script: ScriptedServer.Script = { _, number in
            number == 1
                ? Step.answer(200, #"{"ok":false,"code":500}"# + padding)
                : Step.answer(500, "<html>")
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(
                port: server.port, policy: { $0.attemptsMax = 1 }, configure: Self.configure
            ) { bench in
                let answer = try await bench.upstream.send(Endpoints.list)
                #expect(answer.status == 200)
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.code == .server && failed.status == 500)
            }
        }
    }
}
