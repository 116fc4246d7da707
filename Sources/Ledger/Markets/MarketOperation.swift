// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Something a marketplace is asked to do with the money that Teller's account has there: an intent,
/// kept before the call is made, and what became of it.
package struct MarketOperation: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Buys an item for the price its listing quotes.
        case buy(item: String, price: Nanotons)
        /// Moves money to the hot wallet; what arrives is credited to the account.
        case withdraw(Nanotons, to: AccountKey)

        package var name: String {
            switch self {
            case .buy: "buy"
            case .withdraw: "withdraw"
            }
        }

        /// Whom the money of a withdrawal is for; nil for a purchase.
        package var account: AccountKey? {
            if case .withdraw(_, let account) = self { account } else { nil }
        }

        /// What is bought; nil for a withdrawal.
        package var item: String? {
            if case .buy(let item, _) = self { item } else { nil }
        }

        /// What the marketplace takes from its account's balance, fees aside.
        package var amount: Nanotons {
            switch self {
            case .buy(_, let price): price
            case .withdraw(let amount, _): amount
            }
        }
    }

    package let id: MarketOperationID
    package let tenant: TenantID
    /// The configured name of the marketplace.
    package let market: String
    package let action: Action
    package let key: IdempotencyKey?
    package let createdAt: Timestamp
    package var state: MarketOperationState
    /// What the balance there was just before the call.
    package var balanceBefore: Nanotons?
    /// When the call was about to be made; nil before.
    package var sentAt: Timestamp?
    /// The marketplace's name for it.
    package var remoteID: String?
    /// What was last learnt of it; safe to show.
    package var detail: String?
    /// The deposit that brought a withdrawal's money; nil before.
    package var deposit: LogicalTime?
    /// Of that deposit's transaction.
    package var transactionHash: String?
    /// 1, 2, 3 …; every change is conditional on it.
    package var version: Int64
    package var updatedAt: Timestamp

    package init(
        id: MarketOperationID, tenant: TenantID, market: String, action: Action,
        key: IdempotencyKey?, createdAt: Timestamp, state: MarketOperationState = .pending,
        balanceBefore: Nanotons? = nil, sentAt: Timestamp? = nil, remoteID: String? = nil,
        detail: String? = nil, deposit: LogicalTime? = nil, transactionHash: String? = nil,
        version: Int64 = 1, updatedAt: Timestamp? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.market = market
        self.action = action
        self.key = key
        self.createdAt = createdAt
        self.state = state
        self.balanceBefore = balanceBefore
        self.sentAt = sentAt
        self.remoteID = remoteID
        self.detail = detail
        self.deposit = deposit
        self.transactionHash = transactionHash
        self.version = version
        self.updatedAt = updatedAt ?? createdAt
    }

    /// Whether the store may write `next` over this one.
    package func mayBecome(_ next: MarketOperation) -> Bool {
        next.version == version + 1 && state.mayMove(to: next.state)
    }

    /// The parameters in which it differs from a call with the same key.
    package func fieldsUnlike(_ other: MarketOperation) -> [String] {
        var fields: [String] = []
        if market != other.market { fields.append("market") }
        switch (action, other.action) {
        case (.buy(let item, let price), .buy(let otherItem, let otherPrice)):
            if item != otherItem { fields.append("itemId") }
            if price != otherPrice { fields.append("price") }
        case (.withdraw(let amount, let account), .withdraw(let otherAmount, let otherAccount)):
            if amount != otherAmount { fields.append("amount") }
            if account != otherAccount { fields.append("accountId") }
        default: fields.append("method")
        }
        return fields
    }
}

/// Where an operation stands.
///
/// ```
///                  surely not sent
///              ┌──────────────────────┐
///              ▼                      │
///  kept ─► PENDING ─commit─► SENDING ─┴─► REFUSED
///                              │ │ │
///               death, timeout │ │ └────► ACCEPTED ─ arrived ─► DONE      a withdrawal
///                              ▼ └──────────────────────────────▲         a purchase
///                           UNKNOWN ─ evidence ─► ACCEPTED, DONE
///                              └───── proof ────► NOT_EXECUTED
/// ```
///
/// The call is made in `SENDING` and never again afterwards: only what surely was not sent goes back
/// to `PENDING`. `UNKNOWN` is left on evidence alone.
package enum MarketOperationState: String, Sendable, CaseIterable {
    case pending = "PENDING"
    case sending = "SENDING"
    case accepted = "ACCEPTED"
    case unknown = "UNKNOWN"
    case done = "DONE"
    case refused = "REFUSED"
    case notExecuted = "NOT_EXECUTED"

    package var isEnded: Bool {
        switch self {
        case .pending, .sending, .accepted, .unknown: false
        case .done, .refused, .notExecuted: true
        }
    }

    /// Whether the drawing has a step from here to `next`. To learn more of where it stands is one.
    package func mayMove(to next: Self) -> Bool {
        switch (self, next) {
        case (.pending, .sending), (.pending, .refused), (.sending, .pending), (.sending, .refused),
            (.sending, .accepted), (.sending, .done), (.sending, .unknown), (.unknown, .accepted),
            (.unknown, .done), (.unknown, .notExecuted), (.accepted, .done),
            (.accepted, .notExecuted):
            true
        case (.sending, .sending): false
        case _ where self == next: !isEnded
        default: false
        }
    }
}
