// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol

/// Times the generated codecs beside Foundation's, on one `withdraw.create` of 250 bytes.
@main
enum CodecBenchmark {
    /// The params as an application would declare them for Foundation, amounts left as text.
    struct FoundationParams: Codable {
        var accountId: String
        var amount: String
        var destination: String
        var comment: String?
        var idempotencyKey: String?
    }

    static func main() throws {
        let params = Array(
            (#"{"accountId":"user:1000042","amount":"1500000000","#
                + #""destination":"UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA","#
                + #""comment":"payout for the week of 23 November, thank you","#
                + #""idempotencyKey":"payout-0192a7b4-6d3e-7a10-8b4d-5f0e6a9c1d2e-week-47"}"#)
                .utf8)
        let data = Data(params)
        let decoder = JSONDecoder()
        let encoder = JSONEncoder()
        let value = try WithdrawCreateParams(jsonBytes: params)
        let foundationValue = try decoder.decode(FoundationParams.self, from: data)
        print("withdraw.create params, \(params.count) bytes, nanoseconds each:")
        try report("read, generated codec") { try WithdrawCreateParams(jsonBytes: params).amount }
        try report("read, Foundation") {
            try decoder.decode(FoundationParams.self, from: data).amount
        }
        try report("check only (skipValue)") {
            var reader = JSONReader(params)
            return try reader.skipValue()
        }
        try report("write, generated codec") { value.jsonBytes.count }
        try report("write, Foundation") { try encoder.encode(foundationValue).count }
    }

    /// The best of five rounds, so that another process's turn on the core doesn't count.
    private static func report(_ name: String, _ body: () throws -> some Any) throws {
        if let only = CommandLine.arguments.dropFirst().first, !name.contains(only) { return }
        let clock = ContinuousClock()
        let repetitions = 50_000
        var best = Duration.seconds(1000)
        for _ in 0..<5 {
            let duration = try clock.measure {
                for _ in 0..<repetitions { withExtendedLifetime(try body()) {} }
            }
            best = min(best, duration)
        }
        let nanoseconds = Double(best.components.attoseconds) / 1e9 / Double(repetitions)
        let padded = name.padding(toLength: 28, withPad: " ", startingAt: 0)
        print("  \(padded) \(String(format: "%8.0f", nanoseconds))")
    }
}
