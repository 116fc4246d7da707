// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerClient
import TellerProtocol
import Testing

private let unavailable = HTTPResponse.error(
    .unavailable, reason: "STORE_UNAVAILABLE", retryable: true)
private let lost = TransportFailure(.interrupted, "the connection was lost")

@Suite struct RetryTests {
    @Test func `a call that succeeds is sent once`() async throws {
        let transport = FakeTransport { _, _ in .success(.result(#"{"a":1}"#)) }
        let result = try await makeClient(transport).call(anyGet, .object([]))
        #expect(result["a"]?.int == 1)
        #expect(transport.requests.count == 1)
        let request = try transport.requests[0].json
        #expect(request["jsonrpc"]?.string == "2.0")
        #expect(request["method"]?.string == "account.get")
        #expect(request["params"] == .object([]))
    }

    @Test func `failures that may pass are retried with growing waits`() async throws {
        let time = SleepingTime()
        let transport = FakeTransport { number, _ in
            switch number {
            case 1: .success(unavailable)
            case 2: .failure(lost)
            case 3: .failure(TransportFailure(.unreachable, "refused"))
            default: .success(.result("{}"))
            }
        }
        _ = try await makeClient(transport, time.environment()).call(anyGet, .object([]))
        #expect(time.sleeps == [.milliseconds(50), .milliseconds(100), .milliseconds(200)])
    }

    @Test func `a refusal is not retried`() async throws {
        let transport = FakeTransport { _, _ in
            .success(.error(.failedPrecondition, reason: "INSUFFICIENT_FUNDS"))
        }
        let error = await #expect(throws: TellerError.self) {
            try await makeClient(transport).call(anyCreate, .object([]))
        }
        guard case .rpc(let refusal) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(refusal.reason == "INSUFFICIENT_FUNDS")
        #expect(transport.requests.count == 1)
    }

    @Test func `attempts are bounded and the last cause is told`() async throws {
        let transport = FakeTransport { _, _ in .failure(lost) }
        let client = makeClient(transport, SleepingTime().environment())
        let error = await #expect(throws: TellerError.self) {
            try await client.call(anyGet, .object([]))
        }
        #expect(error == .transport(TransportError(.interrupted, lost.message)))
        #expect(transport.requests.count == 5)
    }

    @Test func `a wait beyond the deadline fails at once with the real cause`() async throws {
        let time = SleepingTime()
        let transport = FakeTransport { _, _ in
            time.pass(.milliseconds(480))
            return .success(unavailable)
        }
        let client = makeClient(transport, time.environment())
        let error = await #expect(throws: TellerError.self) {
            try await client.call(
                anyGet, .object([]), options: CallOptions(deadline: .milliseconds(500)))
        }
        guard case .rpc(let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.reason == "STORE_UNAVAILABLE")
        #expect(time.sleeps.isEmpty)
        #expect(transport.requests.count == 1)
    }

    @Test func `each attempt tells the server the time that is left`() async throws {
        let time = SleepingTime()
        let transport = FakeTransport { number, _ in
            time.pass(.seconds(1))
            return number < 3 ? .failure(lost) : .success(.result("{}"))
        }
        let options = CallOptions(deadline: .seconds(8))
        _ = try await makeClient(transport, time.environment())
            .call(anyGet, .object([]), options: options)
        let timeouts = transport.requests.map { $0.headers["grpc-timeout"] }
        #expect(timeouts == ["8000000u", "6950000u", "5850000u"])
        #expect(
            transport.requests.map(\.timeout) == [
                .seconds(8), .milliseconds(6950), .milliseconds(5850),
            ])
    }

    @Test func `retry-after is honoured as a header and in the error`() async throws {
        for response in [
            HTTPResponse.error(
                .unavailable, reason: "OVERLOADED", retryable: true, retryAfter: 2_000,
                httpStatus: 503),
            HTTPResponse(
                status: 503, headers: HTTPHeaders(["retry-after": "2"]), body: Array("busy".utf8)),
        ] {
            let time = SleepingTime()
            let transport = FakeTransport { number, _ in
                .success(number == 1 ? response : .result("{}"))
            }
            _ = try await makeClient(transport, time.environment()).call(anyGet, .object([]))
            #expect(time.sleeps == [.milliseconds(2_050)])
        }
    }

    @Test func `a server that asks for more patience than allowed gets no retry`() async throws {
        let transport = FakeTransport { _, _ in
            .success(HTTPResponse(status: 429, headers: HTTPHeaders(["retry-after": "3600"])))
        }
        let client = makeClient(transport)
        await #expect(
            throws: TellerError.transport(
                TransportError(.httpStatus(429), "the server answered with HTTP status 429"))
        ) {
            try await client.call(
                anyGet, .object([]), options: CallOptions(deadline: .seconds(7200)))
        }
        #expect(transport.requests.count == 1)
    }

    @Test func `an unprocessed call is sent again at once and once for free`() async throws {
        let time = SleepingTime()
        let transport = FakeTransport { number, _ in
            number < 3
                ? .failure(TransportFailure(.notProcessed, "GOAWAY")) : .success(.result("{}"))
        }
        let client = makeClient(transport, time.environment()) { $0.retries.budgetFloor = 1 }
        _ = try await client.call(anyGet, .object([]))
        #expect(time.sleeps == [.milliseconds(50)])
    }

    @Test func `in a full outage retries stay within the budget`() async throws {
        let transport = FakeTransport { _, _ in .success(unavailable) }
        let client = makeClient(transport, SleepingTime().environment(random: 0)) {
            $0.retries.budgetFloor = 0
        }
        for _ in 0..<500 {
            await #expect(throws: TellerError.self) { try await client.call(anyGet, .object([])) }
        }
        #expect(transport.requests.count <= 550)
        #expect(transport.requests.count > 540)
    }

    @Test func `a deadline that passes in the call is deadlineExceeded`() async throws {
        for outcome: FakeTransport.Outcome in [
            .failure(TransportFailure(.timedOut, "late")),
            .success(.error(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", retryable: true)),
        ] {
            let transport = FakeTransport { _, _ in outcome }
            await #expect(throws: TellerError.deadlineExceeded) {
                try await makeClient(transport).call(anyGet, .object([]))
            }
            #expect(transport.requests.count == 1)
        }
    }

    @Test func `an attempt's own timeout leaves time for another`() async throws {
        let transport = FakeTransport { number, _ in
            number == 1
                ? .failure(TransportFailure(.timedOut, "late")) : .success(.result("{}"))
        }
        let client = makeClient(transport, SleepingTime().environment()) {
            $0.retries.attemptTimeout = .seconds(2)
        }
        _ = try await client.call(anyGet, .object([]))
        #expect(transport.requests.map(\.timeout) == [.seconds(2), .seconds(2)])
    }

    @Test func `a cancelled call is not retried`() async throws {
        let transport = FakeTransport { _, _ in
            withUnsafeCurrentTask { $0?.cancel() }
            return .failure(lost)
        }
        let task = Task { try await makeClient(transport).call(anyGet, .object([])) }
        await #expect(throws: TellerError.cancelled) { try await task.value }
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"jsonrpc":"2.0","id":1}"#, #"{"jsonrpc":"2.0","id":2,"result":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"result":{}"#,
    ])
    func `an answer that is no response to the call is refused`(body: String) async throws {
        let transport = FakeTransport { _, _ in
            .success(HTTPResponse(status: 200, body: Array(body.utf8)))
        }
        let error = await #expect(throws: TellerError.self) {
            try await makeClient(transport).call(anyGet, .object([]))
        }
        guard case .invalidResponse = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `headers carry token, request id and trace`() async throws {
        let transport = FakeTransport()
        let client = makeClient(transport) { $0.token = BearerToken("secret-token") }
        _ = try await client.call(
            anyGet, .object([]),
            options: CallOptions(requestID: "r-1", traceparent: "00-aa-bb-01"))
        let headers = transport.requests[0].headers
        #expect(headers["authorization"] == "Bearer secret-token")
        #expect(headers["x-request-id"] == "r-1")
        #expect(headers["traceparent"] == "00-aa-bb-01")
        #expect(headers["content-type"] == "application/json")
    }
}

@Suite struct ConfigurationTests {
    @Test func `a token never shows in text`() {
        var configuration = ClientConfiguration(endpoint: "https://teller.example")
        configuration.token = BearerToken("very-secret")
        var dumped = ""
        dump(configuration, to: &dumped)
        let text = "\(configuration) \(String(reflecting: configuration)) \(dumped)"
        #expect(!text.contains("very-secret"))
        #expect(BearerToken("two words") == nil)
        #expect(BearerToken("line\nfeed") == nil)
    }

    @Test func `endpoints that cannot be used are refused`() {
        for text in [
            "", "localhost:80", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:99999",
            "http://a:b", "http://user@a", "http://a?x=1", "http://[::1", "http://[::1]80",
            "http://a b",
        ] {
            #expect(throws: TellerError.self, "\(text)") {
                try TellerClient(configuration: ClientConfiguration(endpoint: text))
            }
        }
        for text in ["http://a", "http://a:8080", "http://[::1]:1/x"] {
            #expect(throws: Never.self, "\(text)") {
                try TellerClient(configuration: ClientConfiguration(endpoint: text))
            }
        }
    }

    @Test func `missing TLS files are refused at once`() {
        var configuration = ClientConfiguration(endpoint: "https://localhost")
        configuration.tls.authorityFile = "/nowhere/ca.pem"
        #expect(throws: TellerError.self) { try TellerClient(configuration: configuration) }
        configuration.tls = ClientTLS()
        configuration.tls.privateKeyFile = "/nowhere/key.pem"
        #expect(throws: TellerError.self) { try TellerClient(configuration: configuration) }
    }
}
