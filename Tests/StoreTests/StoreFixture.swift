// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import Resilience
import SQLiteStore
import Supervision
import Synchronization
import TellerProtocol
import TestSupport
import Testing

/// The stores every test of the conformance suite runs on.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case inMemory, sqlite, postgres
    /// PostgreSQL, planning every batch on what it remembers first, also after a conflict.
    case postgresAtAGlance

    /// Those that keep what they acknowledge.
    static let durable: [StoreKind] = [.sqlite, .postgres, .postgresAtAGlance]

    var testDescription: String { rawValue }

    /// A fresh, empty store.
    func open() throws -> StoreFixture { try StoreFixture(self) }
}

/// What the instances of a cluster share.
typealias ClusterStore = LeaseKeeper & PolicyStore & TaskStore

/// A store under test, with what is needed to close it, open it again and look behind it.
final class StoreFixture: Sendable {
    /// One server for all tests of the process; each fixture has a database of its own.
    static let cluster = Result {
        let cluster = try PostgresCluster()
        _ = onExit
        return cluster
    }

    /// Where the files of all fixtures lie.
    private static let root: URL = {
        _ = onExit
        return URL(filePath: "/tmp/teller-stores-\(ProcessInfo.processInfo.processIdentifier)")
    }()

    /// What this process leaves behind is removed when it ends: tests hold on to a store alone, so
    /// nothing earlier knows when it is no longer used.
    private static let onExit: Void = {
        atexit {
            try? FileManager.default.removeItem(at: StoreFixture.root)
            if case .success(let cluster) = StoreFixture.cluster { cluster.remove() }
        }
    }()

    static let outcomeLife: Int64 = 3_600_000
    static let planLife = Duration.milliseconds(100)

    let kind: StoreKind
    let store: any LedgerStore
    let location: String

    init(_ kind: StoreKind) throws {
        self.kind = kind
        _ = Self.onExit
        let folder = Self.root.appending(path: "\(UInt64.random(in: .min ... .max))")
        switch kind {
        case .inMemory: location = ""
        case .sqlite:
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            location = folder.path + "/ledger.sqlite"
        case .postgres, .postgresAtAGlance: location = try Self.cluster.get().makeDatabase()
        }
        store = try Self.open(kind, location)
    }

    /// Another store on the same data, as another process would have.
    func openAgain() throws -> any LedgerStore { try Self.open(kind, location) }

    /// The leases, history and policies beside the ledger.
    var cluster: any ClusterStore { get throws { try Self.cluster(of: store) } }

    /// What is kept of the chain.
    var chain: any ChainStore { get throws { try #require(store as? any ChainStore) } }

    /// The same, as another process has it.
    func openChainAgain() throws -> any ChainStore & LedgerStore {
        let other = kind == .inMemory ? store : try openAgain()
        return try #require(other as? any ChainStore & LedgerStore)
    }

    /// The same, as another process has them.
    func openClusterAgain() throws -> any ClusterStore {
        kind == .inMemory ? try cluster : try Self.cluster(of: openAgain())
    }

    private static func cluster(of store: any LedgerStore) throws -> any ClusterStore {
        if let model = store as? InMemoryLedgerStore { return model.cluster }
        return try #require(store as? any ClusterStore)
    }

    /// Lets the life of a lease be over.
    func expire(_ lease: String) throws {
        if let model = store as? InMemoryLedgerStore {
            model.cluster.expire(lease)
        } else {
            try tamper("UPDATE leases SET expires_at = 0 WHERE name = '\(lease)'")
        }
    }

    private static func open(_ kind: StoreKind, _ location: String) throws -> any LedgerStore {
        switch kind {
        case .inMemory: InMemoryLedgerStore(outcomeLifeMilliseconds: outcomeLife)
        // Every batch takes its keys to be new at first.
        case .sqlite:
            try SQLiteStore(
                path: location, outcomeLifeMilliseconds: outcomeLife, lookUpsAfterReplay: 0)
        case .postgres, .postgresAtAGlance:
            try PostgresStore(
                connectionString: location, outcomeLifeMilliseconds: outcomeLife, readers: 2,
                planLife: planLife,
                lockedBatchesAfterConflict: kind == .postgres ? 64 : 0,
                logger: Logger(label: "test"))
        }
    }

    /// What SQL says behind the store's back; PostgreSQL only.
    func sql(_ sql: String) throws -> String { try Self.cluster.get().sql(sql, in: location) }

    /// Runs SQL behind the store's back.
    func tamper(_ sql: String) throws {
        switch kind {
        case .inMemory: Issue.record("there is nothing to tamper with")
        case .sqlite:
            try TestProcess.runChecked(["sqlite3", "-cmd", ".timeout 5000", location, sql])
        case .postgres, .postgresAtAGlance: try Self.cluster.get().sql(sql, in: location)
        }
    }
}

/// Shorthand for the tests' values.
enum Sample {
    static let now = Timestamp(unixMilliseconds: 1_800_000_000_000)
    private static let ids = WithdrawalIDGenerator(clock: LedgerClock { now })

    static func account(_ name: String, tenant: String = "shop") -> AccountKey {
        guard let tenant = TenantID(tenant), let account = AccountID(name) else {
            preconditionFailure("\(tenant)/\(name)")
        }
        return AccountKey(tenant: tenant, account: account)
    }

    static func amount(_ nanotons: Int64) -> Nanotons {
        guard let amount = Nanotons(nanotons) else { preconditionFailure("\(nanotons)") }
        return amount
    }

    static func key(_ text: String) -> IdempotencyKey {
        guard let key = IdempotencyKey(text) else { preconditionFailure(text) }
        return key
    }

    static func id() -> WithdrawalID { ids.next() }

    static func credit(
        _ account: AccountKey, _ nanotons: Int64, key: String? = nil, reference: String? = nil
    ) -> LedgerCommand {
        .credit(
            CreditAccount(
                account: account, amount: amount(nanotons), reference: reference,
                key: key.map(Self.key)))
    }

    static func create(
        _ account: AccountKey, _ nanotons: Int64, key: String? = nil, fee: Int64 = 5,
        to address: String = "a", bounceable: Bool = false, comment: String? = nil,
        id: WithdrawalID = id()
    ) -> LedgerCommand {
        .create(
            CreateWithdrawal(
                id: id, account: account, amount: amount(nanotons),
                destination: Destination(
                    rawAddress: "0:" + String(repeating: address, count: 64),
                    isBounceable: bounceable),
                comment: comment, key: key.map(Self.key),
                admission: .admitted(fee: amount(fee))))
    }

    static func step(
        _ id: WithdrawalID, _ from: WithdrawalState, _ to: WithdrawalState, version: Int64? = nil,
        of owner: AccountKey = account("alice"), hash: String? = nil, detail: String? = nil,
        payout: Payout? = nil, returned: Int64? = nil, fence: Fence? = nil
    ) -> LedgerCommand {
        .transition(
            TransitionWithdrawal(
                id: id, account: owner, from: from, version: version, to: to, detail: detail,
                transactionHash: hash, payout: payout, returnedAmount: returned.map(amount),
                fence: fence))
    }
}

extension LedgerOutcome {
    var withdrawal: Ledger.Withdrawal? {
        switch self {
        case .created(let withdrawal, _), .createReplayed(let withdrawal, _),
            .transitioned(let withdrawal), .conflict(let withdrawal):
            withdrawal
        default: nil
        }
    }

    var refusal: LedgerRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}
