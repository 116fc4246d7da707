// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
import Synchronization
package import TellerProtocol

extension InMemoryLedgerStore: MarketStore {
    package func add(
        _ operation: MarketOperation
    ) async throws(StoreError) -> MarketAddition {
        try write { state throws(StoreError) in
            let kept = state.marketOperations.values.first {
                $0.tenant == operation.tenant && $0.action.name == operation.action.name
                    && $0.key != nil && $0.key == operation.key
            }
            if let kept { return operation.replay(of: kept) }
            state.marketOperations[operation.id] = operation
            return .added(operation)
        }
    }

    package func update(
        _ operation: MarketOperation, fence: Fence?
    ) async throws(StoreError) -> Bool {
        try write { state throws(StoreError) in
            state.tables.epochs = cluster.epochs
            guard state.tables.holds(fence), let kept = state.marketOperations[operation.id],
                kept.mayBecome(operation)
            else { return false }
            state.marketOperations[operation.id] = operation
            return true
        }
    }

    package func marketOperation(
        _ id: MarketOperationID
    ) async throws(StoreError) -> MarketOperation? {
        try read { $0.marketOperations[id] }
    }

    package func openMarketOperations(
        of market: String, limit: Int
    ) async throws(StoreError) -> [MarketOperation] {
        try read { state in
            let open = state.marketOperations.values.filter {
                $0.market == market && !$0.state.isEnded
            }
            return Array(open.sorted { $0.id < $1.id }.prefix(limit))
        }
    }
}
