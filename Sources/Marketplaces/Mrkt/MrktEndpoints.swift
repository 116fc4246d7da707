// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

/// What Teller asks mrkt.
enum MrktEndpoints {
    static let auth = UpstreamEndpoint("mrkt.auth", .post, "/auth", .repeatable)
    static let listings = UpstreamEndpoint("mrkt.listings", .post, "/gifts/saling", .repeatable)
    static let ownItems = UpstreamEndpoint("mrkt.ownItems", .post, "/gifts", .repeatable)
    static let balance = UpstreamEndpoint("mrkt.balance", .get, "/balance", .repeatable)
    static let account = UpstreamEndpoint("mrkt.account", .get, "/me", .repeatable)
    static let deposits = UpstreamEndpoint(
        "mrkt.deposits", .get, "/transactions/await", .repeatable)
    /// Credits a deposit. Sent once: a deposit that was credited is no more among those that wait.
    static let creditDeposit = UpstreamEndpoint(
        "mrkt.creditDeposit", .post, "/transactions/{id}", .once)
    static let withdraw = UpstreamEndpoint(
        "mrkt.withdraw", .post, "/transactions/withdraw", .once)
    static let withdrawTons = UpstreamEndpoint(
        "mrkt.withdrawTons", .post, "/wallet/withdraw/tons", .once)
    static let buy = UpstreamEndpoint("mrkt.buy", .post, "/gifts/buy", .once)

    /// Those whose answers have a status of their own.
    private static let executing = [buy.name, withdraw.name, withdrawTons.name]
    private static let failures = ["failed", "error"]

    /// The status that an answer is judged by: a refusal may be told with 200.
    static func status(of endpoint: UpstreamEndpoint, _ http: Int, _ body: JSONValue) -> Int {
        guard (200..<300).contains(http) else { return http }
        switch body["error"] {
        case nil, .null, .bool(false), .string(""): break
        default: return MarketCalls.refusal
        }
        guard executing.contains(endpoint.name) else { return http }
        let isRefused =
            body["success"]?.bool == false
            || body["status"]?.string.map { failures.contains($0.lowercased()) } == true
        return isRefused ? MarketCalls.refusal : http
    }
}
