// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where a next page begins, as the adapter that made it understands.
package struct PageCursor: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

/// What comes page by page.
package protocol PagedItem: Sendable {
    var itemID: MarketItemID { get }
}

package struct Page<Item: PagedItem>: Sendable {
    package let items: [Item]
    /// nil when there is no other page.
    package let next: PageCursor?

    package init(items: [Item], next: PageCursor?) {
        self.items = items
        self.next = next
    }
}
