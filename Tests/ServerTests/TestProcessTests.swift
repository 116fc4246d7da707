// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The tool the other tests run programs with.
@Suite struct TestProcessTests {
    @Test func `a process that does not end is killed and its output is told`() throws {
        let failure = try #require(throws: TestProcess.Failure.self) {
            try TestProcess.run(
                ["sh", "-c", "echo $$ began; exec sleep 600"], timeout: .milliseconds(300))
        }
        let words = failure.description.split(separator: " ")
        #expect(failure.description.contains("began"), "\(failure)")
        let identifier = try #require(words.compactMap { pid_t($0) }.last)
        #expect(kill(identifier, 0) == -1 && errno == ESRCH)
    }

    @Test func `a process that closes its output and goes on is killed too`() throws {
        #expect(throws: TestProcess.Failure.self) {
            try TestProcess.run(
                ["sh", "-c", "exec >&- 2>&-; exec sleep 600"], timeout: .milliseconds(300))
        }
    }

    @Test func `output and status come whole, whatever becomes of the input`() throws {
        let outcome = try TestProcess.run(
            ["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; echo error >&2; exit 3"],
            input: String(repeating: "unread", count: 100_000))
        #expect(outcome.status == 3)
        #expect(outcome.output == String(repeating: "x", count: 300_000) + "error\n")
        let echoed = try TestProcess.run(["cat"], input: String(repeating: "y", count: 300_000))
        #expect(echoed.output.utf8.count == 300_000)
    }
}
