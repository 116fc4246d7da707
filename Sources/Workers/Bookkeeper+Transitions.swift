// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger

extension Bookkeeper {
    /// Moves many withdrawals at once, so that group commit joins them.
    ///
    /// - Returns: one result for each, in order.
    func transition(
        _ transitions: [TransitionWithdrawal]
    ) async -> [Result<LedgerOutcome, CommitError>] {
        await withTaskGroup(of: (Int, Result<LedgerOutcome, CommitError>).self) { group in
            for (index, transition) in transitions.enumerated() {
                group.addTask {
                    do throws(CommitError) {
                        return (index, .success(try await self.transition(transition)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results = [Result<LedgerOutcome, CommitError>?](
                repeating: nil, count: transitions.count)
            for await (index, result) in group { results[index] = result }
            return results.compactMap { $0 }
        }
    }
}
