// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// `account.*` over the ledger.
struct AccountHandler: AccountService {
    let ledger: Bookkeeper
    let requiresKey: Bool
    /// nil for a server without a hot wallet.
    let deposits: DepositDesk?

    func get(
        _ params: AccountGetParams, _ context: RPCContext
    ) async throws(RPCError) -> AccountGetResult {
        let account = try await requireAccount(context.account(params.accountId), ledger, context)
        var result = AccountGetResult(account: TellerProtocol.Account(account))
        if let deposits {
            result.deposit = try await context.read { () async throws(StoreError) in
                try await deposits.target(of: account.key)
            }
        }
        return result
    }

    func credit(
        _ params: AccountCreditParams, _ context: RPCContext
    ) async throws(RPCError) -> AccountCreditResult {
        let key = try context.key(required: requiresKey)
        let command = LedgerCommand.credit(
            CreditAccount(
                account: context.account(params.accountId), amount: params.amount,
                reference: params.reference, key: key))
        let outcome = try await context.commit(command, in: ledger)
        switch outcome {
        case .credited(let entry, let account, let record):
            return AccountCreditResult(
                entry: TellerProtocol.Entry(entry), account: TellerProtocol.Account(account),
                replayed: false, firstSeenAt: record?.firstSeenAt, expiresAt: record?.expiresAt)
        case .creditReplayed(let entry, let account, let record):
            return AccountCreditResult(
                entry: TellerProtocol.Entry(entry), account: TellerProtocol.Account(account),
                replayed: true, firstSeenAt: record.firstSeenAt, expiresAt: record.expiresAt)
        case .refused(let refusal): throw RPCError(refusal)
        default: preconditionFailure("a credit came out as \(outcome)")
        }
    }

    func entries(
        _ params: AccountEntriesParams, _ context: RPCContext
    ) async throws(RPCError) -> AccountEntriesResult {
        let account = context.account(params.accountId)
        let limit = params.limit ?? Page.rowsStandard
        let cursor = try Cursor.entries(params.cursor, of: account)
        let rows = try await context.read { () async throws(StoreError) in
            try await ledger.store.entries(of: account, before: cursor, limit: limit + 1)
        }
        if rows.isEmpty { try await requireAccount(account, ledger, context) }
        let page = rows.prefix(limit)
        let next = rows.count > limit ? page.last.map { Cursor.text(after: $0) } : nil
        return AccountEntriesResult(entries: page.map(TellerProtocol.Entry.init), nextCursor: next)
    }
}

/// The account, or that there is none.
@discardableResult
func requireAccount(
    _ key: AccountKey, _ ledger: Bookkeeper, _ context: RPCContext
) async throws(RPCError) -> Ledger.Account {
    let account = try await context.read { () async throws(StoreError) in
        try await ledger.store.account(key)
    }
    guard let account else { throw RPCError(reason: .accountNotFound) }
    return account
}
