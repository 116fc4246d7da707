// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import TellerProtocol
import TestSupport
import Testing

/// A marketplace that answers as a test says, and what was asked of it.
struct ScriptedMarket {
    struct Seen {
        let method: String
        /// With the query, without the prefix.
        let target: String
        let headers: [String: String]
        let body: String

        var line: String { "\(method) \(target)" }
    }

    let market: any Marketplace
    let bench: MarketBench
    private let kind: MarketStub.Market
    private let server: ScriptedServer

    /// Without what fetches mrkt's token.
    var seen: [Seen] {
        server.requests.map {
            Seen(
                method: $0.method,
                target: String($0.target.dropFirst(kind.rawValue.utf8.count + 2)),
                headers: $0.headers, body: $0.body)
        }.filter { $0.target != "auth" }
    }

    /// - Parameter answers: By method and path, without the query; 404 for others.
    static func with(
        _ kind: MarketStub.Market, _ answers: [String: String], attemptsMax: Int = 1,
        configure: (inout MarketplaceConfiguration) -> Void = { _ in },
        _ body: (ScriptedMarket) async throws -> Void
    ) async throws {
        try await with(
            kind, steps: answers.mapValues { Step.answer(200, $0) }, attemptsMax: attemptsMax,
            configure: configure, body)
    }

    static func with(
        _ kind: MarketStub.Market, steps: [String: [Step]], attemptsMax: Int = 1,
        configure: (inout MarketplaceConfiguration) -> Void = { _ in },
        _ body: (ScriptedMarket) async throws -> Void
    ) async throws {
        let script: ScriptedServer.Script = { request, _ in
            let path = request.target.prefix { $0 != "?" }.dropFirst(kind.rawValue.utf8.count + 2)
            if path == "auth" { return Step.answer(200, #"{"token":"mrkt-token-1"}"#) }
            return steps["\(request.method) \(path)"] ?? Step.answer(404)
        }
        try await ScriptedServer.with(script) { server in
            try await MarketBench.with { bench in
                let market = try bench.marketplace(
                    kind, at: server.port, attemptsMax: attemptsMax, configure: configure)
                try await body(
                    ScriptedMarket(market: market, bench: bench, kind: kind, server: server))
            }
        }
    }
}
