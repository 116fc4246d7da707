// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import Synchronization
import TellerProtocol
import TestSupport
import Testing

@testable import RPC

/// Tokens in memory; counts how often it is asked.
final class MemoryTokens: TokenAuthenticator {
    private struct State {
        var principals: [TokenDigest: Principal] = [:]
        var questions = 0
        var isAway = false
    }

    private let state = Mutex(State())

    func issue(_ principal: Principal, seed: UInt64 = 7) -> String {
        var generator = SeededRandom(seed: seed)
        let (text, digest) = BearerToken.generate(using: &generator)
        state.withLock { $0.principals[digest] = principal }
        return text
    }

    func revokeAll() { state.withLock { $0.principals = [:] } }
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }
    var questions: Int { state.withLock { $0.questions } }

    func authenticate(tokenDigest: TokenDigest, now: Timestamp) async throws(RPCError) -> Principal?
    {
        let (isAway, principal) = state.withLock { state in
            state.questions += 1
            return (state.isAway, state.principals[tokenDigest])
        }
        if isAway {
            throw RPCError(
                code: -32050, message: "the store is away", status: .unavailable,
                reason: "STORE_UNAVAILABLE", retryable: true, retryAfterMilliseconds: 500)
        }
        return principal
    }
}

@Suite struct AccessTests {
    let tokens = MemoryTokens()
    private let reader = Principal(name: "reader", tenant: .standard, scopes: ["test:read"])

    private func fixture(
        limits: RPCLimits = RPCLimits(), subjects: [String: Principal] = [:],
        connection: HTTPConnectionInfo = Fixture.connection()
    ) -> Fixture {
        Fixture(
            access: AccessPolicy(tokens: tokens, certificateSubjects: subjects), limits: limits,
            connection: connection)
    }

    private func who(_ fixture: Fixture, _ authorization: String) async -> (
        status: Int, text: String
    ) {
        let response = await fixture.send(
            Fixture.call("test.who"), headers: ["authorization": authorization])
        return (response.status, response.text)
    }

    @Test func `a token is made of its prefix and 43 characters and has one digest`() {
        var generator = SeededRandom(seed: 1)
        let (text, digest) = BearerToken.generate(using: &generator)
        #expect(text.hasPrefix("tlr_"))
        #expect(text.utf8.count == 47)
        #expect(TokenDigest(of: Array(text.utf8)) == digest)
        #expect(TokenDigest(bytes: digest.bytes) == digest)
        #expect(digest.bytes.count == 32)
        #expect(TokenDigest(bytes: [1, 2]) == nil)
        let other = BearerToken.generate(using: &generator)
        #expect(other.digest != digest)
    }

    @Test func `a digest is the SHA-256 of the text`() {
        // FIPS 180-2, appendix B.1.
        let digest = TokenDigest(of: Array("abc".utf8))
        #expect(digest.bytes.prefix(4) == [0xBA, 0x78, 0x16, 0xBF])
        #expect(digest.bytes.suffix(4) == [0xF2, 0x00, 0x15, 0xAD])
    }

    @Test func `a caller with a token is its principal`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        #expect(await who(fixture, "Bearer \(token)").text.contains("reader"))
        #expect(await who(fixture, "bearer \(token)").text.contains("reader"))
    }

    @Test func `a caller without credentials is refused with 401`() async {
        let response = await fixture().send(Fixture.call("test.who"))
        #expect(response.status == 401)
        #expect(response.headers["www-authenticate"] == "Bearer")
        #expect(response.text.contains(#""reason":"UNAUTHENTICATED""#))
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer tlr_short",
        "Bearer " + String(repeating: "x", count: 47),
        "Bearer  tlr_" + String(repeating: "x", count: 42),
        "Bearer tlr_" + String(repeating: "x", count: 43),
        "Bearer tlr_" + String(repeating: "x", count: 100_000),
    ]) func `anything but a live token is refused with 401`(authorization: String) async {
        #expect(await who(fixture(), authorization).status == 401)
    }

    @Test func `two authorization headers are refused`() async {
        let token = tokens.issue(reader)
        let response = await fixture().send(
            Fixture.call("test.who"),
            headers: ["authorization": "Bearer \(token)", "authorization": "Bearer \(token)"])
        #expect(response.status == 401)
    }

    @Test func `a bad token is not made good by a certificate or by an open door`() async {
        let access = AccessPolicy(
            anonymous: .anonymous, tokens: tokens, certificateSubjects: ["CN=a": reader])
        let fixture = Fixture(access: access, connection: Fixture.connection(subject: "CN=a"))
        #expect(await who(fixture, "Bearer tlr_bad").status == 401)
    }

    @Test func `the subject of a client certificate is a principal when it is known`() async {
        let known = fixture(
            subjects: ["CN=a": reader], connection: Fixture.connection(subject: "CN=a"))
        #expect(await known.send(Fixture.call("test.who")).text.contains("reader"))
        let unknown = fixture(
            subjects: ["CN=a": reader], connection: Fixture.connection(subject: "CN=b"))
        #expect(await unknown.send(Fixture.call("test.who")).status == 401)
    }

    @Test func `a scope that is missing is refused with 403 and the id`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        let response = await fixture.send(
            Fixture.call("test.key", id: "\"k\""), headers: ["authorization": "Bearer \(token)"])
        #expect(response.status == 403)
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":"k","error":{"#))
        #expect(response.text.contains(#""reason":"PERMISSION_DENIED""#))
    }

    @Test func `each call of a batch needs its own scope`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        let response = await fixture.send(
            "[\(Fixture.call("test.key", id: "1")),\(Fixture.call("test.echo", id: "2"))]",
            headers: ["authorization": "Bearer \(token)"])
        #expect(response.status == 200)
        #expect(response.text.components(of: #""reason":"PERMISSION_DENIED""#) == 1)
        #expect(response.text.hasSuffix(#"{"jsonrpc":"2.0","id":2,"result":{}}]"#))
    }

    @Test func `a stream needs its scope`() async {
        let fixture = fixture()
        let token = tokens.issue(Principal(name: "none", tenant: .standard, scopes: []))
        let response = await fixture.send(
            Fixture.call("test.watch"), headers: ["authorization": "Bearer \(token)"])
        #expect(response.status == 403)
    }

    @Test func `probes need no token`() async {
        let response = await fixture().send(
            fixture().request("", method: .get, path: "/readyz", headers: [:]))
        #expect(response.status == 200)
    }

    @Test func `a page in a browser cannot use a server without tokens`() async {
        let fixture = Fixture()
        let response = await fixture.send(
            Fixture.call("test.echo"), headers: ["origin": "https://example.com"])
        #expect(response.status == 403)
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 0)
    }

    @Test func `a revoked token works no longer than the cache's time`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        #expect(await who(fixture, "Bearer \(token)").status == 200)
        #expect(await who(fixture, "Bearer \(token)").status == 200)
        #expect(tokens.questions == 1)
        tokens.revokeAll()
        fixture.time.advance(by: .milliseconds(999))
        #expect(await who(fixture, "Bearer \(token)").status == 200)
        fixture.time.advance(by: .milliseconds(1))
        #expect(await who(fixture, "Bearer \(token)").status == 401)
        #expect(await who(fixture, "Bearer \(token)").status == 401)
    }

    @Test func `a store that cannot say is unavailable and no failed attempt`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        tokens.setAway(true)
        for _ in 0..<20 {
            let response = await fixture.send(
                Fixture.call("test.who"), headers: ["authorization": "Bearer \(token)"])
            #expect(response.status == 503)
            #expect(response.headers["retry-after"] == "1")
        }
        tokens.setAway(false)
        #expect(await who(fixture, "Bearer \(token)").status == 200)
    }

    @Test func `a token that is revoked ends its streams at the next event`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        let exchange = fixture.start(
            Fixture.call("test.count", #"{"count":5}"#),
            headers: ["authorization": "Bearer \(token)"], writesAllowed: 1)
        await exchange.writeBlocked()
        tokens.revokeAll()
        fixture.time.advance(by: .seconds(1))
        exchange.allowWrites(10)
        let response = await exchange.response()
        let lines = response.text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.last?.contains("UNAUTHENTICATED") == true)
    }

    @Test func `a store that is away ends no stream`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        let exchange = fixture.start(
            Fixture.call("test.count", #"{"count":5}"#),
            headers: ["authorization": "Bearer \(token)"], writesAllowed: 1)
        await exchange.writeBlocked()
        tokens.setAway(true)
        fixture.time.advance(by: .seconds(1))
        exchange.allowWrites(10)
        #expect(await exchange.response().text.hasSuffix("\"done\"}}\n"))
    }

    // MARK: Failed attempts

    private let unknownToken = "Bearer tlr_" + String(repeating: "x", count: 43)

    @Test func `an address that keeps failing must wait`() async {
        let fixture = fixture()
        for _ in 0..<10 { #expect(await who(fixture, unknownToken).status == 401) }
        let questions = tokens.questions
        let response = await fixture.send(
            Fixture.call("test.who"), headers: ["authorization": unknownToken])
        #expect(response.status == 429)
        #expect(response.headers["retry-after"] == "2")
        #expect(response.text.contains(#""reason":"RATE_LIMITED""#))
        #expect(tokens.questions == questions)
        fixture.time.advance(by: .seconds(2))
        #expect(await who(fixture, unknownToken).status == 401)
        #expect(await who(fixture, unknownToken).status == 429)
    }

    @Test func `a token that was good goes on working beside failing neighbours`() async {
        let fixture = fixture()
        let token = tokens.issue(reader)
        #expect(await who(fixture, "Bearer \(token)").status == 200)
        for _ in 0..<20 { _ = await who(fixture, unknownToken) }
        fixture.time.advance(by: .milliseconds(1500))
        #expect(await who(fixture, "Bearer \(token)").status == 200)
    }

    @Test func `the table of failing addresses is bounded`() {
        var limits = RPCLimits()
        limits.failedAttemptAddressesMax = 100
        limits.failedAttemptsBurst = 1
        let failures = FailedAttempts(limits)
        for _ in 0..<5 { failures.record("worst", now: .zero) }
        for index in 0..<10_000 {
            failures.record("address \(index)", now: .zero)
            #expect(failures.addressesCount <= 100)
        }
        #expect(failures.wait(of: "worst", now: .zero) != nil)
    }

    @Test func `the cache of tokens is bounded`() {
        var limits = RPCLimits()
        limits.tokenCacheEntriesMax = 10
        let cache = TokenCache(limits)
        for index in 0..<1000 {
            let digest = TokenDigest(of: Array("\(index)".utf8))
            cache.keep(.anonymous, for: digest, now: .zero)
            #expect(cache.count <= 10)
            guard case .fresh = cache.answer(for: digest, now: .zero) else {
                Issue.record("the newest entry is gone")
                return
            }
        }
    }

    @Test func `failed attempts are logged without the secret`() async {
        let log = LogRecorder()
        let fixture = Fixture(
            access: AccessPolicy(tokens: tokens), logger: log.logger(level: .trace))
        let secret = "tlr_" + String(repeating: "s", count: 43)
        _ = await who(fixture, "Bearer \(secret)")
        _ = await who(fixture, "Basic \(secret)")
        #expect(log.lines.count == 2)
        #expect(log.lines.allSatisfy { $0.contains("192.0.2.1") && !$0.contains("sss") })
    }
}

/// Keeps what is logged.
final class LogRecorder: Sendable {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock { $0 } }

    func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(recorder: self, logLevel: level) }
        logger.logLevel = level
        return logger
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            recorder.recorded.withLock { $0.append("\(event.level) \(event.message) \(all)") }
        }
    }
}
