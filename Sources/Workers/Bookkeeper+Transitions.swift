// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Supervision

extension Bookkeeper {
    /// One transition's result and where it belongs.
    ///
    /// Not a tuple: optimised builds of Swift 6.3 then read a part of the result as the index.
    private struct Placed {
        let index: Int
        let result: Result<LedgerOutcome, CommitError>
    }

    /// Moves many withdrawals at once, so that group commit joins them.
    ///
    /// - Parameter fence: the lease the mover runs under; nil for none.
    /// - Returns: one result for each, in order.
    func transition(
        _ transitions: [TransitionWithdrawal], fence: Fence?
    ) async -> [Result<LedgerOutcome, CommitError>] {
        await withTaskGroup(of: Placed.self) { group in
            for (index, unfenced) in transitions.enumerated() {
                var transition = unfenced
                transition.fence = fence
                group.addTask { [transition] in
                    Placed(index: index, result: await self.result(of: transition))
                }
            }
            var results = [Result<LedgerOutcome, CommitError>?](
                repeating: nil, count: transitions.count)
            for await placed in group { results[placed.index] = placed.result }
            return results.compactMap { $0 }
        }
    }

    private func result(
        of transition: TransitionWithdrawal
    ) async -> Result<LedgerOutcome, CommitError> {
        do throws(CommitError) {
            return .success(try await commit(.transition(transition)))
        } catch {
            return .failure(error)
        }
    }
}

/// Another instance has taken the worker's lease: nothing it wants to write counts any more.
struct WorkerFenced: Error, CustomStringConvertible {
    let fence: Fence?

    var description: String {
        "another instance has taken the lease \(fence?.lease ?? "") since epoch \(fence?.epoch ?? 0)"
    }
}

extension Fence {
    package init(_ lease: Lease) { self.init(lease: lease.name, epoch: lease.epoch) }
}
