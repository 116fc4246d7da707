// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// Auctions and presales in the contract's words. A state of the other kind can't be there.

extension Auction {
    init(_ deal: Deal) {
        self.init(
            auctionId: deal.id, accountId: deal.seller.account, item: deal.item,
            state: AuctionState(rawValue: deal.state.rawValue) ?? .cancelled,
            startBid: deal.auction?.startBid ?? .zero,
            stepBasisPoints: Int(deal.auction?.step.rawValue ?? 1),
            commissionBasisPoints: Int(deal.commissionRate.rawValue),
            endsAt: deal.auction?.endsAt ?? deal.createdAt, bidCount: Int(deal.bidCount),
            highestBid: deal.buyer == nil ? nil : deal.bid,
            highestBidderId: deal.buyer?.account,
            minimumBid: deal.state == .open ? deal.minimumBid : nil,
            commission: deal.state == .sold ? deal.commission : nil, createdAt: deal.createdAt,
            updatedAt: deal.updatedAt, setAside: deal.setAside)
    }
}

extension AuctionEvent {
    init?(_ event: DealEvent, of deal: Deal) {
        guard let step = AuctionStep(rawValue: event.kind.rawValue) else { return nil }
        self.init(
            cursor: Cursor.text(after: event), step: step, at: event.at,
            bidderId: event.account?.account, amount: event.amount, auction: Auction(deal))
    }
}

extension Presale {
    init(_ deal: Deal) {
        self.init(
            presaleId: deal.id, accountId: deal.seller.account, item: deal.item,
            state: PresaleState(rawValue: deal.state.rawValue) ?? .cancelled,
            price: deal.presale?.price ?? .zero, collateral: deal.presale?.collateral ?? .zero,
            compensation: deal.presale?.compensation ?? .zero,
            commissionBasisPoints: Int(deal.commissionRate.rawValue),
            deliverBy: deal.presale?.deliverBy ?? deal.createdAt,
            overdueAt: deal.presale?.overdueAt ?? deal.createdAt, buyerId: deal.buyer?.account,
            commission: deal.state == .delivered ? deal.commission : nil,
            createdAt: deal.createdAt, updatedAt: deal.updatedAt, setAside: deal.setAside)
    }
}
