// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import Marketplaces

/// Pages that shift, repeat themselves, or don't end.
@Suite struct PagedSequenceTests {
    private struct Item: PagedItem, Equatable {
        let itemID: MarketItemID
    }

    private static func items(_ names: String) -> [Item] {
        names.map { Item(itemID: MarketItemID("\($0)")) }
    }

    private static func read(
        limit: Int = .max, _ fetch: @escaping PagedSequence<Item>.Fetch
    ) async -> (names: String, error: MarketplaceError?) {
        var names = ""
        do throws(MarketplaceError) {
            for try await item in PagedSequence(market: "m", limit: limit, fetch: fetch) {
                names += item.itemID.text
            }
        } catch {
            return (names, error)
        }
        return (names, nil)
    }

    @Test func `each item comes once, whatever pages show again`() async {
        let pages = ["": ("abc", "1"), "1": ("cad", "2"), "2": ("", "3"), "3": ("e", nil)]
        let (names, error) = await Self.read { cursor in
            let (names, next) = pages[cursor?.text ?? ""] ?? ("", nil)
            return Page(items: Self.items(names), next: next.map { PageCursor($0) })
        }
        #expect(names == "abcde" && error == nil)
    }

    @Test func `pages are fetched as they are needed, and no further than the limit`() async {
        let fetches = Mutex(0)
        let (names, error) = await Self.read(limit: 3) { _ in
            let number = fetches.withLock { fetches in
                fetches += 1
                return fetches
            }
            return Page(
                items: Self.items(["ab", "cd", "ef"][number - 1]), next: PageCursor("\(number)"))
        }
        #expect(names == "abc" && error == nil && fetches.withLock { $0 } == 2)
    }

    @Test func `a cursor that comes again ends in an error`() async {
        let pages = ["": ("ab", "1"), "1": ("cd", "2"), "2": ("ef", "1")]
        let (names, error) = await Self.read { cursor in
            let (names, next) = pages[cursor?.text ?? ""] ?? ("", nil)
            return Page(items: Self.items(names), next: next.map { PageCursor($0) })
        }
        #expect(
            names == "abcd" && error == .endless(market: "m", problem: "its pages go in a circle"))
    }

    @Test func `a server that does not turn the page is found out by its rows`() async {
        let (names, error) = await Self.read { cursor in
            Page(
                items: Self.items("ab"), next: PageCursor("\((Int(cursor?.text ?? "0") ?? 0) + 2)"))
        }
        #expect(
            names == "ab" && error == .endless(market: "m", problem: "its pages go in a circle"))
    }

    @Test func `pages without end, be they empty, end in an error`() async {
        let (_, error) = await Self.read { cursor in
            Page(items: [], next: PageCursor("\((Int(cursor?.text ?? "0") ?? 0) + 1)"))
        }
        #expect(error == .endless(market: "m", problem: "its pages don't end after 1000"))
    }

    @Test func `an error of a page is the sequence's`() async {
        let (names, error) = await Self.read { cursor throws(MarketplaceError) in
            guard cursor == nil else { throw .crowded(market: "m") }
            return Page(items: Self.items("ab"), next: PageCursor("1"))
        }
        #expect(names == "ab" && error == .crowded(market: "m"))
    }

    @Test func `a place in own items goes through the listed ones, then the others`() {
        var place = ListedPlace(nil, from: "")
        #expect(place.isListed && place.text == "")
        place = ListedPlace(place.next("a:b", from: ""), from: "")
        #expect(place.isListed && place.text == "a:b")
        place = ListedPlace(place.next(nil, from: "1"), from: "")
        #expect(!place.isListed && place.text == "1")
        #expect(place.next(nil, from: "1") == nil)
    }
}
