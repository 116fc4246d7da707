// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// One change asked of the deals.
package struct DealCommand: Sendable {
    package enum Action: Sendable, Equatable {
        case open(OpenDeal)
        case bid(DealID, Nanotons)
        /// - Parameter price: what the buyer expects to pay; nil for whatever it is.
        case buy(DealID, price: Nanotons?)
        case deliver(DealID)
        /// - Parameter releasingBid: also when somebody has bid, who then gets the bid back.
        case cancel(DealKind, DealID, releasingBid: Bool)
    }

    /// Whom it is asked for: the seller, or for a bid or a purchase the buyer.
    package let account: AccountKey
    package let action: Action
    package let key: IdempotencyKey?

    package init(account: AccountKey, action: Action, key: IdempotencyKey?) {
        self.account = account
        self.action = action
        self.key = key
    }

    /// The deal it names; nil for one that is yet to be opened.
    package var deal: DealID? {
        switch action {
        case .open: nil
        case .bid(let id, _), .buy(let id, _), .deliver(let id), .cancel(_, let id, _): id
        }
    }

    package var method: KeyScope.Method {
        switch action {
        case .open(let open): open.terms.isAuction ? .auctionOpen : .presaleOpen
        case .bid: .auctionBid
        case .buy: .presaleBuy
        case .deliver: .presaleDeliver
        case .cancel(let kind, _, _): kind == .auction ? .auctionCancel : .presaleCancel
        }
    }

    package var scope: KeyScope? {
        key.map { KeyScope(account: account, method: method, key: $0) }
    }
}

extension DealTerms {
    fileprivate var isAuction: Bool { if case .auction = self { true } else { false } }
}

/// A deal to be opened.
package struct OpenDeal: Sendable, Equatable {
    /// The id it gets if it is accepted.
    package let id: DealID
    package let item: String
    package let terms: DealTerms
    package let commissionRate: BasisPoints
    /// How far ahead `endsAt` or `deliverBy` may be.
    package let lifeMaxMilliseconds: Int64
    /// Why its amounts are refused, after the look at the key; nil when they are not.
    package let refusal: DealRefusal?

    package init(
        id: DealID, item: String, terms: DealTerms, commissionRate: BasisPoints,
        lifeMaxMilliseconds: Int64, refusal: DealRefusal? = nil
    ) {
        self.id = id
        self.item = item
        self.terms = terms
        self.commissionRate = commissionRate
        self.lifeMaxMilliseconds = lifeMaxMilliseconds
        self.refusal = refusal
    }
}

/// What is remembered of a call's key.
package struct DealKeyRecord: Hashable, Sendable {
    package let scope: KeyScope
    /// SHA-256 of the canonical parameters.
    package let fingerprint: Fingerprint
    package let deal: DealID
    /// The event that the call made.
    package let sequence: Int64
    package let firstSeenAt: Timestamp
    /// Until when a replay gets the first outcome.
    package let expiresAt: Timestamp

    package init(
        scope: KeyScope, fingerprint: Fingerprint, deal: DealID, sequence: Int64,
        firstSeenAt: Timestamp, expiresAt: Timestamp
    ) {
        self.scope = scope
        self.fingerprint = fingerprint
        self.deal = deal
        self.sequence = sequence
        self.firstSeenAt = firstSeenAt
        self.expiresAt = expiresAt
    }
}

/// What became of one command.
package enum DealOutcome: Sendable, Equatable {
    /// The deal as it is now, and the step this command made; `record` when it carried a key.
    case done(Deal, DealEvent, record: DealKeyRecord?)
    /// The step the key's first command made, and the deal as it is now.
    case replayed(Deal, DealEvent, record: DealKeyRecord)
    case refused(DealRefusal)
}

/// Why a command changed nothing. None of these burns a key.
package enum DealRefusal: Error, Sendable, Equatable {
    /// There is no such auction or presale of this tenant.
    case dealNotFound
    case accountNotFound
    case insufficientFunds
    case amountOutOfRange(minimum: Nanotons, maximum: Nanotons)
    case balanceOverflow
    /// The end must be after now and within the longest life.
    case endOutOfRange(after: Timestamp, until: Timestamp)
    /// It has ended, or its time is over.
    case ended(DealState)
    case bidTooLow(minimum: Nanotons)
    /// A seller can't bid on or buy what is his own.
    case ownDeal
    /// The account is not the seller.
    case notSeller
    /// Somebody has bought the presale already.
    case alreadyBought
    /// Nobody has bought the presale yet.
    case notBought
    case priceDiffers(price: Nanotons)
    /// Somebody has bid, and the command would not release that.
    case hasBids
    /// The key stands for other parameters; these fields differ.
    case keyReused(fields: [String])
    /// The key was used so long ago that its first outcome is no longer kept.
    case keyExpired(DealID, DealState)
    /// The sender's lease has been taken anew: it must stop.
    case fenced
}

/// What became of a deal that a worker was to settle.
package enum Settlement: Sendable, Equatable {
    case settled(Deal)
    /// It is not due, or no longer, or set aside; nothing was done.
    case unchanged
    /// It can't be settled; nothing was done.
    case impossible(String)
    /// The worker's lease has been taken anew: it must stop.
    case fenced
}
