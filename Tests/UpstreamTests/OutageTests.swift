// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
import TestSupport
import Testing
import Upstream

/// Promise 6 over real sockets, with the policy an upstream has when nobody has set another.
@Suite(.serialized) struct OutageTests {
    private static let endpoint = UpstreamEndpoint(
        "service.read", .get, "/items", .repeatable)

    /// Makes calls at a steady rate and waits for them.
    ///
    /// - Returns: how many succeeded.
    private static func load(
        _ upstream: Upstream, calls: Int, perSecond: Int
    ) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            let perTurn = max(1, perSecond / 100)
            var made = 0
            while made < calls {
                for _ in 0..<min(perTurn, calls - made) {
                    group.addTask { (try? await upstream.send(endpoint)) != nil }
                    made += 1
                }
                try? await Task.sleep(for: .seconds(1) * perTurn / perSecond)
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    @Test func `a full outage gets at most a tenth more attempts than calls, and its end is seen`()
        async throws
    {
        let isAway = Mutex(true)
        try await ScriptedServer.with { _, _ in
            isAway.withLock { $0 } ? Step.answer(503) : Step.answer(200)
        } _: { server in
            try await Bench.with(port: server.port, policy: { $0 = .default }) { bench in
                let calls = 4_000
                let successes = await Self.load(bench.upstream, calls: calls, perSecond: 1_000)
                #expect(successes == 0)
                let attempts = server.requests.count
                #expect(attempts * 10 <= calls * 11, "\(attempts) attempts")
                print("full outage: \(calls) calls, \(attempts) attempts")

                isAway.withLock { $0 = false }
                let healed = ContinuousClock.now
                let breaker = RetryPolicy.default.breaker
                // One at a time, until the breaker is closed: a half-open one turns more away.
                var probesLeft = breaker.probes
                while probesLeft > 0 {
                    if (try? await bench.upstream.send(Self.endpoint)) == nil {
                        try await Task.sleep(for: .milliseconds(20))
                    } else {
                        probesLeft -= 1
                    }
                }
                let openMax = breaker.openMs * (100 + breaker.openJitterPercent) / 100
                // A probe takes no second here.
                #expect(ContinuousClock.now - healed < .milliseconds(openMax + 1_000))
                let again = await Self.load(bench.upstream, calls: 100, perSecond: 100)
                #expect(again == 100)
            }
        }
    }

    @Test func `of five faults in a hundred the caller sees fewer than one`() async throws {
        try await ScriptedServer.with { _, number in
            // Every twentieth, spread over calls and their retries.
            number % 20 == 7 ? Step.answer(503) : Step.answer(200)
        } _: { server in
            try await Bench.with(port: server.port, policy: { $0 = .default }) { bench in
                let successes = await Self.load(bench.upstream, calls: 1_000, perSecond: 200)
                #expect(successes >= 990, "\(successes) of 1000")
                #expect(server.requests.count <= 1_100)
            }
        }
    }
}
