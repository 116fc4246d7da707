// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
import TellerProtocol
import Testing
import Upstream

/// An upstream before a scripted server, and all that it told.
final class Bench: Sendable {
    static let token = "7741:AAHsecret-Token_x"

    private final class Observer: UpstreamObserver {
        let events = Mutex<[UpstreamEvent]>([])

        func observe(_ event: UpstreamEvent) { events.withLock { $0.append(event) } }
    }

    let upstream: Upstream
    let client: UpstreamClient
    private let observer = Observer()

    var events: [UpstreamEvent] { observer.events.withLock { $0 } }

    var classes: [CallClass] {
        events.compactMap {
            if case .attempted(let attempt) = $0 { attempt.callClass } else { nil }
        }
    }

    /// Runs `body` with an upstream at the port.
    static func with(
        port: Int, scheme: String = "http", policy change: (inout RetryPolicy) -> Void = { _ in },
        client: UpstreamClient = UpstreamClient(),
        configure: (inout UpstreamConfiguration) -> Void = { _ in },
        traceHeaders: @escaping @Sendable () -> [String: String] = { [:] },
        _ body: (Bench) async throws -> Void
    ) async throws {
        let bench: Bench
        do {
            let url = try BaseURL("\(scheme)://127.0.0.1:\(port)/api/")
            var configuration = UpstreamConfiguration(name: "service", baseURL: url)
            configuration.auth = FixedCredentials(
                UpstreamCredentials(
                    headers: ["authorization": "Bearer \(token)"], pathSecrets: ["token": token]))
            configure(&configuration)
            bench = try Bench(configuration, policy(change), client, traceHeaders)
        } catch {
            await client.shutdown()
            throw error
        }
        do {
            try await body(bench)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        bench.expectIdle()
        bench.expectNoSecrets("\(bench.events)")
        for event in bench.events { bench.expectNoSecrets(String(reflecting: event)) }
    }

    static func policy(
        _ change: (inout RetryPolicy) -> Void = { _ in }
    ) throws -> CheckedRetryPolicy {
        var policy = RetryPolicy.default
        policy.backoff.baseMs = 1
        policy.backoff.capMs = 2
        policy.breaker.callsMin = 10_000
        policy.budget.floor = 1_000
        policy.retryable = Set(CallClass.failures)
        change(&policy)
        return try CheckedRetryPolicy(policy)
    }

    private init(
        _ configuration: UpstreamConfiguration, _ policy: CheckedRetryPolicy,
        _ client: UpstreamClient, _ traceHeaders: @escaping @Sendable () -> [String: String]
    ) throws {
        let ahead = AheadOfTime()
        let origin = ContinuousClock.now
        var environment = UpstreamEnvironment(
            now: { ContinuousClock.now - origin + ahead.duration.withLock { $0 } },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) },
            // 1994-11-06T08:49:30Z
            wallClock: { .seconds(784_111_770) }, random: { 1 << 62 })
        environment.traceHeaders = traceHeaders
        self.client = client
        self.clock = ahead
        upstream = try Upstream(
            configuration, policy: policy, client: client, environment: environment,
            observer: observer)
    }

    private final class AheadOfTime: Sendable { let duration = Mutex(Duration.zero) }
    private let clock: AheadOfTime

    func advance(by duration: Duration) { clock.duration.withLock { $0 += duration } }

    /// The error of a call that must fail; it holds no secret.
    func failure(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest = UpstreamRequest(),
        within limit: Duration? = nil, _ location: SourceLocation = #_sourceLocation
    ) async throws -> UpstreamError {
        let error = await #expect(throws: UpstreamError.self, sourceLocation: location) {
            _ = try await self.upstream.call(
                endpoint, request, within: limit, as: JSONValue.self)
        }
        let failed = try #require(error, sourceLocation: location)
        for text in [failed.description, failed.debugDescription, dumped(failed)] {
            expectNoSecrets(text, location)
        }
        return failed
    }

    private func dumped(_ error: UpstreamError) -> String {
        var text = ""
        dump(error, to: &text)
        return text
    }

    private func expectNoSecrets(
        _ text: String, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(!text.contains(Self.token), sourceLocation: location)
        #expect(!text.contains("AAHsecret"), sourceLocation: location)
    }

    private func expectIdle(_ location: SourceLocation = #_sourceLocation) {
        let status = upstream.status()
        #expect(status.inFlight == 0 && status.waiting == 0, sourceLocation: location)
    }
}

/// The endpoints the tests call.
enum Endpoints {
    static let get = UpstreamEndpoint("service.get", .get, "/items/{id}", .repeatable)
    static let list = UpstreamEndpoint("service.list", .get, "/items", .repeatable)
    static let put = UpstreamEndpoint("service.put", .post, "/items", .repeatable)
    static let pay = UpstreamEndpoint("service.pay", .post, "/bot{token}/pay", .once)
    static let payment = UpstreamRequest(json: JSONValue.object([.init("amount", .number("1"))]))
}
