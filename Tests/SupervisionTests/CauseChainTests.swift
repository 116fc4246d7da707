// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Testing

@Suite struct CauseChainTests {
    private struct Plain: Error, CustomStringConvertible {
        let description: String
        let secret = "hunter2"
    }

    private struct Wrapped: Error, CustomStringConvertible {
        let description: String
        let cause: (any Error)?
    }

    private final class Knot: Error, @unchecked Sendable {
        // Set once before it is shared.
        var underlying: (any Error)?
    }

    @Test func `the chain names every cause on a line of its own`() {
        let error = Wrapped(
            description: "pass failed",
            cause: Wrapped(description: "no commit", cause: Plain(description: "store away")))
        #expect(
            causeChain(of: error) == "pass failed\ncaused by: no commit\ncaused by: store away")
        #expect(causeChain(of: Wrapped(description: "alone", cause: nil)) == "alone")
    }

    @Test func `only what is safe to show is in it`() {
        let error = Wrapped(description: "x", cause: Plain(description: "y"))
        #expect(!causeChain(of: error).contains("hunter2"))
    }

    @Test func `the text is bounded, in whole characters`() {
        let error = Wrapped(
            description: String(repeating: "é", count: 3_000), cause: Plain(description: "y"))
        let text = causeChain(of: error)
        #expect(text.utf8.count <= causeChainBytesMax)
        #expect(text.utf8.count > causeChainBytesMax - 8)
        #expect(text.hasSuffix("é…"))
    }

    @Test func `a chain that bites its tail ends`() {
        let knot = Knot()
        knot.underlying = knot
        let lines = causeChain(of: knot).split(separator: "\n")
        #expect(lines.count == 17)
        knot.underlying = nil
    }
}
