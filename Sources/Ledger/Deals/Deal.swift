// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// A sale between two accounts of a tenant whose money the ledger holds until it ends: an auction
/// or a presale.
///
/// What it holds follows from its row (`holds`): a hold is made by the step that says so, and ends
/// with the next one, once.
package struct Deal: Hashable, Sendable {
    package let id: DealID
    package let seller: AccountKey
    /// What is sold, in the caller's words.
    package let item: String
    package let terms: DealTerms
    /// What Teller keeps of the price; fixed when the deal is opened.
    package let commissionRate: BasisPoints
    package var state: DealState
    /// The highest bidder, or who bought the presale; nil for none.
    package var buyer: AccountKey?
    /// The highest bid, or the presale's price once it is bought; zero without a buyer.
    package var bid: Nanotons
    /// How many bids were accepted.
    package var bidCount: Int64
    /// What Teller kept of the price; zero until the deal ended with a sale.
    package var commission: Nanotons
    /// The sequence of the newest event; every change is conditional on it.
    package var version: Int64
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// Why a worker could not settle it and left it to an operator; nil for most.
    package var setAside: String?

    package init(
        id: DealID, seller: AccountKey, item: String, terms: DealTerms,
        commissionRate: BasisPoints, state: DealState = .open, buyer: AccountKey? = nil,
        bid: Nanotons = .zero, bidCount: Int64 = 0, commission: Nanotons = .zero,
        version: Int64 = 1, createdAt: Timestamp, updatedAt: Timestamp, setAside: String? = nil
    ) {
        self.id = id
        self.seller = seller
        self.item = item
        self.terms = terms
        self.commissionRate = commissionRate
        self.state = state
        self.buyer = buyer
        self.bid = bid
        self.bidCount = bidCount
        self.commission = commission
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.setAside = setAside
    }

    /// When it ends by itself; nil once it has ended. From that instant on nothing else is done
    /// with it.
    package var dueAt: Timestamp? {
        switch (terms, state) {
        case (.auction(let terms), .open): terms.endsAt
        case (.presale(let terms), .open): terms.deliverBy
        case (.presale(let terms), .bought): terms.overdueAt
        default: nil
        }
    }

    /// What it reserves, of whom.
    package var holds: [(account: AccountKey, amount: Nanotons)] {
        switch (terms, state) {
        case (.auction, .open): buyer.map { [($0, bid)] } ?? []
        case (.presale(let terms), .open): [(seller, terms.collateral)]
        case (.presale(let terms), .bought):
            [(seller, terms.collateral)] + (buyer.map { [($0, bid)] } ?? [])
        default: []
        }
    }

    /// The least bid that would be accepted; nil when there is none, or for a presale.
    package var minimumBid: Nanotons? {
        guard case .auction(let terms) = terms else { return nil }
        return buyer == nil ? terms.startBid : terms.step.raise(bid)
    }

    package var kind: DealKind {
        switch terms {
        case .auction: .auction
        case .presale: .presale
        }
    }

    /// The auction's terms; nil for a presale.
    package var auction: AuctionTerms? {
        if case .auction(let terms) = terms { terms } else { nil }
    }

    /// The presale's terms; nil for an auction.
    package var presale: PresaleTerms? {
        if case .presale(let terms) = terms { terms } else { nil }
    }
}

package enum DealKind: String, Sendable, CaseIterable {
    case auction, presale
}

package enum DealTerms: Hashable, Sendable {
    case auction(AuctionTerms)
    case presale(PresaleTerms)
}

package struct AuctionTerms: Hashable, Sendable {
    /// The least first bid.
    package let startBid: Nanotons
    /// By how much every further bid is higher.
    package let step: BasisPoints
    /// Bids are taken before this instant, and no longer at it.
    package let endsAt: Timestamp

    package init(startBid: Nanotons, step: BasisPoints, endsAt: Timestamp) {
        self.startBid = startBid
        self.step = step
        self.endsAt = endsAt
    }
}

/// The sale of something that the seller will have to deliver.
package struct PresaleTerms: Hashable, Sendable {
    package let price: Nanotons
    /// What the seller pledges; held until the deal ends.
    package let collateral: Nanotons
    /// What of the collateral the buyer gets when nothing is delivered; at most all of it.
    package let compensation: Nanotons
    /// It can be bought before this instant.
    package let deliverBy: Timestamp
    /// Once bought, it can be delivered before this instant.
    package let overdueAt: Timestamp

    package init(
        price: Nanotons, collateral: Nanotons, compensation: Nanotons, deliverBy: Timestamp,
        overdueAt: Timestamp
    ) {
        self.price = price
        self.collateral = collateral
        self.compensation = compensation
        self.deliverBy = deliverBy
        self.overdueAt = overdueAt
    }
}

/// Where a deal stands.
///
/// ```
/// auction   OPEN ─┬─► SOLD
///                 ├─► UNSOLD      nobody bid
///                 └─► CANCELLED
///
/// presale   OPEN ─┬─► BOUGHT ─┬─► DELIVERED
///                 │           └─► OVERDUE    not delivered in time
///                 ├─► EXPIRED     nobody bought it in time
///                 └─► CANCELLED
/// ```
package enum DealState: String, Sendable, CaseIterable {
    case open = "OPEN"
    case sold = "SOLD"
    case unsold = "UNSOLD"
    case bought = "BOUGHT"
    case delivered = "DELIVERED"
    case overdue = "OVERDUE"
    case expired = "EXPIRED"
    case cancelled = "CANCELLED"

    package var isEnded: Bool { self != .open && self != .bought }
}

/// One step in a deal's life.
package struct DealEvent: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case opened = "OPENED"
        case bid = "BID"
        case bought = "BOUGHT"
        case delivered = "DELIVERED"
        case sold = "SOLD"
        case unsold = "UNSOLD"
        case overdue = "OVERDUE"
        case expired = "EXPIRED"
        case cancelled = "CANCELLED"
    }

    package let deal: DealID
    /// 1 for the opening, then 2, 3 … without a gap.
    package let sequence: Int64
    package let kind: Kind
    /// Who bid or bought; nil for other steps.
    package let account: AccountKey?
    /// The bid or the price paid; nil for other steps.
    package let amount: Nanotons?
    package let at: Timestamp

    package init(
        deal: DealID, sequence: Int64, kind: Kind, account: AccountKey?, amount: Nanotons?,
        at: Timestamp
    ) {
        self.deal = deal
        self.sequence = sequence
        self.kind = kind
        self.account = account
        self.amount = amount
        self.at = at
    }
}
