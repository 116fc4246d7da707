// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What the other tests take for granted of the sandbox.
@Suite struct SandboxTests {
    static let account = "0:" + String(repeating: "ab", count: 32)

    @Test func `a deposit arrives with the next block, and money is conserved`() async throws {
        let sandbox = try TONSandbox()
        try await sandbox.deposit(to: Self.account, amount: 2_000_000_000, comment: "memo")
        #expect(try await sandbox.received(by: Self.account) == [])
        let before = try await sandbox.state()
        let after = try await sandbox.mine(seconds: 5)
        #expect(after.block == before.block + 1 && after.now == before.now + 5)
        #expect(after.isConserved)
        let received = try await sandbox.received(by: Self.account)
        #expect(received.map(\.value) == [2_000_000_000] && received[0].comment == "memo")
        try await sandbox.reset()
        #expect(try await sandbox.received(by: Self.account) == [])
    }

    @Test func `without manual mode blocks come by themselves`() async throws {
        var options = TONSandbox.Options()
        options.isManual = false
        let sandbox = try TONSandbox(options)
        let before = try await sandbox.state().block
        while try await sandbox.state().block <= before + 1 {
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
