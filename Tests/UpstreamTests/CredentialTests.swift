// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOSSL
import Resilience
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Credentials, their refresh, redirects and TLS: where secrets could go astray.
@Suite(.serialized) struct CredentialTests {
    private static let ok = Step.answer(200, #"{"ok":true}"#)

    /// Gives `token-1`, `token-2` and so on, each when let.
    private final class Rotating: AuthProvider {
        struct Unwilling: Error {}

        let fetches = Mutex(0)
        /// The fetch that is asked before it answers.
        let gate: @Sendable (Int) async throws -> Void

        init(_ gate: @escaping @Sendable (Int) async throws -> Void = { _ in }) {
            self.gate = gate
        }

        func credentials(
            replacing refused: UpstreamCredentials?
        ) async throws -> UpstreamCredentials {
            let number = fetches.withLock { fetches in
                fetches += 1
                return fetches
            }
            try await gate(number)
            return Self.made(number)
        }

        static func made(_ number: Int) -> UpstreamCredentials {
            UpstreamCredentials(
                headers: ["authorization": "Bearer \(Bench.token)-\(number)"],
                pathSecrets: ["token": "\(Bench.token)-\(number)"])
        }
    }

    /// Lets in who has `token-n`.
    private static func accepting(_ number: Int) -> ScriptedServer.Script {
        { request, _ in
            request.headers["authorization"] == "Bearer \(Bench.token)-\(number)"
                ? ok : Step.answer(401, #"{"token":"\#(Bench.token)"}"#)
        }
    }

    @Test(arguments: [Endpoints.put, Endpoints.pay])
    func `a 401 leads to other credentials and one more sending`(endpoint: UpstreamEndpoint)
        async throws
    {
        let provider = Rotating()
        try await ScriptedServer.with(Self.accepting(2)) { server in
            try await Bench.with(port: server.port, configure: { $0.auth = provider }) { bench in
                _ = try await bench.upstream.send(endpoint, Endpoints.payment)
                #expect(server.requests.count == 2 && provider.fetches.withLock { $0 } == 2)
                #expect(bench.classes == [.succeeded], "it was one attempt")
                _ = try await bench.upstream.send(endpoint, Endpoints.payment)
                #expect(server.requests.count == 3 && provider.fetches.withLock { $0 } == 2)
            }
        }
    }

    @Test func `a second 401 is final`() async throws {
        let provider = Rotating()
        try await ScriptedServer.with(Self.accepting(9)) { server in
            try await Bench.with(port: server.port, configure: { $0.auth = provider }) { bench in
                let failed = try await bench.failure(Endpoints.pay, Endpoints.payment)
                #expect(failed.code == .rejected && failed.status == 401)
                #expect(!failed.mayHaveBeenProcessed && server.requests.count == 2)
            }
        }
    }

    @Test func `what broke after the second sending is not sent a third time`() async throws {
        let script: ScriptedServer.Script = { _, number in
            number == 1 ? Step.answer(401) : [.reset]
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(port: server.port, configure: { $0.auth = Rotating() }) { bench in
                let failed = try await bench.failure(Endpoints.pay, Endpoints.payment)
                #expect(failed.code == .protocol && failed.mayHaveBeenProcessed)
                #expect(server.requests.count == 2)
            }
        }
    }

    @Test func `a hundred refused calls fetch once`() async throws {
        let provider = Rotating()
        try await ScriptedServer.with(Self.accepting(2)) { server in
            try await Bench.with(port: server.port, configure: { $0.auth = provider }) { bench in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            _ = try await bench.upstream.send(Endpoints.pay, Endpoints.payment)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(provider.fetches.withLock { $0 } == 2)
                #expect((100...200).contains(server.requests.count))
            }
        }
    }

    @Test func `a call that leaves while it fetches leaves the fetching to another`() async throws {
        let (begun, signal) = AsyncStream.makeStream(of: Int.self)
        let provider = Rotating { number in
            signal.yield(number)
            if number == 1 { try await Task.sleep(for: .seconds(600)) }
        }
        try await ScriptedServer.with(Self.accepting(2)) { server in
            try await Bench.with(port: server.port, configure: { $0.auth = provider }) { bench in
                let first = Task { try await bench.failure(Endpoints.pay, Endpoints.payment) }
                var fetches = begun.makeAsyncIterator()
                _ = await fetches.next()
                let second = Task {
                    try await bench.upstream.send(Endpoints.pay, Endpoints.payment)
                }
                first.cancel()
                let failed = try await first.value
                #expect(failed.code == .cancelled && !failed.mayHaveBeenProcessed)
                #expect(try await second.value.status == 200)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `without credentials nothing is sent, and the provider's words are not told`()
        async throws
    {
        let provider = Rotating { _ in throw Rotating.Unwilling() }
        try await ScriptedServer.with({ _, _ in Self.ok }) { server in
            try await Bench.with(
                port: server.port, policy: { $0.attemptsMax = 2 },
                configure: { $0.auth = provider }
            ) { bench in
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.code == .credentials && failed.detail == "Unwilling")
                #expect(failed.attempts == 2 && !failed.mayHaveBeenProcessed)
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test func `an echoed token is redacted wherever it comes back`() async throws {
        let body = #"{"\#(Bench.token)":{"a":1},"said":"no \#(Bench.token)"}"#
        let script: ScriptedServer.Script = { _, number in
            Step.answer(number == 1 ? 200 : 400, body)
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(
                port: server.port, policy: { $0.attemptsMax = 1 },
                configure: { $0.readRefusal = { UpstreamRefusal(message: $0["said"]?.string) } }
            ) { bench in
                let failed = await #expect(throws: UpstreamError.self) {
                    _ = try await bench.upstream.call(Endpoints.list) {
                        (answer) throws(JSONError) in
                        try answer.member(Bench.token).member("a").string
                    }
                }
                #expect(failed?.problem == "the answer's [redacted].a is not a string")
                let refused = try await bench.failure(Endpoints.list)
                #expect(refused.detail == "no [redacted]")
            }
        }
    }

    // MARK: - In the body

    /// Gives `token-1`, `token-2` and so on as a member of the body.
    private final class InBody: AuthProvider {
        private let fetches = Mutex(0)

        func credentials(
            replacing refused: UpstreamCredentials?
        ) async throws -> UpstreamCredentials {
            let number = fetches.withLock { fetches in
                fetches += 1
                return fetches
            }
            var credentials = UpstreamCredentials(
                bodySecrets: ["auth": "\(Bench.token)-\(number)"])
            credentials.alsoSecret = ["part-\(number)"]
            return credentials
        }
    }

    @Test func `a secret stands in the body, is renewed after what refuses it, and is not told`()
        async throws
    {
        let script: ScriptedServer.Script = { request, number in
            switch number {
            case 1: Step.answer(403, "{}")
            case 2: Step.answer(200, #"{"ok":true}"#)
            default: Step.answer(400, #"{"said":"\#(Bench.token)-2 of part-2"}"#)
            }
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(
                port: server.port,
                configure: {
                    $0.auth = InBody()
                    $0.credentialRefusals = [401, 403]
                    $0.readRefusal = { UpstreamRefusal(message: $0["said"]?.string) }
                }
            ) { bench in
                let pay = UpstreamEndpoint("service.pay", .post, "/pay", .once)
                var request = Endpoints.payment
                request.secretMembers = ["auth"]
                _ = try await bench.upstream.send(pay, request)
                #expect(
                    server.requests.map(\.body) == [
                        #"{"auth":"\#(Bench.token)-1","amount":1}"#,
                        #"{"auth":"\#(Bench.token)-2","amount":1}"#,
                    ])
                request.body = Array("{}".utf8)
                let failed = try await bench.failure(pay, request)
                #expect(failed.detail == "[redacted] of [redacted]")
                #expect(server.requests.last?.body == #"{"auth":"\#(Bench.token)-2"}"#)
                request.secretMembers = ["other"]
                #expect(try await bench.failure(pay, request).code == .credentials)
                request.body = Array("[]".utf8)
                #expect(try await bench.failure(pay, request).code == .invalidRequest)
                #expect(server.requests.count == 3)
            }
        }
    }

    // MARK: - Redirects

    @Test func `redirects within the origin are followed for a GET, up to three`() async throws {
        let script: ScriptedServer.Script = { request, number in
            switch number {
            case 1: Step.answer(302, "", headers: ["location": "/other?x=1#there"])
            case 2: Step.answer(307, "", headers: ["location": "?x=2"])
            case 3: Step.answer(308, "", headers: ["location": "third"])
            default: request.target == "/third" ? Self.ok : Step.answer(500)
            }
        }
        try await ScriptedServer.with(script) { server in
            try await Bench.with(port: server.port, policy: { $0.attemptsMax = 1 }) { bench in
                _ = try await bench.upstream.call(Endpoints.list, as: JSONValue.self)
                #expect(
                    server.requests.map(\.target) == [
                        "/api/items", "/other?x=1", "/other?x=2", "/third",
                    ])
                #expect(server.requests.allSatisfy { $0.headers["authorization"] != nil })
            }
        }
        let endless = Step.answer(302, "", headers: ["location": "/again"])
        try await ScriptedServer.with({ _, _ in endless }) { server in
            try await Bench.with(port: server.port, policy: { $0.attemptsMax = 1 }) { bench in
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.problem == "the answer redirects more than 3 times")
                #expect(server.requests.count == 4)
            }
        }
    }

    @Test(arguments: [
        "http://127.0.0.2:PORT/\(Bench.token)", "https://127.0.0.1:PORT/x", "//evil.example/x",
        "http://127.0.0.1:1/x", "http://a@127.0.0.1:PORT/x", "/\\evil.example", "javascript:x", "",
        "http://127.0.0.1:PORT@evil.example/",
    ])
    func `redirects to another origin are refused, with no secret named`(location: String)
        async throws
    {
        let port = Mutex(0)
        let script: ScriptedServer.Script = { _, _ in
            let location = location.replacing("PORT", with: "\(port.withLock { $0 })")
            return Step.answer(302, "", headers: ["location": location])
        }
        try await ScriptedServer.with(script) { server in
            port.withLock { $0 = server.port }
            try await Bench.with(port: server.port, policy: { $0.attemptsMax = 1 }) { bench in
                let failed = try await bench.failure(Endpoints.list)
                #expect(failed.code == .protocol && failed.status == 302)
                #expect(failed.problem == "the answer redirects to another origin, or nowhere")
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirected POST is not followed`(status: Int) async throws {
        let steps = Step.answer(status, "", headers: ["location": "/api/items"])
        try await ScriptedServer.with({ _, _ in steps }) { server in
            try await Bench.with(port: server.port) { bench in
                let failed = try await bench.failure(Endpoints.pay, Endpoints.payment)
                #expect(failed.code == .protocol && failed.mayHaveBeenProcessed)
                #expect(server.requests.count == 1)
            }
        }
    }

    // MARK: - TLS

    @Test func `a server that proves its name to a trusted root is called`() async throws {
        let certificates = try TestCertificates.shared.get()
        let tls = try Self.context(certificates.server)
        try await ScriptedServer.with(tls: tls, { _, _ in Self.ok }) { server in
            let client = UpstreamClient(additionalRootsFile: certificates.authorityFile)
            try await Bench.with(port: server.port, scheme: "https", client: client) { bench in
                let answer = try await bench.upstream.send(Endpoints.list)
                #expect(answer.status == 200)
            }
        }
    }

    @Test(arguments: [Endpoints.pay, Endpoints.list])
    func `a server that can't prove its name is sent nothing`(endpoint: UpstreamEndpoint)
        async throws
    {
        let certificates = try TestCertificates.shared.get()
        let otherName = try certificates.issue(
            "other-\(endpoint.name)", subject: "/CN=other", names: "DNS:other.example")
        for identity in [certificates.strangeServer, otherName] {
            let tls = try Self.context(identity)
            try await ScriptedServer.with(tls: tls, { _, _ in Self.ok }) { server in
                let client = UpstreamClient(additionalRootsFile: certificates.authorityFile)
                try await Bench.with(
                    port: server.port, scheme: "https", policy: { $0.attemptsMax = 1 },
                    client: client
                ) { bench in
                    let request =
                        endpoint.method == .get ? UpstreamRequest() : Endpoints.payment
                    let failed = try await bench.failure(endpoint, request)
                    #expect(
                        failed.code == .connect && !failed.mayHaveBeenProcessed,
                        "\(failed.debugDescription)")
                    #expect(server.requests.isEmpty)
                }
            }
        }
    }

    private static func context(_ identity: TestCertificates.Identity) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(identity.certificateFile)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: identity.keyFile, format: .pem))))
    }

    // MARK: - Base URLs

    @Test(arguments: [
        "", "ftp://a.example", "https://", "https://user@a.example", "https://a.example?x",
        "https://a.example#x", "https://a.example:0", "https://a.example:70000", "https://a b",
        "https://[::1", "example.org", "https://a.example:", "https://a.example/ö",
    ])
    func `what is no base URL is refused`(text: String) {
        #expect(throws: BaseURL.Fault.self) { try BaseURL(text) }
    }

    @Test(arguments: [
        ("HTTPS://A.example", "https://a.example:443"),
        ("http://[::1]:8080/x/", "http://[::1]:8080/x"),
    ])
    func `two ways to write a base URL mean one`(one: String, other: String) throws {
        #expect(try BaseURL(one) == BaseURL(other))
    }
}
