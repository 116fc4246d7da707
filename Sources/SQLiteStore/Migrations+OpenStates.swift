// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The eighth step: the states of partial indexes compared one by one.
extension Migrations {
    /// SQLite makes a list of more than two values a table of its own, with a cache of 20 pages,
    /// for each row it looks at: that was a sixth of what a batch cost.
    static let openStates = """
        DROP INDEX unsettled_withdrawals;
        CREATE INDEX unsettled_withdrawals ON withdrawals (state, updated_at, id)
            WHERE (state = 'PENDING' OR state = 'PROCESSING' OR state = 'SENT' OR state = 'IN_REVIEW');
        DROP INDEX live_payout_messages;
        CREATE UNIQUE INDEX live_payout_messages ON payout_messages (wallet, sequence)
            WHERE (state = 'signed' OR state = 'released' OR state = 'executed');
        """
}
