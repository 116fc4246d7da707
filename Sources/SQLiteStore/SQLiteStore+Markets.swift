// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
package import Ledger
package import TellerProtocol

extension SQLiteStore: MarketStore {
    package func add(
        _ operation: MarketOperation
    ) async throws(StoreError) -> MarketAddition {
        try await transact(beside: BatchNeeds([])) { _, database in
            if let kept = try MarketTable.find(like: operation, database) {
                return .refuse(operation.replay(of: kept))
            }
            try MarketTable.insert(operation, database)
            return .write(BatchWrites(), .added(operation))
        }
    }

    package func update(
        _ operation: MarketOperation, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try await transact(beside: BatchNeeds([], fence: fence)) { batch, database in
            guard batch.holds(fence),
                let kept = try MarketTable.find(operation.id, database), kept.mayBecome(operation)
            else { return .refuse(false) }
            try MarketTable.update(operation, database)
            return .write(BatchWrites(), true)
        }
    }

    package func marketOperation(
        _ id: MarketOperationID
    ) async throws(StoreError) -> MarketOperation? {
        try await read { try MarketTable.find(id, $0) }
    }

    package func openMarketOperations(
        of market: String, limit: Int
    ) async throws(StoreError) -> [MarketOperation] {
        try await read { try MarketTable.open(of: market, limit: limit, $0) }
    }
}

enum MarketTable {
    private static let columns = """
        id, tenant, market, action, account, item, amount, key, created_at, state, \
        balance_before, sent_at, remote_id, detail, deposit_lt, transaction_hash, version, \
        updated_at
        """

    /// How many nobody knows the outcome of, and when the first of them was made.
    static func unknown(_ database: Database) throws -> (Int, Timestamp?) {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT count(*), min(created_at) FROM market_operations
                    WHERE is_open = 1 AND state = 'UNKNOWN'
                    """))
        guard let row, !row.hasNull(atIndex: 1) else { return (0, nil) }
        return (try row.value(0), try row.time(1))
    }

    static func find(_ id: MarketOperationID, _ database: Database) throws -> MarketOperation? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(columns) FROM market_operations WHERE id = ?"),
            arguments: [id.uuid.blob]
        ).map(record)
    }

    /// The operation that the new one's key stands for.
    static func find(
        like operation: MarketOperation, _ database: Database
    ) throws -> MarketOperation? {
        guard let key = operation.key else { return nil }
        return try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM market_operations
                    WHERE tenant = ? AND action = ? AND key = ?
                    """), arguments: [operation.tenant.text, operation.action.name, key.text]
        ).map(record)
    }

    static func open(
        of market: String, limit: Int, _ database: Database
    ) throws -> [MarketOperation] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM market_operations WHERE market = ? AND is_open = 1
                    ORDER BY id LIMIT ?
                    """), arguments: [market, limit]
        ).map(record)
    }

    static func insert(_ operation: MarketOperation, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO market_operations (\(columns), is_open)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
                """
        ).execute(arguments: [
            operation.id.uuid.blob, operation.tenant.text, operation.market,
            operation.action.name, operation.action.account?.account.text, operation.action.item,
            operation.action.amount.rawValue, operation.key?.text,
            operation.createdAt.unixMilliseconds, operation.state.rawValue,
            operation.balanceBefore?.rawValue, operation.sentAt?.unixMilliseconds,
            operation.remoteID, operation.detail, operation.deposit, operation.transactionHash,
            operation.version, operation.updatedAt.unixMilliseconds,
        ])
    }

    static func update(_ operation: MarketOperation, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE market_operations
                SET state = ?, balance_before = ?, sent_at = ?, remote_id = ?, detail = ?,
                    deposit_lt = ?, transaction_hash = ?, version = ?, updated_at = ?, is_open = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            operation.state.rawValue, operation.balanceBefore?.rawValue,
            operation.sentAt?.unixMilliseconds, operation.remoteID, operation.detail,
            operation.deposit, operation.transactionHash, operation.version,
            operation.updatedAt.unixMilliseconds, operation.state.isEnded ? 0 : 1,
            operation.id.uuid.blob,
        ])
    }

    private static func record(_ row: Row) throws -> MarketOperation {
        guard let uuid = UUIDv7(blob: try row.value(0)) else { throw row.corrupt(0) }
        guard let tenant = TenantID(try row.value(1)) else { throw row.corrupt(1) }
        return MarketOperation(
            id: MarketOperationID(uuid), tenant: tenant, market: try row.value(2),
            action: try action(row, of: tenant),
            key: (row[7] as String?).flatMap { IdempotencyKey($0) }, createdAt: try row.time(8),
            state: try row.choice(9),
            balanceBefore: row.hasNull(atIndex: 10) ? nil : try row.nanotons(10),
            sentAt: row.hasNull(atIndex: 11) ? nil : try row.time(11), remoteID: row[12],
            detail: row[13], deposit: row[14], transactionHash: row[15],
            version: try row.value(16), updatedAt: try row.time(17))
    }

    private static func action(
        _ row: Row, of tenant: TenantID
    ) throws -> MarketOperation.Action {
        let amount = try row.nanotons(6)
        if let item = row[5] as String? { return .buy(item: item, price: amount) }
        guard let account = AccountID(try row.value(4)) else { throw row.corrupt(4) }
        return .withdraw(amount, to: AccountKey(tenant: tenant, account: account))
    }
}
