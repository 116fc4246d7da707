// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// A gift for sale.
package struct Listing: Hashable, Sendable, PagedItem {
    package let gift: Gift
    /// What the buyer pays, fees included.
    package let price: Nanotons
    /// The price as the marketplace names it: what a purchase quotes.
    package let rawPrice: Nanotons
    /// nil where the marketplace doesn't tell.
    package let listedAt: Timestamp?
    /// Whether bids are taken on it; then it can't be bought.
    package let isOnAuction: Bool

    package init(
        gift: Gift, price: Nanotons, rawPrice: Nanotons, listedAt: Timestamp? = nil,
        isOnAuction: Bool = false
    ) {
        self.gift = gift
        self.price = price
        self.rawPrice = rawPrice
        self.listedAt = listedAt
        self.isOnAuction = isOnAuction
    }

    package var itemID: MarketItemID { gift.id }
}

/// A gift of the account's own.
package struct OwnItem: Hashable, Sendable, PagedItem {
    package let gift: Gift
    /// What it is listed for, as the marketplace names it; nil when it isn't listed.
    package let listedFor: Nanotons?

    package init(gift: Gift, listedFor: Nanotons? = nil) {
        self.gift = gift
        self.listedFor = listedFor
    }

    package var itemID: MarketItemID { gift.id }
}

/// A gift on which bids are taken.
package struct AuctionListing: Hashable, Sendable, PagedItem {
    package struct Bid: Hashable, Sendable {
        /// Telegram's id of the user.
        package let bidder: Int64
        package let amount: Nanotons
        package let at: Timestamp
    }

    package let gift: Gift
    package let auctionID: String
    package let startingBid: Nanotons
    package let startsAt: Timestamp
    package let endsAt: Timestamp
    /// In the marketplace's order.
    package let bids: [Bid]

    package var highestBid: Nanotons? { bids.map(\.amount).max() }

    package var itemID: MarketItemID { gift.id }
}
