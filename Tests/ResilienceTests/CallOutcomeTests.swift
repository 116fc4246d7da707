// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Testing

@Suite struct CallOutcomeTests {
    @Test func `every HTTP status has its class`() {
        func classes(_ statuses: some Sequence<Int>) -> Set<CallClass> {
            Set(statuses.map { CallOutcome(httpStatus: $0).callClass })
        }
        #expect(classes(200..<400) == [.succeeded])
        #expect(classes((400..<500).filter { $0 != 429 }) == [.rejected])
        #expect(classes([429]) == [.tooManyRequests])
        #expect(classes(500..<600) == [.server])
        #expect(classes([.min, -1, 0, 100, 199, 600, .max]) == [.protocol])
    }

    @Test func `what never reached the upstream was not processed`() {
        let processed = CallClass.allCases.filter { CallOutcome($0).mayHaveBeenProcessed }
        #expect(processed == [.succeeded, .timeout, .server, .protocol, .cancelled])
        #expect(!CallOutcome(.protocol, mayHaveBeenProcessed: false).mayHaveBeenProcessed)
        #expect(CallOutcome(.connect, mayHaveBeenProcessed: true).mayHaveBeenProcessed)
    }

    @Test func `a wish to wait is never negative`() {
        #expect(CallOutcome(.server, retryAfter: .seconds(-1)).retryAfter == .zero)
        #expect(CallOutcome(httpStatus: 429, retryAfter: .seconds(3)).retryAfter == .seconds(3))
        #expect(CallOutcome(.server).retryAfter == nil)
    }

    @Test func `failures are what speaks against the upstream`() {
        #expect(CallClass.allCases.filter(\.isFailure) == CallClass.failures)
    }
}
