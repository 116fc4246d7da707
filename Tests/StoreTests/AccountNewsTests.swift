// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import TestSupport
import Testing

@testable import PostgresStore

/// What writers hear of the accounts that deals change.
@Suite struct AccountNewsTests {
    private let alice = Sample.account("alice")
    private let bob = Sample.account("bob")

    private func row(_ key: AccountKey, sequence: Int64) -> AccountCache.Row {
        var account = Ledger.Account(empty: key, at: Sample.now)
        account.lastSequence = sequence
        return AccountCache.Row(number: 1, account: account)
    }

    @Test func `an account is being changed until the last who changes it is done`() {
        let news = AccountNews(writers: 1)
        news.begin([alice])
        news.begin([alice, bob])
        #expect(news.isChanging(anyOf: [alice]))
        news.end([alice], [])
        #expect(news.isChanging(anyOf: [alice]))
        news.end([alice, bob], [])
        #expect(!news.isChanging(anyOf: [alice, bob]))
        #expect(!news.concerns(anyOf: [alice, bob], writer: 0))
    }

    @Test func `each writer reads once what was changed, and it concerns him until then`() {
        let news = AccountNews(writers: 2)
        news.begin([alice])
        news.end([alice], [row(alice, sequence: 3)])
        #expect(!news.isChanging(anyOf: [alice]))
        for writer in 0..<2 {
            #expect(news.concerns(anyOf: [bob, alice], writer: writer))
            #expect(!news.concerns(anyOf: [bob], writer: writer))
            #expect(news.read(writer: writer).map(\.account.lastSequence) == [3])
            #expect(news.read(writer: writer).isEmpty)
            #expect(!news.concerns(anyOf: [alice], writer: writer))
        }
    }

    @Test func `what nobody reads is bounded`() {
        let news = AccountNews(writers: 1)
        for number in 0..<30_000 {
            let account = Sample.account("account-\(number)")
            news.begin([account])
            news.end([account], [row(account, sequence: 1)])
        }
        #expect(news.read(writer: 0).count <= 20_000)
    }

    @Test func `only newer rows of accounts that are remembered are taken over`() {
        var cache = AccountCache()
        cache.update(row(alice, sequence: 3))
        #expect(cache[alice] == nil)
        cache.insert(row(alice, sequence: 3))
        cache.update(row(alice, sequence: 5))
        #expect(cache[alice]?.account.lastSequence == 5)
        cache.update(row(alice, sequence: 4))
        #expect(cache[alice]?.account.lastSequence == 5)
    }

    @Test func `withdrawals go on beside bids on the same account, and every sum is right`()
        async throws
    {
        let floor = try DealFloor(.postgresAtAGlance, funds: 1_000_000)
        let id = Sample.dealID()
        _ = try await floor.run(Sample.auction(of: floor.alice, id, step: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for step in 0..<100 {
                    let bidder = step % 2 == 0 ? floor.bob : floor.carol
                    _ = try await floor.run(Sample.bid(Int64(100 + step), on: id, by: bidder))
                }
            }
            group.addTask {
                for step in 0..<300 {
                    let account = step % 2 == 0 ? floor.bob : floor.carol
                    let outcomes = try floor.fixture.store.commit(
                        [Sample.create(account, 10)], at: Sample.now)
                    #expect(outcomes[0].withdrawal != nil)
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        let bob = try #require(try await floor.fixture.store.account(floor.bob))
        let carol = try #require(try await floor.fixture.store.account(floor.carol))
        // The last bid, and 300 withdrawals with their fees.
        #expect(bob.held.rawValue + carol.held.rawValue == 199 + 300 * 15)
        #expect(
            bob.available.rawValue + carol.available.rawValue == 2_000_000 - 199 - 300 * 15)
        try await floor.expectSound()
        await floor.fixture.store.close()
    }
}
