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
