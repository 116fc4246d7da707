// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol

/// What `pageGifts` is asked for. Its `filter` and `sort` are JSON within a string, in the words
/// of its database.
struct TonnelQuery: Sendable {
    static let pageItemsMax = 30

    private let filter: JSONValue
    private let sort: [(String, Int)]
    private let priceRange: JSONValue

    // MARK: - Which

    /// What is for sale.
    init(_ wanted: ListingFilter) {
        filter = MarketAnswer.object([
            ("price", Self.exists(true)), ("buyer", Self.exists(false)), ("asset", .string("TON")),
            ("refunded", Self.notTrue), ("export_at", Self.exists(true)),
            ("gift_name", Self.oneOf(wanted.collections)),
            ("model", Self.trait(wanted.models)), ("symbol", Self.trait(wanted.symbols)),
            ("backdrop", Self.trait(wanted.backdrops)),
            ("gift_num", wanted.number.map { .number("\($0)") }),
        ])
        let (key, isAscending) =
            switch wanted.order {
            case .newest: ("message_post_time", false)
            case .price(let isAscending): ("price", isAscending)
            case .number(let isAscending): ("gift_num", isAscending)
            case .modelRarity(let isAscending): ("modelRarity", isAscending)
            }
        sort = [(key, isAscending ? 1 : -1), ("gift_id", -1)]
        if wanted.priceMin == nil, wanted.priceMax == nil {
            priceRange = .null
        } else {
            let prices = [wanted.priceMin ?? .zero, wanted.priceMax ?? .max]
            priceRange = .array(prices.map { .number(DecimalText.text($0)) })
        }
    }

    /// The auctions that go on, the next to end first.
    static let auctions = TonnelQuery(
        filter: MarketAnswer.object([
            ("auction_id", exists(true)), ("status", .string("active")), ("asset", .string("TON")),
        ]),
        sort: [("auctionEndTime", 1), ("gift_id", -1)])

    /// The gifts of a user, listed ones and those on auction, or the others.
    static func own(_ user: Int64, isListed: Bool) -> TonnelQuery {
        let listed: (String, JSONValue?) =
            isListed
            ? (
                "$or",
                .array([
                    .object([.init("price", exists(true))]),
                    .object([.init("auction_id", exists(true))]),
                ])
            ) : ("price", exists(false))
        return TonnelQuery(
            filter: MarketAnswer.object([
                ("seller", .number("\(user)")), ("buyer", exists(false)), ("refunded", notTrue),
                listed,
            ]),
            sort: [("gift_num", 1), ("gift_id", -1)])
    }

    private init(filter: JSONValue, sort: [(String, Int)]) {
        self.filter = filter
        self.sort = sort
        priceRange = .null
    }

    // MARK: - As JSON

    /// The body of a call, but for `user_auth`.
    ///
    /// - Parameter page: From 1.
    func body(page: Int) -> [(String, JSONValue?)] {
        [
            ("page", .number("\(page)")), ("limit", .number("\(Self.pageItemsMax)")),
            ("sort", Self.text(.object(sort.map { .init($0.0, .number("\($0.1)")) }))),
            ("filter", Self.text(filter)), ("ref", .number("0")), ("price_range", priceRange),
        ]
    }

    private static func text(_ value: JSONValue) -> JSONValue {
        .string(String(decoding: value.jsonBytes, as: UTF8.self))
    }

    private static func exists(_ exists: Bool) -> JSONValue {
        .object([.init("$exists", .bool(exists))])
    }

    private static let notTrue = JSONValue.object([.init("$ne", .bool(true))])

    private static func oneOf(_ names: [String]) -> JSONValue? {
        if names.count == 1, let name = names.first { return .string(name) }
        return MarketAnswer.texts(names).map { .object([.init("$in", $0)]) }
    }

    /// Names behind which a rarity stands: `Wizard (1.5%)`.
    private static func trait(_ names: [String]) -> JSONValue? {
        guard !names.isEmpty else { return nil }
        let written = names.map(escaped).joined(separator: "|")
        let name = names.count == 1 ? written : "(?:\(written))"
        return .object([.init("$regex", .string("^\(name) \\("))])
    }

    /// The text without a meaning in a regular expression.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            if #"\^$.|?*+()[]{}"#.contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
    }
}
