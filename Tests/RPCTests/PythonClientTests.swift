// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import RPC

/// Clients other people wrote, as real processes.
@Suite(.timeLimit(.minutes(2))) struct PythonClientTests {
    /// Runs a fixture against a live server; its output by lines.
    private func run(_ script: String) async throws -> [String] {
        // `scripts/setup test` makes this environment.
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let python = root.appendingPathComponent(".build/python/bin/python").path
        let file = try #require(
            Bundle.module.url(forResource: script, withExtension: "py", subdirectory: "Fixtures"))
        var output = ""
        try await LiveServer.run { live in
            output = try TestProcess.runChecked([python, file.path, "\(live.port)"])
        }
        return output.split(separator: "\n").map(String.init)
    }

    @Test func `grpcio's health stub gets Check, List and Watch`() async throws {
        #expect(
            try await run("health") == [
                "check  SERVING", "check readiness SERVING", "check liveness SERVING",
                "check unknown NOT_FOUND", "list  SERVING", "list liveness SERVING",
                "list readiness SERVING", "watch SERVICE_UNKNOWN", "other UNIMPLEMENTED",
                "large RESOURCE_EXHAUSTED", "watch SERVING", "watch NOT_SERVING",
                "watch SERVING", "watch NOT_SERVING", "end UNAVAILABLE",
            ])
    }

    @Test func `httpx calls, sends batches and reads streams`() async throws {
        let answers = [
            "2 METHOD_NOT_FOUND",
            #"{"jsonrpc":"2.0","method":"test.count","params":{"count":0}}"#,
            #"{"jsonrpc":"2.0","method":"test.count","params":{"count":1}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"text":"done"}}"#, "405",
        ]
        #expect(
            try await run("calls")
                == ["HTTP/1.1 200 {'count': 1}"] + answers + ["HTTP/2 200 {'count': 1}"] + answers)
    }
}
