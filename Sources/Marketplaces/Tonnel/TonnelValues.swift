// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

extension Gift {
    init(tonnel row: AnswerValue) throws(JSONError) {
        self.init(
            id: MarketItemID(try row.member("gift_id").identifier),
            collection: try row.member("name").string,
            number: try row.optionalMember("gift_num")?.int,
            model: try row.optionalMember("model")?.tonnelTrait,
            symbol: try row.optionalMember("symbol")?.tonnelTrait,
            backdrop: try row.optionalMember("backdrop")?.tonnelTrait)
    }
}

extension Listing {
    /// nil for what has no price: it is not for sale.
    init?(tonnel row: AnswerValue, feeBasisPoints: Int) throws(JSONError) {
        guard let written = try row.optionalMember("price") else { return nil }
        let rawPrice = try written.tons
        guard let price = Self.price(rawPrice, feeBasisPoints: feeBasisPoints) else {
            throw written.refused("is too much")
        }
        self.init(
            gift: try Gift(tonnel: row), price: price, rawPrice: rawPrice,
            isOnAuction: try row.optionalMember("auction") != nil)
    }

    /// What the buyer pays for a raw price, rounded up to a nanoton; nil when it is too much.
    static func price(_ rawPrice: Nanotons, feeBasisPoints: Int) -> Nanotons? {
        let (high, low) = rawPrice.rawValue.multipliedFullWidth(by: Int64(feeBasisPoints))
        guard high == 0, low <= UInt64(Int64.max - 9_999) else { return nil }
        let fee = (Int64(low) + 9_999) / 10_000
        return Nanotons(fee).flatMap { rawPrice.adding($0) }
    }
}

extension OwnItem {
    init(tonnel row: AnswerValue) throws(JSONError) {
        self.init(gift: try Gift(tonnel: row), listedFor: try row.optionalMember("price")?.tons)
    }
}

extension AuctionListing {
    /// nil for what is on no auction.
    init?(tonnel row: AnswerValue) throws(JSONError) {
        guard let auction = try row.optionalMember("auction") else { return nil }
        let bids = try auction.optionalMember("bidHistory")?.list { (bid) throws(JSONError) in
            let bidder = try bid.member("bidder").identifier
            guard let id = Int64(bidder) else { throw bid.refused("has no user for a bidder") }
            return Bid(
                bidder: id, amount: try bid.member("amount").tons,
                at: try bid.member("timestamp").timestamp)
        }
        self.init(
            gift: try Gift(tonnel: row), auctionID: try auction.member("auction_id").identifier,
            startingBid: try auction.member("startingBid").tons,
            startsAt: try auction.member("auctionStartTime").timestamp,
            endsAt: try auction.member("auctionEndTime").timestamp, bids: bids ?? [])
    }
}

extension AnswerValue {
    /// `Zebra (1.5%)`; without a rarity where none stands behind the name.
    fileprivate var tonnelTrait: GiftTrait {
        get throws(JSONError) {
            let text = try string
            guard text.hasSuffix("%)"),
                let open = text.lastIndex(of: "("),
                text[..<open].hasSuffix(" ")
            else { return GiftTrait(name: text, perMillion: nil) }
            let percent = String(text[text.index(after: open)...].dropLast(2))
            return GiftTrait(
                name: String(text[..<open].dropLast()),
                perMillion: DecimalText.units(percent, decimals: 4).map { Int($0) })
        }
    }
}
