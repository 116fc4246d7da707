// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import Resilience
import SQLiteStore
import Supervision
import TellerProtocol

/// The configured store, in its roles.
struct OpenedStore {
    let ledger: any LedgerStore
    let chain: any ChainStore
    let deals: any DealStore
    let markets: any MarketStore
    let credentials: any CredentialStore
    let leases: any LeaseKeeper
    let tasks: any TaskStore
    let policies: any PolicyStore
    /// Its connections by pool and state; empty for a store in a file.
    let connections: @Sendable () -> [PostgresStore.PoolUsage]

    /// Opens the store and brings its schema up to date.
    init(_ configuration: ServerConfiguration, logger: Logger) throws {
        let outcomeLife = configuration.outcomeLife.wholeMilliseconds
        switch configuration.store {
        case .sqlite(let path):
            try Self.makeFolder(of: path)
            let store = try SQLiteStore(path: path, outcomeLifeMilliseconds: outcomeLife)
            (ledger, chain, deals, credentials) = (store, store, store, store)
            (leases, tasks, policies, markets) = (store, store, store, store)
            connections = { [] }
        case .postgres(let connectionString):
            let store = try PostgresStore(
                connectionString: connectionString, outcomeLifeMilliseconds: outcomeLife,
                writers: configuration.postgresWriters, readers: configuration.postgresReaders,
                logger: logger)
            connections = { store.poolUsage }
            (ledger, chain, deals, credentials) = (store, store, store, store)
            (leases, tasks, policies, markets) = (store, store, store, store)
        }
    }

    private static func makeFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
}
