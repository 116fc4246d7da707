// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// A gift on which bids are taken.
package struct AuctionListing: Hashable, Sendable, PagedItem {
    package struct Bid: Hashable, Sendable {
        /// Telegram's id of the user.
        package let bidder: Int64
        package let amount: Nanotons
        package let at: Timestamp

        package init(bidder: Int64, amount: Nanotons, at: Timestamp) {
            self.bidder = bidder
            self.amount = amount
            self.at = at
        }
    }

    package let gift: Gift
    package let auctionID: String
    package let startingBid: Nanotons
    package let startsAt: Timestamp
    package let endsAt: Timestamp
    /// In the marketplace's order.
    package let bids: [Bid]

    package init(
        gift: Gift, auctionID: String, startingBid: Nanotons, startsAt: Timestamp,
        endsAt: Timestamp, bids: [Bid] = []
    ) {
        self.gift = gift
        self.auctionID = auctionID
        self.startingBid = startingBid
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.bids = bids
    }

    package var highestBid: Nanotons? { bids.map(\.amount).max() }

    package var itemID: MarketItemID { gift.id }
}
