// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger

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
    /// - Returns: one result for each, in order.
    func transition(
        _ transitions: [TransitionWithdrawal]
    ) async -> [Result<LedgerOutcome, CommitError>] {
        await withTaskGroup(of: Placed.self) { group in
            for (index, transition) in transitions.enumerated() {
                group.addTask {
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
            return .success(try await self.transition(transition))
        } catch {
            return .failure(error)
        }
    }
}
