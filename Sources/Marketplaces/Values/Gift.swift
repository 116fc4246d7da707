// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A marketplace's name for a gift: what is bought and found again by it.
package struct MarketItemID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }
}

/// One trait of a gift, and how rare it is.
package struct GiftTrait: Hashable, Sendable {
    /// `Sad Cat`, without its rarity.
    package let name: String
    /// Of a million gifts of the collection, how many have it: 5,000 for 5 ‰; nil when the
    /// marketplace doesn't say, or not in whole millionths.
    package let perMillion: Int?

    package init(name: String, perMillion: Int?) {
        self.name = name
        self.perMillion = perMillion
    }
}

/// A collectible gift, as a marketplace shows it.
package struct Gift: Hashable, Sendable {
    package let id: MarketItemID
    /// Telegram's own id; nil where the marketplace doesn't tell.
    package let telegramID: String?
    /// `Plush Pepe`.
    package let collection: String
    /// Telegram's number within the collection; nil for what has none, such as a bundle.
    package let number: Int?
    package let model: GiftTrait?
    package let symbol: GiftTrait?
    package let backdrop: GiftTrait?

    package init(
        id: MarketItemID, telegramID: String? = nil, collection: String, number: Int?,
        model: GiftTrait? = nil, symbol: GiftTrait? = nil, backdrop: GiftTrait? = nil
    ) {
        self.id = id
        self.telegramID = telegramID
        self.collection = collection
        self.number = number
        self.model = model
        self.symbol = symbol
        self.backdrop = backdrop
    }
}
