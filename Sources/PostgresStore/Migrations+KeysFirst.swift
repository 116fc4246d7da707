// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

// The fifth step: the index of keys begins with the key (ADR 9).
extension Migrations {
    /// Keys mostly rise with time, accounts come in any order: in an index that begins with the
    /// key, a batch's entries stand together.
    static let keysFirst = """
        DROP INDEX withdrawal_keys;
        CREATE UNIQUE INDEX withdrawal_keys ON withdrawals (key, account_number)
            WHERE key IS NOT NULL;
        """
}
