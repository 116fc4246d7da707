// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

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
