// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TON
import TellerProtocol

/// `withdraw.*` over the ledger.
struct WithdrawHandler: WithdrawService {
    let ledger: Bookkeeper
    let network: TONNetwork
    let requiresKey: Bool

    func quote(
        _ params: WithdrawQuoteParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawQuoteResult {
        let destination = try parse(params.destination)
        switch ledger.policy.admit(params.amount) {
        case .refused(let refusal): throw RPCError(refusal)
        case .admitted(let fee):
            guard let total = params.amount.adding(fee) else {
                throw RPCError(reason: .balanceOverflow)
            }
            return WithdrawQuoteResult(
                amount: params.amount, fee: fee, total: total,
                minimumAmount: ledger.policy.minimum, maximumAmount: ledger.policy.maximum,
                destination: destination.contractText)
        }
    }

    func create(
        _ params: WithdrawCreateParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawCreateResult {
        try answer(await context.commit(creation(params, context), in: ledger))
    }

    // What comes before and after the wait is never inlined: the task that waits would keep room
    // for all of its values.

    @inline(never)
    private func creation(
        _ params: WithdrawCreateParams, _ context: RPCContext
    ) throws(RPCError) -> LedgerCommand {
        let destination = try parse(params.destination)
        return ledger.creation(
            account: context.account(params.accountId), amount: params.amount,
            destination: destination, comment: params.comment,
            key: try context.key(required: requiresKey))
    }

    @inline(never)
    private func answer(_ outcome: LedgerOutcome) throws(RPCError) -> WithdrawCreateResult {
        switch outcome {
        case .created(let withdrawal, let record):
            return WithdrawCreateResult(
                withdrawal: TellerProtocol.Withdrawal(withdrawal), replayed: false,
                currentState: withdrawal.state, firstSeenAt: record?.firstSeenAt,
                expiresAt: record?.expiresAt)
        case .createReplayed(let current, let record):
            return WithdrawCreateResult(
                withdrawal: TellerProtocol.Withdrawal(current.asFirstAnswered), replayed: true,
                currentState: current.state, firstSeenAt: record.firstSeenAt,
                expiresAt: record.expiresAt)
        case .refused(let refusal): throw RPCError(refusal)
        default: preconditionFailure("a creation came out as \(outcome)")
        }
    }

    func get(
        _ params: WithdrawGetParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawGetResult {
        WithdrawGetResult(
            withdrawal: TellerProtocol.Withdrawal(try await find(params.withdrawalId, context)))
    }

    func list(
        _ params: WithdrawListParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawListResult {
        let account = context.account(params.accountId)
        let limit = params.limit ?? Page.rowsStandard
        let cursor = try Cursor.withdrawals(params.cursor, of: account)
        let rows = try await context.read { () async throws(StoreError) in
            try await ledger.store.withdrawals(
                of: account, state: params.state, before: cursor, limit: limit + 1)
        }
        if rows.isEmpty { try await requireAccount(account, ledger, context) }
        let page = rows.prefix(limit)
        let next = rows.count > limit ? page.last.map { Cursor.text(after: $0) } : nil
        return WithdrawListResult(
            withdrawals: page.map(TellerProtocol.Withdrawal.init), nextCursor: next)
    }

    func cancel(
        _ params: WithdrawCancelParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawCancelResult {
        let account = try await find(params.withdrawalId, context).account
        let command = LedgerCommand.transition(
            TransitionWithdrawal(
                id: params.withdrawalId, account: account, from: .pending, to: .cancelled,
                detail: params.reason))
        let outcome = try await context.commit(command, in: ledger)
        switch outcome {
        case .transitioned(let withdrawal):
            return WithdrawCancelResult(withdrawal: TellerProtocol.Withdrawal(withdrawal))
        case .conflict(let withdrawal) where withdrawal.state == .cancelled:
            // Cancelling twice is cancelling once.
            return WithdrawCancelResult(withdrawal: TellerProtocol.Withdrawal(withdrawal))
        case .conflict(let withdrawal):
            throw RPCError(reason: .notCancellable, details: ["state": withdrawal.state.rawValue])
        case .refused(let refusal): throw RPCError(refusal)
        default: preconditionFailure("a cancellation came out as \(outcome)")
        }
    }

    func watch(
        _ params: WithdrawWatchParams, _ context: RPCContext,
        _ stream: RPCStream<TellerProtocol.WithdrawalEvent>
    ) async throws(RPCError) -> WithdrawWatchResult {
        try await WithdrawalWatch(ledger: ledger, context: context)
            .run(params, from: try await find(params.withdrawalId, context), to: stream)
    }

    /// The withdrawal, if it is the caller's tenant's.
    private func find(
        _ id: WithdrawalID, _ context: RPCContext
    ) async throws(RPCError) -> Ledger.Withdrawal {
        let found = try await context.read { () async throws(StoreError) in
            try await ledger.store.withdrawal(id)
        }
        guard let found, found.account.tenant == context.principal.tenant else {
            throw RPCError(reason: .withdrawalNotFound)
        }
        return found
    }

    private func parse(_ text: String) throws(RPCError) -> Destination {
        do {
            return Destination(try WrittenTONAddress(text, on: network))
        } catch {
            throw RPCError(
                reason: .invalidDestination,
                fields: [.init(path: "destination", problem: error.description)])
        }
    }
}
