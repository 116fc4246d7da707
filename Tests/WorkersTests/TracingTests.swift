// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import InMemoryTracing
import Testing
import Tracing
import Workers

@Suite(.timeLimit(.minutes(1))) struct TracingTests {
    @Test func `passes that pay or conclude are spans with counts, and others are none`()
        async throws
    {
        let world = World(gateway: ScriptedGateway())
        let tracer = InMemoryTracer()
        let ids = try await world.makeWithdrawals(30)
        try await world.withProcess(tracer: tracer) { _, _, _ in
            try await world.reach(.confirmed, ids)
            // Idle passes go on meanwhile.
            try await Task.sleep(for: .milliseconds(50))
        }
        let spans = tracer.finishedSpans
        #expect(tracer.activeSpans.isEmpty)
        #expect(Set(spans.map(\.operationName)) == ["payout.dispatch", "payout.conclude"])
        #expect(spans.allSatisfy { $0.kind == .internal && $0.parentSpanID == nil })
        func total(_ key: String) -> Int64 {
            spans.reduce(0) { sum, span in
                if case .int64(let count)? = span.attributes.get(key) { sum + count } else { sum }
            }
        }
        #expect(total("taken") == 30 && total("sent") == 30)
        #expect(total("proven") == 30 && total("confirmed") == 30)
    }
}
