// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What names an account in the ledger: its tenant, then its id. It leads every key of the store.
package struct AccountKey: Hashable, Sendable, Comparable {
    package let tenant: TenantID
    package let account: AccountID
    /// Computed once: a batch looks every account up a dozen times.
    private let hash: Int

    package init(tenant: TenantID, account: AccountID) {
        self.tenant = tenant
        self.account = account
        var hasher = Hasher()
        hasher.combine(tenant)
        hasher.combine(account)
        hash = hasher.finalize()
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// What dictionaries use: the hash has the process's own seed already, and is not mixed again.
    package func _rawHashValue(seed: Int) -> Int { hash ^ seed }

    /// One of `count` lanes; the same for this account as long as the program runs.
    package func lane(of count: Int) -> Int { Int(UInt(bitPattern: hash) % UInt(count)) }

    /// The order in which every store locks accounts, so that two batches never deadlock.
    package static func < (left: Self, right: Self) -> Bool {
        (left.tenant.text, left.account.text) < (right.tenant.text, right.account.text)
    }
}

/// An account: the running sums of its journal.
package struct Account: Hashable, Sendable {
    package let key: AccountKey
    /// What may be withdrawn.
    package var available: Nanotons
    /// What holds reserve.
    package var held: Nanotons
    /// The sequence of the newest entry; 0 before the first.
    package var lastSequence: Int64
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        key: AccountKey, available: Nanotons, held: Nanotons, lastSequence: Int64,
        createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.key = key
        self.available = available
        self.held = held
        self.lastSequence = lastSequence
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// An account without money.
    package init(empty key: AccountKey, at now: Timestamp) {
        self.init(
            key: key, available: .zero, held: .zero, lastSequence: 0, createdAt: now,
            updatedAt: now)
    }
}

/// One line of an account's append-only journal.
package struct Entry: Hashable, Sendable {
    package let account: AccountKey
    /// 1, 2, 3 … within the account, without a gap.
    package let sequence: Int64
    package let kind: EntryKind
    /// Signed nanotons.
    package let availableDelta: Int64
    package let heldDelta: Int64
    /// The account's sums after this entry.
    package let available: Nanotons
    package let held: Nanotons
    /// The withdrawal this entry belongs to; nil for a credit or a deal.
    package let withdrawalID: WithdrawalID?
    /// The caller's text with a credit; `auction/` or `presale/` and the id with a deal.
    package let reference: String?
    package let at: Timestamp

    package init(
        account: AccountKey, sequence: Int64, kind: EntryKind, availableDelta: Int64,
        heldDelta: Int64, available: Nanotons, held: Nanotons, withdrawalID: WithdrawalID?,
        reference: String?, at: Timestamp
    ) {
        self.account = account
        self.sequence = sequence
        self.kind = kind
        self.availableDelta = availableDelta
        self.heldDelta = heldDelta
        self.available = available
        self.held = held
        self.withdrawalID = withdrawalID
        self.reference = reference
        self.at = at
    }
}

/// A payout address in the ledger's canonical form, with what the caller typed remembered.
package struct Destination: Hashable, Sendable {
    /// Raw lower-case form: `0:` or `-1:` and 64 hexadecimal digits.
    package let rawAddress: String
    /// Whether the payment may bounce, as the typed form said.
    package let isBounceable: Bool

    package init(rawAddress: String, isBounceable: Bool) {
        self.rawAddress = rawAddress
        self.isBounceable = isBounceable
    }
}

/// A withdrawal as the ledger holds it. Until it is settled, it reserves its amount and fee.
package struct Withdrawal: Hashable, Sendable {
    package let id: WithdrawalID
    package let account: AccountKey
    /// What the recipient gets.
    package let amount: Nanotons
    /// What Teller keeps; the account is debited `amount + fee`.
    package let fee: Nanotons
    package let destination: Destination
    /// The text sent along; nil for none.
    package let comment: String?
    package var state: WithdrawalState
    /// The sequence of the newest event; every change is conditional on it.
    package var version: Int64
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// The proof on chain; nil until confirmed.
    package var transactionHash: String?
    /// Why it failed or came back; safe to show.
    package var failureReason: String?

    package init(
        id: WithdrawalID, account: AccountKey, amount: Nanotons, fee: Nanotons,
        destination: Destination, comment: String?, state: WithdrawalState, version: Int64,
        createdAt: Timestamp, updatedAt: Timestamp, transactionHash: String?,
        failureReason: String?
    ) {
        self.id = id
        self.account = account
        self.amount = amount
        self.fee = fee
        self.destination = destination
        self.comment = comment
        self.state = state
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.transactionHash = transactionHash
        self.failureReason = failureReason
    }

    /// The first event of its life, which no store keeps a row of.
    package var creation: WithdrawalEvent {
        WithdrawalEvent(
            withdrawalID: id, sequence: 1, state: .pending, at: createdAt, detail: nil)
    }

    /// The withdrawal as its creation was answered: what a replay returns.
    package var asFirstAnswered: Withdrawal {
        var first = self
        first.state = .pending
        first.version = 1
        first.updatedAt = createdAt
        first.transactionHash = nil
        first.failureReason = nil
        return first
    }
}

/// One step in a withdrawal's life.
package struct WithdrawalEvent: Hashable, Sendable {
    package let withdrawalID: WithdrawalID
    /// 1 for the creation, then 2, 3 … without a gap.
    package let sequence: Int64
    package let state: WithdrawalState
    package let at: Timestamp
    /// What happened, safe to show; nil when the state says it all.
    package let detail: String?

    package init(
        withdrawalID: WithdrawalID, sequence: Int64, state: WithdrawalState, at: Timestamp,
        detail: String?
    ) {
        self.withdrawalID = withdrawalID
        self.sequence = sequence
        self.state = state
        self.at = at
        self.detail = detail
    }
}

/// What was, or may have been, broadcast for a withdrawal: committed before the first send.
package struct Payout: Hashable, Sendable {
    package let withdrawalID: WithdrawalID
    /// The gateway that made it.
    package let gateway: String
    /// The gateway's name for the payment, by which it finds it again.
    package let reference: String
    /// The signed bytes; only these are ever sent again.
    package let payload: [UInt8]
    package let createdAt: Timestamp

    package init(
        withdrawalID: WithdrawalID, gateway: String, reference: String, payload: [UInt8],
        createdAt: Timestamp
    ) {
        self.withdrawalID = withdrawalID
        self.gateway = gateway
        self.reference = reference
        self.payload = payload
        self.createdAt = createdAt
    }
}

/// Where an idempotency key is unique.
package struct KeyScope: Hashable, Sendable {
    /// A method whose calls carry keys; the raw value is what the store keeps.
    package enum Method: Int16, Sendable, CaseIterable {
        case withdrawCreate = 1
        case accountCredit = 2
        case auctionOpen = 3
        case auctionBid = 4
        case auctionCancel = 5
        case presaleOpen = 6
        case presaleBuy = 7
        case presaleDeliver = 8
        case presaleCancel = 9
    }

    package let account: AccountKey
    package let method: Method
    package let key: IdempotencyKey
    /// Computed once, as that of an account.
    private let hash: Int

    package init(account: AccountKey, method: Method, key: IdempotencyKey) {
        self.account = account
        self.method = method
        self.key = key
        var hasher = Hasher()
        hasher.combine(account)
        hasher.combine(method)
        hasher.combine(key)
        hash = hasher.finalize()
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
    package func _rawHashValue(seed: Int) -> Int { hash ^ seed }
}

/// What is remembered of a key: for ever that it was used, and for a time its outcome.
package struct KeyRecord: Hashable, Sendable {
    /// What the first call brought about.
    package enum Subject: Hashable, Sendable {
        /// A withdrawal, which keeps all of the call's parameters.
        case withdrawal(WithdrawalID)
        /// The sequence of a credit's entry within the scope's account, and the SHA-256 of the
        /// call's canonical parameters.
        case entry(Int64, Fingerprint)
    }

    package let scope: KeyScope
    package let subject: Subject
    package let firstSeenAt: Timestamp
    /// Until when a replay gets the first outcome.
    package let expiresAt: Timestamp

    /// Of a credit's key: the sequence of its entry, and the fingerprint of its call.
    package var entry: (sequence: Int64, fingerprint: Fingerprint)? {
        if case .entry(let sequence, let fingerprint) = subject {
            (sequence, fingerprint)
        } else {
            nil
        }
    }

    package init(
        scope: KeyScope, subject: Subject, firstSeenAt: Timestamp, expiresAt: Timestamp
    ) {
        self.scope = scope
        self.subject = subject
        self.firstSeenAt = firstSeenAt
        self.expiresAt = expiresAt
    }
}
