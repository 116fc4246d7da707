// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

/// What Teller asks portals.
enum PortalsEndpoints {
    static let listings = UpstreamEndpoint("portals.listings", .get, "/nfts/search", .repeatable)
    static let collections = UpstreamEndpoint(
        "portals.collections", .get, "/collections", .repeatable)
    static let ownItems = UpstreamEndpoint("portals.ownItems", .get, "/nfts/owned", .repeatable)
    static let balance = UpstreamEndpoint("portals.balance", .get, "/users/wallets/", .repeatable)
    /// Makes a name for a deposit; one that nobody pays to does no harm.
    static let newDeposit = UpstreamEndpoint("portals.newDeposit", .post, "/deposits", .repeatable)
    static let market = UpstreamEndpoint("portals.market", .get, "/market/config", .repeatable)
    static let deposits = UpstreamEndpoint(
        "portals.deposits", .get, "/deposits/statuses", .repeatable)
    static let withdraw = UpstreamEndpoint(
        "portals.withdraw", .post, "/users/wallets/withdraw", .once)
    static let payout = UpstreamEndpoint("portals.payout", .post, "/payouts", .once)
    static let withdrawals = UpstreamEndpoint(
        "portals.withdrawals", .get, "/users/wallets/withdrawals/statuses", .repeatable)
    static let buy = UpstreamEndpoint("portals.buy", .post, "/nfts", .once)

    static let failures = ["failed", "error", "rejected", "cancelled", "canceled"]

    /// The status that an answer is judged by: a payout may be refused with 200.
    static func status(of endpoint: UpstreamEndpoint, _ http: Int, _ body: JSONValue) -> Int {
        guard endpoint.name == payout.name, (200..<300).contains(http),
            let said = body["status"]?.string, failures.contains(said.lowercased())
        else { return http }
        return MarketCalls.refusal
    }
}
