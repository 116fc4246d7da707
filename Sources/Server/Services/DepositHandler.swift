// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import TellerProtocol

/// `deposit.*` over what the hot wallet's watcher has found.
struct DepositHandler: DepositService {
    /// nil for a server without a hot wallet.
    let desk: DepositDesk?
    let ledger: Bookkeeper
    let clock: RPCClock

    func address(
        _ params: DepositAddressParams, _ context: RPCContext
    ) async throws(RPCError) -> DepositAddressResult {
        let desk = try requireDesk()
        let account = context.account(params.accountId)
        let target = try await context.read { () async throws(StoreError) in
            try await desk.target(of: account)
        }
        return DepositAddressResult(deposit: target)
    }

    func list(
        _ params: DepositListParams, _ context: RPCContext
    ) async throws(RPCError) -> DepositListResult {
        let desk = try requireDesk()
        let limit = params.limit ?? Page.rowsStandard
        let list = "\(desk.wallet) \(params.state?.rawValue ?? "")"
        let before = try Cursor.deposits(params.cursor, of: list)
        let state = params.state.map { DepositState($0) }
        let rows = try await context.read { () async throws(StoreError) in
            try await desk.store.deposits(
                of: desk.wallet, state: state, before: before, limit: limit + 1)
        }
        let page = rows.prefix(limit)
        let next =
            rows.count > limit
            ? page.last.map { Cursor.text(afterDeposit: $0.lt, of: list) } : nil
        return DepositListResult(
            deposits: page.map(ReceivedDeposit.init), nextCursor: next)
    }

    func assign(
        _ params: DepositAssignParams, _ context: RPCContext
    ) async throws(RPCError) -> DepositAssignResult {
        let desk = try requireDesk()
        guard let lt = LogicalTime(params.depositId), lt > 0, String(lt) == params.depositId else {
            throw RPCError(
                reason: .invalidParams,
                fields: [RPCError.FieldProblem(path: "depositId", problem: "is no deposit's id")])
        }
        let tenant = try tenant(params.tenant, context)
        let account = AccountKey(tenant: tenant, account: params.accountId)
        guard let deposit = try await find(lt, desk, context) else {
            throw RPCError(reason: .depositNotFound)
        }
        let outcome = try await context.read { () async throws(StoreError) in
            try await desk.store.assignDeposit(
                wallet: desk.wallet, lt: lt,
                by: CreditAccount(
                    account: account, amount: deposit.amount,
                    reference: "deposit \(lt): \(params.reason)", key: nil),
                at: clock.wall)
        }
        switch outcome {
        case .credited:
            context.logger.notice(
                "deposit assigned",
                metadata: [
                    "deposit": "\(lt)", "tenant": "\(tenant)", "account": "\(params.accountId)",
                    "by": "\(context.principal.name)", "reason": "\(params.reason)",
                ])
        case .refused(let refusal): throw RPCError(refusal)
        default: break
        }
        // Also when it had been assigned before: the same call again is answered as the first.
        guard let now = try await find(lt, desk, context), now.account == account,
            now.state == .assigned
        else { throw RPCError(reason: .depositNotUnmatched) }
        return DepositAssignResult(
            deposit: ReceivedDeposit(now),
            account: TellerProtocol.Account(try await requireAccount(account, ledger, context)))
    }

    private func tenant(
        _ text: String?, _ context: RPCContext
    ) throws(RPCError) -> TenantID {
        guard let text else { return context.principal.tenant }
        guard let tenant = TenantID(text) else {
            throw RPCError(
                reason: .invalidParams,
                fields: [RPCError.FieldProblem(path: "tenant", problem: "is no tenant")])
        }
        return tenant
    }

    private func find(
        _ lt: LogicalTime, _ desk: DepositDesk, _ context: RPCContext
    ) async throws(RPCError) -> Deposit? {
        try await context.read { () async throws(StoreError) in try await desk.deposit(lt) }
    }

    private func requireDesk() throws(RPCError) -> DepositDesk {
        guard let desk else { throw RPCError(reason: .depositsOff) }
        return desk
    }
}
