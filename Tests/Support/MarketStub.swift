// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import TellerProtocol

/// The market stub of a test's own: mrkt, portals and tonnel in one process on a free loopback
/// port, with what they keep of their users, and every fault of theirs at command.
package final class MarketStub: Sendable {
    package enum Market: String, Sendable, CaseIterable {
        case mrkt
        case portals
        case tonnel
    }

    package enum Fault: String, Sendable, CaseIterable {
        // Not carried out.
        case unauthorized
        case rateLimit = "rate_limit"
        case badGateway = "bad_gateway"
        case htmlForbidden = "html_forbidden"
        case errorStatus = "error_status"
        case hangup
        // Carried out.
        case lostResponse = "lost_response"
        case lateBadGateway = "late_bad_gateway"
        case slow
        case empty
        case garbage
        // In the rows of a page.
        case duplicateIDs = "duplicate_ids"
        case cursorLoop = "cursor_loop"
        case nineDecimals = "nine_decimals"
        case tenDecimals = "ten_decimals"
        case priceForm = "price_form"
        case extraFields = "extra_fields"
        case nullAttributes = "null_attributes"
    }

    /// What was carried out, and what came.
    package struct State: Sendable {
        package struct Withdrawal: Sendable, Equatable {
            package let market: Market
            /// In nanotons: what the account was debited, and what left.
            package let amount: Int64
            package let sent: Int64
            package let wallet: String
        }

        package struct Sale: Sendable, Equatable {
            package let market: Market
            package let item: String
            /// In nanotons, with the fee.
            package let paid: Int64
        }

        package struct Call: Sendable {
            package let market: Market
            /// Below the market's prefix.
            package let path: String
            /// Seconds on the stub's clock.
            package let at: Double
            package let userAgent: String?
            package let origin: String?
            package let hasCookie: Bool
        }

        package let withdrawals: [Withdrawal]
        package let sales: [Sale]
        /// The newest 1,000, oldest first.
        package let calls: [Call]
        /// Tokens that mrkt has given.
        package let auths: Int
        package let balances: [Market: [String: Int64]]
        /// Where deposits are paid to.
        package let depositWallets: [Market: String]
        /// Where withdrawals are paid from.
        package let payingWallets: [Market: String]

        /// - Parameter path: A last `*` stands for anything.
        package func calls(of market: Market, _ path: String) -> Int {
            calls.filter { call in
                call.market == market
                    && (path.last == "*"
                        ? call.path.hasPrefix(path.dropLast()) : call.path == path)
            }.count
        }
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/MarketStub/market_stub.py").path

    private let process: LoopbackProcess

    package var port: Int { process.port }

    /// - Parameter sandbox: What withdrawals and deposits go through; nil for a ledger without a
    ///   chain.
    package init(over sandbox: TONSandbox? = nil) throws {
        let arguments = sandbox.map { ["--sandbox", "http://127.0.0.1:\($0.port)"] } ?? []
        process = try LoopbackProcess(script: Self.script, ["--port", "0"] + arguments)
    }

    /// `http://127.0.0.1:8082/mrkt`
    package func url(_ market: Market) -> String { "http://127.0.0.1:\(port)/\(market.rawValue)" }

    package func stop() { process.stop() }

    // MARK: - Control

    /// - Parameter balance: In nanotons.
    package func setBalance(_ balance: Int64, of user: Int64, at market: Market) async throws {
        try await control(
            "users", market, [.init("user", .string("\(user)")), .init("balance", number(balance))])
    }

    /// Puts gifts up for sale.
    ///
    /// - Parameter price: In nanotons.
    package func list(_ count: Int, for price: Int64, at market: Market) async throws {
        try await control(
            "listings", market, [.init("count", number(count)), .init("price", number(price))])
    }

    /// Puts a gift up with members of its own: `id`, `price`, `auction`.
    package func list(_ row: JSONValue, at market: Market) async throws {
        try await control("listings", market, [.init("rows", .array([row]))])
    }

    /// Gives a user gifts, every second of which is listed.
    package func give(_ count: Int, to user: Int64, at market: Market) async throws {
        try await control(
            "owned", market, [.init("user", .string("\(user)")), .init("count", number(count))])
    }

    /// Spoils the next calls.
    ///
    /// - Parameters:
    ///   - path: Of the calls, below the prefix; a last `*` stands for anything; nil for any.
    ///   - after: How many of them are spared first.
    ///   - delay: Of a slow one.
    ///   - retryAfter: Seconds that a 429 names; nil for none.
    package func spoil(
        _ market: Market, _ fault: Fault, path: String? = nil, count: Int = 1, after: Int = 0,
        delay: Duration = .seconds(1), retryAfter: Int? = nil
    ) async throws {
        var members: [JSONValue.Member] = [
            .init("kind", .string(fault.rawValue)), .init("count", number(count)),
            .init("after", number(after)), .init("ms", number(Int(delay / .milliseconds(1)))),
        ]
        if let path { members.append(.init("path", .string(path))) }
        if let retryAfter { members.append(.init("retryAfter", number(retryAfter))) }
        try await control("faults", market, members)
    }

    /// Refuses the credentials in use after so many more calls.
    package func expire(_ market: Market, after calls: Int) async throws {
        try await control("expire", market, [.init("after", number(calls))])
    }

    /// Spoils each call with a probability, in hundredths.
    package func spoilAtRandom(percent: Int, seed: UInt64) async throws {
        try await process.post(
            "stub/chaos",
            [
                .init("faultRate", .number("\(percent)e-2")),
                .init("seed", .number("\(seed % 1_000_000)")),
            ])
    }

    package func clear() async throws { try await process.post("stub/clear", []) }

    package func state() async throws -> State {
        let state = try await process.post("stub/state", [])
        func text(_ row: JSONValue, _ key: String) -> String { row[key]?.string ?? "" }
        func amount(_ row: JSONValue, _ key: String) -> Int64 { Int64(text(row, key)) ?? -1 }
        func rows<Row>(_ key: String, _ read: (JSONValue, Market) -> Row) -> [Row] {
            (state[key]?.elements ?? []).compactMap { row in
                Market(rawValue: text(row, "market")).map { read(row, $0) }
            }
        }
        func members<Value>(_ key: String, _ read: (JSONValue) -> Value?) -> [Market: Value] {
            var values: [Market: Value] = [:]
            for member in state[key]?.members ?? [] {
                if let market = Market(rawValue: member.key) { values[market] = read(member.value) }
            }
            return values
        }
        return State(
            withdrawals: rows("withdrawals") { row, market in
                .init(
                    market: market, amount: amount(row, "amount"), sent: amount(row, "sent"),
                    wallet: text(row, "wallet"))
            },
            sales: rows("sales") { row, market in
                .init(market: market, item: text(row, "id"), paid: amount(row, "paid"))
            },
            calls: rows("log") { row, market in
                .init(
                    market: market, path: text(row, "path"), at: Self.seconds(row["at"]),
                    userAgent: row["userAgent"]?.string, origin: row["origin"]?.string,
                    hasCookie: row["cookie"]?.bool == true)
            },
            auths: state["auths"]?.int ?? -1,
            balances: members("balances") { users in
                Dictionary(
                    uniqueKeysWithValues: (users.members ?? []).map {
                        ($0.key, Int64($0.value.string ?? "") ?? -1)
                    })
            },
            depositWallets: members("depositWallets") { $0.string },
            payingWallets: members("payingWallets") { $0.string })
    }

    private static func seconds(_ value: JSONValue?) -> Double {
        if case .number(let text)? = value { Double(text) ?? -1 } else { -1 }
    }

    private func control(
        _ name: String, _ market: Market, _ members: [JSONValue.Member]
    ) async throws {
        try await process.post(
            "stub/\(name)", [.init("market", .string(market.rawValue))] + members)
    }

    private func number(_ value: some FixedWidthInteger) -> JSONValue { .number("\(value)") }
}
