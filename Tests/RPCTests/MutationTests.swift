// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol
import TestSupport
import Testing

@testable import RPC

/// Bodies near to valid ones: whatever comes, there is one well-formed answer and nothing is
/// left behind.
@Suite struct MutationTests {
    private static let bodies = [
        Fixture.call("test.echo", #"{"text":"a\u00e9\n","count":-12}"#, id: "\"id\""),
        Fixture.call("test.key", #"{"idempotencyKey":"k"}"#),
        Fixture.call("test.count", #"{"count":2}"#),
        #"{"jsonrpc":"2.0","method":"test.echo"}"#,
        "[\(Fixture.call("test.echo", id: "1")),\(Fixture.call("test.fail", id: "null")),{},1]",
    ]

    @Test func `a mutated body gets one well-formed answer`() async throws {
        let fixture = Fixture()
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        for round in 0..<20_000 {
            let body = mutate(Self.bodies.randomElement(using: &random) ?? "", using: &random)
            let request = HTTPRequest(
                method: .post, path: "/rpc",
                headers: HTTPHeaders(["content-type": "application/json"]), body: body,
                connection: fixture.connection)
            let exchange = fixture.exchange()
            let response = await exchange.answer(to: request, from: fixture.handler)
            let note: Comment = "seed \(seed), round \(round)"
            #expect(exchange.answersCount == 1, note)
            switch response.status {
            case 204: #expect(response.body.isEmpty, note)
            case 200:
                for line in response.body.split(separator: UInt8(ascii: "\n")) {
                    let value = try JSONValue.parse(Array(line))
                    for answer in value.elements ?? [value] {
                        #expect(answer["jsonrpc"]?.string == "2.0", note)
                    }
                }
            default: Issue.record("status \(response.status), seed \(seed), round \(round)")
            }
        }
        #expect(fixture.handler.callsInFlight == 0)
        #expect(fixture.connection.callsInFlight.count == 0)
        #expect(fixture.connection.streamsOpen.count == 0)
    }

    /// A few bytes changed, removed, repeated or put elsewhere.
    private func mutate(_ text: String, using random: inout SeededRandom) -> [UInt8] {
        var bytes = Array(text.utf8)
        let interesting = Array("{}[]\",:\\0e-. nt\u{0}\u{7F}".utf8) + [0xC3, 0xFF]
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[index] = interesting.randomElement(using: &random) ?? 0
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: index)
            case 3: bytes.removeSubrange(index...)
            default:
                let end = Int.random(in: index...bytes.count, using: &random)
                bytes.insert(contentsOf: bytes[index..<end], at: end)
            }
        }
        return bytes
    }
}
