// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The items of all pages, each once: while somebody reads, others sell and list, so pages shift
/// and show things again.
///
/// Pages are asked for as they are needed. A server that shows a cursor again, or nothing but what
/// it has shown, goes in a circle; that ends with `.endless`, and so does a thousandth page.
package struct PagedSequence<Item: PagedItem>: AsyncSequence, Sendable {
    package typealias Element = Item
    package typealias Failure = MarketplaceError
    typealias Fetch = @Sendable (PageCursor?) async throws(MarketplaceError) -> Page<Item>

    package static var pagesMax: Int { 1_000 }

    let market: String
    var limit = Int.max
    let fetch: Fetch

    package struct AsyncIterator: AsyncIteratorProtocol {
        private let sequence: PagedSequence
        private var left: Int
        private var pages = 0
        private var cursor: PageCursor?
        private var isLast = false
        private var cursorsSeen: Set<PageCursor> = []
        private var seen: Set<MarketItemID> = []
        /// Items of the page that were not given yet, the next one last.
        private var pending: [Item] = []

        init(_ sequence: PagedSequence) {
            self.sequence = sequence
            left = sequence.limit
        }

        package mutating func next() async throws(MarketplaceError) -> Item? {
            while left > 0 {
                if let item = pending.popLast() {
                    left -= 1
                    return item
                }
                guard !isLast else { return nil }
                try await fetchPage()
            }
            return nil
        }

        private mutating func fetchPage() async throws(MarketplaceError) {
            guard pages < PagedSequence.pagesMax else {
                throw endless("its pages don't end after \(pages)")
            }
            let page = try await sequence.fetch(cursor)
            pages += 1
            let fresh = page.items.filter { seen.insert($0.itemID).inserted }
            pending = fresh.reversed()
            cursor = page.next
            isLast = page.next == nil
            guard let next = page.next else { return }
            guard cursorsSeen.insert(next).inserted, page.items.isEmpty || !fresh.isEmpty else {
                throw endless("its pages go in a circle")
            }
        }

        private func endless(_ problem: String) -> MarketplaceError {
            .endless(market: sequence.market, problem: problem)
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
