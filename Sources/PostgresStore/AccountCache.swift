// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger

/// Accounts as a connection has last seen them, so that a batch can be planned without asking.
///
/// Nothing is decided by it alone: what was planned on a row that has moved since is refused by
/// the database (`BatchStatements.updateAccounts`). It belongs to one connection and goes with it;
/// after a failover to a server that lost commits it would know more than the database does.
///
/// Two generations: when the newer is full it becomes the older, and what stood there is dropped.
struct AccountCache: Sendable {
    /// Accounts in one generation.
    static let generationMax = 50_000

    struct Row: Sendable {
        let number: Int64
        let account: Account
    }

    private var newer: [AccountKey: Row] = [:]
    private var older: [AccountKey: Row] = [:]

    subscript(key: AccountKey) -> Row? { newer[key] ?? older[key] }

    mutating func insert(_ row: Row) {
        if newer.count >= Self.generationMax {
            older = newer
            newer = [:]
        }
        newer[row.account.key] = row
    }

    mutating func remove(_ key: AccountKey) {
        newer[key] = nil
        older[key] = nil
    }
}
