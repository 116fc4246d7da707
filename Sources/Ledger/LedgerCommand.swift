// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// One change asked of the ledger. Many of them commit together; each is decided on its own.
package indirect enum LedgerCommand: Sendable {
    case create(CreateWithdrawal)
    case credit(CreditAccount)
    case transition(TransitionWithdrawal)

    /// The account whose journal it may add to.
    package var account: AccountKey {
        switch self {
        case .create(let create): create.account
        case .credit(let credit): credit.account
        case .transition(let transition): transition.account
        }
    }
}

/// Debits an account for a withdrawal, once per key.
package struct CreateWithdrawal: Sendable {
    /// Whether the configured limits let the amount pass.
    ///
    /// It is decided before the batch but applied after the look at the key: a replay gets its
    /// first outcome although the limits have changed since.
    package enum Admission: Sendable, Equatable {
        case admitted(fee: Nanotons)
        case refused(LedgerRefusal)
    }

    /// The id the withdrawal gets if it is accepted.
    package let id: WithdrawalID
    package let account: AccountKey
    package let amount: Nanotons
    package let destination: Destination
    package let comment: String?
    /// Of its key; nil without one.
    package let scope: KeyScope?
    package let admission: Admission

    package init(
        id: WithdrawalID, account: AccountKey, amount: Nanotons, destination: Destination,
        comment: String?, key: IdempotencyKey?, admission: Admission
    ) {
        self.id = id
        self.account = account
        self.amount = amount
        self.destination = destination
        self.comment = comment
        scope = key.map { KeyScope(account: account, method: .withdrawCreate, key: $0) }
        self.admission = admission
    }

    /// The parameters in which it differs from the call that made `withdrawal`. The account is part
    /// of the key, and the written form of an address means nothing.
    package func fieldsUnlike(_ withdrawal: Withdrawal) -> [String] {
        var fields: [String] = []
        if withdrawal.amount != amount { fields.append("amount") }
        if withdrawal.destination.rawAddress != destination.rawAddress {
            fields.append("destination")
        }
        if withdrawal.comment != comment { fields.append("comment") }
        return fields
    }
}

/// Adds money to an account, once per key; makes the account when there is none.
package struct CreditAccount: Sendable {
    package let account: AccountKey
    package let amount: Nanotons
    package let reference: String?
    package let key: IdempotencyKey?

    package init(
        account: AccountKey, amount: Nanotons, reference: String?, key: IdempotencyKey?
    ) {
        self.account = account
        self.amount = amount
        self.reference = reference
        self.key = key
    }

    package var fingerprint: Fingerprint {
        Fingerprint(
            method: .accountCredit,
            fields: ["amount": amount.wireText, "reference": reference])
    }
}

/// Moves a withdrawal one step, if it still is where the caller saw it.
package struct TransitionWithdrawal: Sendable {
    package let id: WithdrawalID
    /// The withdrawal's account.
    package let account: AccountKey
    package let from: WithdrawalState
    /// The version the caller saw; nil when the state alone decides.
    package let version: Int64?
    package let to: WithdrawalState
    /// For the event; safe to show.
    package let detail: String?
    package let transactionHash: String?
    /// The payment committed with the step to `SENT`.
    package let payout: Payout?
    /// What arrived of a payment that came back, for the step to `RETURNED`; no other step looks at
    /// it. nil: the withdrawal's whole amount. More than that is refused as `amountOutOfRange`.
    package let returnedAmount: Nanotons?
    /// What it is refused without; nil for a caller that needs no lease.
    package var fence: Fence?

    package init(
        id: WithdrawalID, account: AccountKey, from: WithdrawalState, version: Int64? = nil,
        to: WithdrawalState, detail: String? = nil, transactionHash: String? = nil,
        payout: Payout? = nil, returnedAmount: Nanotons? = nil, fence: Fence? = nil
    ) {
        self.id = id
        self.account = account
        self.from = from
        self.version = version
        self.to = to
        self.detail = detail
        self.transactionHash = transactionHash
        self.payout = payout
        self.returnedAmount = returnedAmount
        self.fence = fence
    }

    /// From where the caller saw `withdrawal`.
    package init(
        _ withdrawal: Withdrawal, to state: WithdrawalState, detail: String? = nil,
        transactionHash: String? = nil, payout: Payout? = nil, returnedAmount: Nanotons? = nil,
        fence: Fence? = nil
    ) {
        self.init(
            id: withdrawal.id, account: withdrawal.account, from: withdrawal.state,
            version: withdrawal.version, to: state, detail: detail,
            transactionHash: transactionHash, payout: payout, returnedAmount: returnedAmount,
            fence: fence)
    }
}

/// What became of one command.
package indirect enum LedgerOutcome: Sendable, Equatable {
    /// A new withdrawal; `record` when the call carried a key.
    case created(Withdrawal, record: KeyRecord?)
    /// The key's first outcome again, with the withdrawal as it is now.
    case createReplayed(now: Withdrawal, record: KeyRecord)
    case credited(Entry, Account, record: KeyRecord?)
    /// The key's first outcome again; the account as it is now.
    case creditReplayed(Entry, Account, record: KeyRecord)
    case transitioned(Withdrawal)
    /// The withdrawal was not where the caller saw it; it is unchanged.
    case conflict(Withdrawal)
    case refused(LedgerRefusal)
}

/// Why a command changed nothing. None of these burns a key.
package enum LedgerRefusal: Error, Sendable, Equatable {
    case accountNotFound
    case withdrawalNotFound
    case insufficientFunds
    case amountOutOfRange(minimum: Nanotons, maximum: Nanotons)
    case balanceOverflow
    /// The key stands for other parameters; these fields differ.
    case keyReused(fields: [String])
    /// The key was used so long ago that its first outcome is no longer kept.
    case keyExpired(withdrawal: WithdrawalID?, state: WithdrawalState?)
    /// The command's lease has been taken anew: its sender must stop.
    case fenced
}
