// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol
import TestSupport
import Testing

@testable import SQLiteStore

/// A full disk and a damaged file.
@Suite struct SQLiteFailureTests {
    private static let alice = Sample.account("alice")

    @Test func `a full file refuses batches whole, keeps what it acknowledged and recovers`()
        async throws
    {
        let fixture = try StoreKind.sqlite.open()
        let store = try #require(fixture.store as? SQLiteStore)
        _ = try store.commit([Sample.credit(Self.alice, 1_000_000_000)], at: Sample.now)
        try store.limitPages(toFurther: 60)

        var acknowledged: [String] = []
        var refused: [String] = []
        var refusal: StoreError?
        for batch in 0..<1000 where refusal == nil {
            let keys = (0..<20).map { "\(batch)-\($0)" }
            do throws(StoreError) {
                let outcomes = try store.commit(Self.creations(keys), at: Sample.now)
                #expect(outcomes.areCreated)
                acknowledged += keys
            } catch {
                refusal = error
                refused = keys
            }
        }
        #expect(refusal?.code == .unavailable)
        #expect(refusal?.detail.contains("database or disk is full") == true)
        #expect(!acknowledged.isEmpty)

        // Not ready; a batch that needs no space does not change that, nor does waiting.
        for _ in 0..<2 {
            await #expect(throws: StoreError.self) { try await store.ping() }
            let replays = try store.commit(Self.creations(acknowledged), at: Sample.now)
            #expect(replays.areReplays)
        }
        // Reading goes on, and another process sees what was acknowledged and no more.
        let other = try fixture.openAgain()
        for reader in [store, other] as [any LedgerStore] {
            let account = try #require(try await reader.account(Self.alice))
            #expect(account.held == Sample.amount(Int64(acknowledged.count) * 6))
            #expect(try await reader.audit(after: nil, limit: 10).violations == [])
        }
        await other.close()

        try store.limitPages(toFurther: 10_000)
        try await store.ping()
        let again = try store.commit(Self.creations(refused), at: Sample.now)
        #expect(again.areCreated)
        let replays = try store.commit(Self.creations(acknowledged + refused), at: Sample.now)
        #expect(replays.areReplays)
        #expect(try await store.audit(after: nil, limit: 10).violations == [])
    }

    @Test func `a first batch on a disk that was full makes the store ready again`() async throws {
        let store = try #require(try StoreKind.sqlite.open().store as? SQLiteStore)
        try store.limitPages(toFurther: 0)
        #expect(throws: StoreError.self) {
            for number in 0..<1000 {
                let account = Sample.account("a\(number)")
                _ = try store.commit([Sample.credit(account, 1)], at: Sample.now)
            }
        }
        await #expect(throws: StoreError.self) { try await store.ping() }
        try store.limitPages(toFurther: 40)
        // Too little for the probe, enough for a batch.
        await #expect(throws: StoreError.self) { try await store.ping() }
        _ = try store.commit([Sample.credit(Self.alice, 1)], at: Sample.now)
        try await store.ping()
    }

    @Test func `an advance on a full disk writes nothing, and all of it once there is space`()
        async throws
    {
        let store = try #require(try StoreKind.sqlite.open().store as? SQLiteStore)
        let accounts = (0..<200).map { Sample.account("a\($0)") }
        _ = try store.commit([Sample.credit(accounts[0], 1)], at: Sample.now)
        try store.limitPages(toFurther: 1)
        let advance = ChainSample.deposits(from: 0, to: accounts)
        await #expect(throws: StoreError.self) {
            try await store.advance(advance, at: Sample.now)
        }
        #expect(try await store.position(of: ChainSample.wallet) == nil)
        #expect(try await store.totals().available == Sample.amount(1))
        await #expect(throws: StoreError.self) { try await store.ping() }

        try store.limitPages(toFurther: 1_000)
        #expect(try await store.advance(advance, at: Sample.now).isAdvanced)
        try await store.ping()
        // What the writer remembers is what the file has.
        let spent = try store.commit(
            accounts.map { Sample.create($0, 10, fee: 0) }, at: Sample.now)
        #expect(spent.areCreated)
        #expect(try await store.audit(after: nil, limit: 1_000).violations == [])
    }

    @Test func `a log that could not be written leaves the outcome open`() {
        let error = DatabaseError(resultCode: .SQLITE_IOERR_FSYNC)
        #expect(StoreError(error, isCommit: true).code == .outcomeUnknown)
        #expect(StoreError(error, isCommit: false).code == .unavailable)
    }

    @Test func `a parameter that was not taken fails the statement, and only that run`() throws {
        let database = try DatabaseQueue()
        try database.write { database in
            let statement = try WriteStatement("SELECT ?", database)
            statement.bind(1)
            statement.bind(2)
            #expect(throws: DatabaseError.self) { try statement.run() }
            statement.bind(3)
            #expect(try statement.firstInteger() == 3)
        }
    }

    @Test func `a truncated file is refused and named`() async throws {
        let file = try await Self.ledgerFile()
        let bytes = try Data(contentsOf: file)
        for count in [bytes.count - 1, bytes.count - 4096, bytes.count / 2, 4096, 1000, 100, 1] {
            try bytes.prefix(count).write(to: file)
            do throws(StoreError) {
                _ = try SQLiteStore(
                    path: file.path, outcomeLifeMilliseconds: StoreFixture.outcomeLife)
                Issue.record("\(count) of \(bytes.count) bytes were taken for a ledger")
            } catch {
                #expect(error.code == .corrupt, "\(count) bytes: \(error.debugDescription)")
                #expect(error.detail.hasPrefix(file.path))
            }
            // What is left stays as it was found, for whoever repairs it.
            #expect(try Data(contentsOf: file).count == count)
        }
        try bytes.write(to: file)
        let store = try SQLiteStore(
            path: file.path, outcomeLifeMilliseconds: StoreFixture.outcomeLife)
        let replays = try store.commit(Self.creations(Self.ledgerKeys), at: Sample.now)
        #expect(replays.areReplays)
    }

    /// Each page in turn is turned over while nothing runs. SQLite meets it or doesn't; no answer is
    /// ever wrong, and once it is met nothing more is written.
    @Test func `a damaged page is never taken for money`() async throws {
        let file = try await Self.ledgerFile()
        let bytes = try Data(contentsOf: file)
        let pages = bytes.count / 4096
        #expect(bytes.count % 4096 == 0 && pages > 20)
        var found = 0
        for page in 0..<pages {
            var damaged = bytes
            for index in page * 4096..<(page + 1) * 4096 { damaged[index] ^= 0xFF }
            try damaged.write(to: file)
            do throws(StoreError) {
                try await Self.useEverything(file)
            } catch {
                #expect(error.code == .corrupt, "page \(page + 1): \(error.debugDescription)")
                found += 1
            }
        }
        // All but those of trees that nothing here reads: deals and marketplaces among them.
        #expect(found > pages / 3, "\(found) of \(pages)")
    }

    // MARK: - The ledger that is damaged

    private static let ledgerKeys = (0..<200).map { "first-\($0)" }

    private static func creations(_ keys: [String]) -> [LedgerCommand] {
        keys.map { Sample.create(alice, 1, key: $0) }
    }

    /// A closed ledger with a credit and a withdrawal for each of `ledgerKeys`.
    private static func ledgerFile() async throws -> URL {
        let fixture = try StoreKind.sqlite.open()
        _ = try fixture.store.commit([Sample.credit(alice, 1_000_000)], at: Sample.now)
        _ = try fixture.store.commit(creations(ledgerKeys), at: Sample.now)
        #expect(try await fixture.store.account(alice) != nil)
        await fixture.store.close()
        #expect(!FileManager.default.fileExists(atPath: fixture.location + "-wal"))
        return URL(filePath: fixture.location)
    }

    /// Opens, reads and writes every table of the ledger; the first failure of the store.
    private static func useEverything(_ file: URL) async throws(StoreError) {
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: file.path + suffix)
        }
        let store = try SQLiteStore(
            path: file.path, outcomeLifeMilliseconds: StoreFixture.outcomeLife)
        do throws(StoreError) {
            let account = try await store.account(alice)
            #expect(account?.held == Sample.amount(200 * 6))
            let entries = try await store.entries(of: alice, before: nil, limit: 1000)
            #expect(entries.count == 201)
            let listed = try await store.withdrawals(
                of: alice, state: nil, before: nil, limit: 1000)
            #expect(listed.count == 200)
            let queued = try await store.withdrawals(
                in: .pending, unchangedSince: Sample.now, limit: 1000)
            #expect(queued.count == 200)
            let replays = try store.commit(creations(ledgerKeys), at: Sample.now)
            #expect(replays.areReplays)
            let more = try store.commit(creations(["second"]), at: Sample.now)
            #expect(more.areCreated)
            let audit = try await store.audit(after: nil, limit: 10)
            #expect(audit.violations == [])
            await store.close()
        } catch {
            await #expect(throws: StoreError.self) { try await store.ping() }
            #expect(throws: StoreError.self) {
                _ = try store.commit([Sample.credit(alice, 1)], at: Sample.now)
            }
            await store.close()
            throw error
        }
    }
}

extension SQLiteStore {
    /// Makes SQLite say SQLITE_FULL when the file would grow by more than so many pages.
    fileprivate func limitPages(toFurther count: Int) throws {
        try pool.writeWithoutTransaction { database in
            let now = try #require(try Int.fetchOne(database, sql: "PRAGMA page_count"))
            try database.execute(sql: "PRAGMA max_page_count = \(now + count)")
        }
    }
}

extension [LedgerOutcome] {
    fileprivate var areCreated: Bool {
        allSatisfy { if case .created = $0 { true } else { false } }
    }
    fileprivate var areReplays: Bool {
        allSatisfy { if case .createReplayed = $0 { true } else { false } }
    }
}
