// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import TellerProtocol

/// The statements of operations at marketplaces.
enum MarketStatements {
    private static let columns = """
        id, tenant, market, action, account, item, amount, key, created_at, state, \
        balance_before, sent_at, remote_id, detail, deposit_lt, transaction_hash, version, \
        updated_at
        """

    static let add = Statement(
        name: "add_market_operation",
        sql: """
            INSERT INTO market_operations (\(columns), is_open)
            VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint,
                $8::text, $9::bigint, $10::text, $11::bigint, $12::bigint, $13::text, $14::text,
                $15::bigint, $16::text, $17::bigint, $18::bigint, true)
            ON CONFLICT DO NOTHING
            """)

    static let byKey = Statement(
        name: "market_operation_by_key",
        sql: """
            SELECT \(columns) FROM market_operations
            WHERE id = $1::uuid OR (tenant = $2::text AND action = $3::text AND key = $4::text)
            """)

    static let lock = Statement(
        name: "lock_market_operation",
        sql: "SELECT \(columns) FROM market_operations WHERE id = $1::uuid FOR UPDATE")

    static let update = Statement(
        name: "update_market_operation",
        sql: """
            UPDATE market_operations
            SET state = $2::text, balance_before = $3::bigint, sent_at = $4::bigint,
                remote_id = $5::text, detail = $6::text, deposit_lt = $7::bigint,
                transaction_hash = $8::text, version = $9::bigint, updated_at = $10::bigint,
                is_open = $11::bigint = 1
            WHERE id = $1::uuid
            """)

    static let operation = Statement(
        name: "market_operation",
        sql: "SELECT \(columns) FROM market_operations WHERE id = $1::uuid")

    static let open = Statement(
        name: "open_market_operations",
        sql: """
            SELECT \(columns) FROM market_operations
            WHERE market = $1::text AND is_open ORDER BY id LIMIT $2::bigint
            """)

    static let reads = [operation, open]
    static let writes = [add, byKey, lock, update]
}

extension PostgresStore: MarketStore {
    package func add(
        _ operation: MarketOperation
    ) async throws(StoreError) -> MarketAddition {
        var row = Parameters()
        row.uuid(operation.id)
        row.text(operation.tenant.text)
        row.text(operation.market)
        row.text(operation.action.name)
        row.optionalText(operation.action.account?.account.text)
        row.optionalText(operation.action.item)
        row.int64(operation.action.amount.rawValue)
        row.optionalText(operation.key?.text)
        row.int64(operation.createdAt.unixMilliseconds)
        row.text(operation.state.rawValue)
        row.state(of: operation)
        var names = Parameters()
        names.uuid(operation.id)
        names.text(operation.tenant.text)
        names.text(operation.action.name)
        names.optionalText(operation.key?.text)
        let kept = try await deals.run([
            Query(MarketStatements.add, row), Query(MarketStatements.byKey, names),
        ]) { results throws(StoreError) in try results[1].marketOperations() }
        guard let first = kept.first else {
            throw StoreError(.corrupt, "a new operation is not there")
        }
        return first.id == operation.id ? .added(first) : operation.replay(of: first)
    }

    package func update(
        _ operation: MarketOperation, fence: Fence?
    ) async throws(StoreError) -> Bool {
        var named = Parameters()
        named.uuid(operation.id)
        var row = Parameters()
        row.uuid(operation.id)
        row.text(operation.state.rawValue)
        row.state(of: operation)
        row.int64(operation.state.isEnded ? 0 : 1)
        let (lock, update) = (
            Query(MarketStatements.lock, named), Query(MarketStatements.update, row)
        )
        return try await withDealRetries { connection throws(StoreError) in
            let loaded = try connection.lock(
                BatchNeeds([], fence: fence), at: operation.updatedAt, beside: [lock])
            guard loaded.snapshot.holds(fence),
                let kept = try loaded.beside[0].marketOperations().first,
                kept.mayBecome(operation)
            else {
                try connection.rollBack()
                return false
            }
            do throws(StoreError) {
                try connection.store(
                    BatchWrites(), on: loaded, unconfirmed: nil, beside: [update])
            } catch {
                throw connection.isAlive ? error : error.duringCommit
            }
            return true
        }
    }

    package func marketOperation(
        _ id: MarketOperationID
    ) async throws(StoreError) -> MarketOperation? {
        var named = Parameters()
        named.uuid(id)
        return try await readers.run(MarketStatements.operation, named) {
            rows throws(StoreError) in try rows.marketOperations().first
        }
    }

    package func openMarketOperations(
        of market: String, limit: Int
    ) async throws(StoreError) -> [MarketOperation] {
        var parameters = Parameters()
        parameters.text(market)
        parameters.int64(Int64(limit))
        return try await readers.run(MarketStatements.open, parameters) {
            rows throws(StoreError) in try rows.marketOperations()
        }
    }
}

extension Parameters {
    /// What changes of an operation, apart from its state.
    fileprivate mutating func state(of operation: MarketOperation) {
        optionalInt64(operation.balanceBefore?.rawValue)
        optionalInt64(operation.sentAt?.unixMilliseconds)
        optionalText(operation.remoteID)
        optionalText(operation.detail)
        optionalInt64(operation.deposit)
        optionalText(operation.transactionHash)
        int64(operation.version)
        int64(operation.updatedAt.unixMilliseconds)
    }
}

extension ResultRows {
    fileprivate func marketOperations() throws(StoreError) -> [MarketOperation] {
        var operations: [MarketOperation] = []
        for row in 0..<count {
            guard let tenant = TenantID(try text(row, 1)) else { throw corrupt(1) }
            let key = try optionalText(row, 7)
            operations.append(
                MarketOperation(
                    id: MarketOperationID(try uuid(row, 0)), tenant: tenant,
                    market: try text(row, 2), action: try marketAction(row, of: tenant),
                    key: key.flatMap { IdempotencyKey($0) }, createdAt: try time(row, 8),
                    state: try choice(row, 9),
                    balanceBefore: isNull(row, 10) ? nil : try nanotons(row, 10),
                    sentAt: isNull(row, 11) ? nil : try time(row, 11),
                    remoteID: try optionalText(row, 12), detail: try optionalText(row, 13),
                    deposit: isNull(row, 14) ? nil : try int64(row, 14),
                    transactionHash: try optionalText(row, 15), version: try int64(row, 16),
                    updatedAt: try time(row, 17)))
        }
        return operations
    }

    private func marketAction(
        _ row: Int, of tenant: TenantID
    ) throws(StoreError) -> MarketOperation.Action {
        let amount = try nanotons(row, 6)
        if let item = try optionalText(row, 5) { return .buy(item: item, price: amount) }
        guard let account = AccountID(try text(row, 4)) else { throw corrupt(4) }
        return .withdraw(amount, to: AccountKey(tenant: tenant, account: account))
    }
}
