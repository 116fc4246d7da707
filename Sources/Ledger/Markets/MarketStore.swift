// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Where the operations at marketplaces are kept.
///
/// Every change is one durable transaction. After `StoreError(.outcomeUnknown)` it may have been
/// written or not, and the caller looks; after any other error nothing was.
package protocol MarketStore: Sendable {
    /// Keeps a new operation, once per key of its tenant and action.
    func add(_ operation: MarketOperation) async throws(StoreError) -> MarketAddition

    /// Writes `operation` over the one that has the version before it, in a state that may move
    /// there.
    ///
    /// - Returns: false when the kept one is not so, or the fence is stale; nothing is written then.
    func update(_ operation: MarketOperation, fence: Fence?) async throws(StoreError) -> Bool

    func marketOperation(_ id: MarketOperationID) async throws(StoreError) -> MarketOperation?

    /// A marketplace's operations that have not ended, oldest first.
    func openMarketOperations(
        of market: String, limit: Int
    ) async throws(StoreError) -> [MarketOperation]
}

/// What became of a new operation.
package enum MarketAddition: Sendable, Equatable {
    case added(MarketOperation)
    /// The key's first operation, as it is now.
    case replayed(MarketOperation)
    /// The key stands for an operation that differs in these parameters.
    case keyReused(fields: [String])
}

extension MarketOperation {
    /// What it means that the key stands for `kept` already.
    package func replay(of kept: MarketOperation) -> MarketAddition {
        let fields = fieldsUnlike(kept)
        return fields.isEmpty ? .replayed(kept) : .keyReused(fields: fields)
    }
}
