// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import RPC
import TellerProtocol

extension RPCContext {
    /// The account of this name in the caller's tenant.
    func account(_ id: AccountID) -> AccountKey {
        AccountKey(tenant: principal.tenant, account: id)
    }

    /// The call's idempotency key.
    ///
    /// - Throws: `KEY_REQUIRED` when there is none and `required` says there must be.
    func key(required: Bool) throws(RPCError) -> IdempotencyKey? {
        if idempotencyKey == nil {
            guard !required else { throw RPCError(reason: .keyRequired) }
            logger.notice("a call without an idempotency key is unprotected against retries")
        }
        return idempotencyKey
    }

    /// Commits a command, telling the ledger's failures in the contract's words.
    func commit(
        _ command: LedgerCommand, in ledger: Bookkeeper
    ) async throws(RPCError) -> LedgerOutcome {
        do {
            return try await ledger.commit(command)
        } catch {
            throw refusal(of: error)
        }
    }

    /// Runs a read of the store.
    func read<Value>(
        _ query: () async throws(StoreError) -> Value
    ) async throws(RPCError) -> Value {
        do {
            return try await query()
        } catch {
            throw refusal(of: error)
        }
    }

    private func refusal(of error: CommitError) -> RPCError {
        switch error {
        case .overloaded: RPCError(reason: .overloaded, retryAfterMilliseconds: 1000)
        case .closed: RPCError(reason: .shuttingDown, retryAfterMilliseconds: 1000)
        case .cancelled(let mayHaveRun) where mayHaveRun && idempotencyKey != nil:
            // The first call with this key is still being committed; asking again tells.
            RPCError(reason: .inProgress, retryAfterMilliseconds: 100)
        case .cancelled: RPCError(reason: .deadlineExceeded)
        case .store(let error): refusal(of: error)
        }
    }

    private func refusal(of error: StoreError) -> RPCError {
        switch error.code {
        case .unavailable, .outcomeUnknown:
            logger.warning("the store failed", metadata: ["error": "\(error.debugDescription)"])
            var refusal = RPCError(reason: .storeUnavailable, retryAfterMilliseconds: 1000)
            // Without a key nobody can ask again whether the command was carried out.
            if error.code == .outcomeUnknown, idempotencyKey == nil { refusal.retryable = false }
            return refusal
        case .rejected, .schemaMismatch, .corrupt:
            logger.error("the store failed", metadata: ["error": "\(error.debugDescription)"])
            return RPCError(reason: .internal)
        }
    }
}

extension RPCError {
    /// The contract's words for what the ledger refused.
    init(_ refusal: LedgerRefusal) {
        switch refusal {
        case .accountNotFound: self.init(reason: .accountNotFound)
        case .withdrawalNotFound: self.init(reason: .withdrawalNotFound)
        case .insufficientFunds: self.init(reason: .insufficientFunds)
        case .amountOutOfRange(let minimum, let maximum):
            self.init(
                reason: .amountOutOfRange,
                fields: [
                    FieldProblem(
                        path: "amount",
                        problem: "must be from \(minimum.wireText) to \(maximum.wireText)")
                ],
                details: [
                    "minimumAmount": minimum.wireText, "maximumAmount": maximum.wireText,
                ])
        case .balanceOverflow: self.init(reason: .balanceOverflow)
        case .keyReused(let fields):
            self.init(
                reason: .keyReused,
                fields: fields.map {
                    FieldProblem(path: $0, problem: "differs from the first call with this key")
                })
        case .keyExpired(let id, let state):
            var details: [String: String] = [:]
            details["withdrawalId"] = id?.description
            details["state"] = state?.rawValue
            self.init(reason: .keyExpired, details: details)
        // No call carries a fence, so this can't reach a caller.
        case .fenced: self.init(reason: .internal)
        }
    }
}
