// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

/// The rules of auctions and presales that are configuration. They are fixed for a deal when it is
/// opened.
struct DealSettings: Sendable {
    let auctionCommission: BasisPoints
    let presaleCommission: BasisPoints
    let collateral: BasisPoints
    let compensation: BasisPoints
    let grace: Duration
    let lifeMax: Duration
    let amountMax: Nanotons

    init(_ values: SettingValues) throws(ConfigurationError) {
        func share(_ key: String) throws(ConfigurationError) -> BasisPoints {
            BasisPoints(Int64(try values.count(key, in: 0...10_000))) ?? .zero
        }
        auctionCommission = try share("auction.commission")
        presaleCommission = try share("presale.commission")
        collateral = try share("presale.collateral")
        compensation = try share("presale.compensation")
        guard compensation.rawValue <= collateral.rawValue else {
            throw values.invalid(
                "presale.compensation", expected: "at most presale.collateral")
        }
        grace = try values.duration("presale.grace")
        lifeMax = try values.duration("sales.lifeMax")
        guard let amount = values.text("sales.amountMax").flatMap({ Nanotons(wire: $0) }),
            amount > .zero
        else { throw values.invalid("sales.amountMax") }
        amountMax = amount
    }

    func auction(
        _ id: DealID, item: String, startBid: Nanotons, step: BasisPoints, endsAt: Timestamp
    ) -> OpenDeal {
        open(
            id, item, startBid, auctionCommission,
            .auction(AuctionTerms(startBid: startBid, step: step, endsAt: endsAt)))
    }

    func presale(
        _ id: DealID, item: String, price: Nanotons, deliverBy: Timestamp
    ) -> OpenDeal {
        open(
            id, item, price, presaleCommission,
            .presale(
                PresaleTerms(
                    price: price, collateral: collateral.share(of: price),
                    compensation: compensation.share(of: price), deliverBy: deliverBy,
                    overdueAt: deliverBy.adding(milliseconds: grace.wholeMilliseconds))))
    }

    /// nil when the amount is within its limits.
    func refusal(of amount: Nanotons) -> DealRefusal? {
        let minimum = Nanotons(1) ?? .zero
        guard (minimum...amountMax).contains(amount) else {
            return .amountOutOfRange(minimum: minimum, maximum: amountMax)
        }
        return nil
    }

    private func open(
        _ id: DealID, _ item: String, _ amount: Nanotons, _ rate: BasisPoints, _ terms: DealTerms
    ) -> OpenDeal {
        OpenDeal(
            id: id, item: item, terms: terms, commissionRate: rate,
            lifeMaxMilliseconds: lifeMax.wholeMilliseconds, refusal: refusal(of: amount))
    }
}
