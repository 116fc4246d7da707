// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Tools other people wrote against the real program.
@Suite struct InteroperabilityTests {
    private static let info = #"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#

    @Test func `curl, nghttp and h2load get their answers`() throws {
        let server = try TellerProcess()
        for version in ["--http1.1", "--http2-prior-knowledge"] {
            let answer = try server.post(Self.info, [version])
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""name":"teller""#))
        }
        let file = server.folder.appending(path: "call").path
        try Self.info.write(toFile: file, atomically: true, encoding: .utf8)
        let content = ["-H", "content-type: application/json", "-d", file, "\(server.url)/rpc"]
        let nghttp = try TestProcess.runChecked(["nghttp", "-t", "20"] + content)
        #expect(nghttp.contains(#""name":"teller""#), "\(nghttp)")
        let load = try TestProcess.runChecked(
            ["h2load", "-n", "2000", "-c", "8", "-m", "10", "-t", "1"] + content)
        #expect(load.contains("2000 succeeded, 0 failed, 0 errored"), "\(load)")
        #expect(load.contains("2000 2xx"), "\(load)")
    }
}
