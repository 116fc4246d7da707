// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

/// What Teller asks tonnel. Everything is a POST; a failure is told with 200.
enum TonnelEndpoints {
    static let gifts = UpstreamEndpoint("tonnel.gifts", .post, "/pageGifts", .repeatable)
    static let balance = UpstreamEndpoint("tonnel.balance", .post, "/balance/info", .repeatable)
    static let withdraw = UpstreamEndpoint("tonnel.withdraw", .post, "/balance/withdraw", .once)
    static let buy = UpstreamEndpoint("tonnel.buy", .post, "/buyGift/{gift}", .once)

    /// The status that an answer is judged by.
    static func status(of endpoint: UpstreamEndpoint, _ http: Int, _ body: JSONValue) -> Int {
        (200..<300).contains(http) && body["status"]?.string == "error"
            ? MarketCalls.refusal : http
    }
}
