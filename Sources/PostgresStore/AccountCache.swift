// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

/// Accounts as a connection has last seen them, so that a batch can be planned without asking.
///
/// Nothing is decided by it alone: what was planned on a row that has moved since is refused by
/// the database (`BatchStatements.updateAccounts`). It belongs to one connection and goes with it;
/// after a failover to a server that lost commits it would know more than the database does.
struct AccountCache: Sendable {
    struct Row: Sendable {
        let number: Int64
        let account: Ledger.Account
    }

    /// A row without its key, which `recent` holds already.
    private struct Sums {
        let number: Int64
        let available: Nanotons
        let held: Nanotons
        let lastSequence: Int64
        let createdAt: Timestamp
        let updatedAt: Timestamp
    }

    private var recent = RecentValues<AccountKey, Sums>()

    subscript(key: AccountKey) -> Row? {
        guard let sums = recent[key] else { return nil }
        return Row(
            number: sums.number,
            account: Ledger.Account(
                key: key, available: sums.available, held: sums.held,
                lastSequence: sums.lastSequence, createdAt: sums.createdAt,
                updatedAt: sums.updatedAt))
    }

    mutating func insert(_ row: Row) {
        let account = row.account
        recent[account.key] = Sums(
            number: row.number, available: account.available, held: account.held,
            lastSequence: account.lastSequence, createdAt: account.createdAt,
            updatedAt: account.updatedAt)
    }

    /// Takes over a row of an account it knows, if that is newer than what it has.
    mutating func update(_ row: Row) {
        guard let known = recent[row.account.key],
            known.lastSequence < row.account.lastSequence
        else { return }
        insert(row)
    }

    mutating func remove(_ key: AccountKey) {
        recent[key] = nil
    }
}
