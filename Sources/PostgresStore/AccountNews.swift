// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization

/// What transactions of this process, beside the batches, are doing to accounts: so that writers,
/// who plan on what they remember, need not find it out by being refused.
///
/// It only spares work. What is missing here, as of other instances, is found by the database.
final class AccountNews: Sendable {
    /// Rows that may wait for one writer. With more of them all are dropped: it has forgotten most
    /// of these accounts by then.
    private static let unreadRowsMax = 20_000

    private struct State {
        /// By how many transactions an account is being changed.
        var changing: [AccountKey: Int] = [:]
        /// For each writer what it has not been told yet.
        var unread: [[AccountKey: AccountCache.Row]]
    }

    private let state: Mutex<State>

    init(writers: Int) {
        state = Mutex(State(unread: Array(repeating: [:], count: writers)))
    }

    /// To be said before the accounts are locked; `end` follows.
    func begin(_ accounts: Set<AccountKey>) {
        state.withLock { state in
            for account in accounts { state.changing[account, default: 0] += 1 }
        }
    }

    /// - Parameter rows: the accounts as they were committed.
    func end(_ accounts: Set<AccountKey>, _ rows: [AccountCache.Row]) {
        guard !accounts.isEmpty else { return }
        state.withLock { state in
            for account in accounts {
                let others = (state.changing[account] ?? 1) - 1
                state.changing[account] = others > 0 ? others : nil
            }
            for writer in state.unread.indices {
                if state.unread[writer].count + rows.count > Self.unreadRowsMax {
                    state.unread[writer] = [:]
                }
                for row in rows { state.unread[writer][row.account.key] = row }
            }
        }
    }

    /// Whether one of the accounts is being changed: who needs it waits for that anyway.
    func isChanging(anyOf accounts: some Sequence<AccountKey>) -> Bool {
        state.withLock { state in
            !state.changing.isEmpty && accounts.contains { state.changing[$0] != nil }
        }
    }

    /// Whether one of the accounts is being changed, or has been since the writer has read.
    func concerns(anyOf accounts: some Sequence<AccountKey>, writer: Int) -> Bool {
        state.withLock { state in
            accounts.contains {
                state.changing[$0] != nil || state.unread[writer][$0] != nil
            }
        }
    }

    /// What the writer has not been told yet.
    func read(writer: Int) -> [AccountCache.Row] {
        state.withLock { state in
            defer { state.unread[writer].removeAll(keepingCapacity: true) }
            return Array(state.unread[writer].values)
        }
    }
}
