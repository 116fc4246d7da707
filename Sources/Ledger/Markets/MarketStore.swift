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

/// What became of an operator's word on an operation.
package enum MarketResolution: Sendable, Equatable {
    case resolved(MarketOperation)
    /// It was not, or is no longer, one that nobody knows; nothing was written.
    case notUnknown(MarketOperationState)
    case missing
}

extension MarketStore {
    /// Ends an operation of which nobody knows what became, as an operator says.
    ///
    /// The marketplace's worker writes what it learns of it meanwhile; as long as the operation stays
    /// `UNKNOWN`, that does not stand in the way.
    ///
    /// - Parameter state: `.done` or `.notExecuted`.
    package func resolve(
        _ id: MarketOperationID, as state: MarketOperationState, detail: String, at now: Timestamp
    ) async throws(StoreError) -> MarketResolution {
        while true {
            guard var operation = try await marketOperation(id) else { return .missing }
            guard operation.state == .unknown else { return .notUnknown(operation.state) }
            operation.state = state
            operation.detail = detail
            operation.version += 1
            operation.updatedAt = now
            if try await update(operation, fence: nil) { return .resolved(operation) }
        }
    }
}
