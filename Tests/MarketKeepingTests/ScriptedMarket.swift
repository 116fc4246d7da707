// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import Synchronization
import TON
import TellerProtocol

/// A marketplace that does as it is told, and counts what was carried out.
final class ScriptedMarket: Marketplace {
    enum Way {
        case asked
        /// Carried out, and the answer lost.
        case lost
        /// Not carried out, and nobody says so.
        case swallowed
        /// Surely not carried out.
        case crowded
        case refused
        /// It never answers.
        case hangs
    }

    struct State {
        var balance: Int64 = 1_000
        var own: [String] = []
        var ways: [Way] = []
        var purchases: [String] = []
        var withdrawals: [Int64] = []
        var calls = 0
    }

    let name = "scripted"
    let features: MarketplaceFeatures = []
    let state = Mutex(State())

    init(_ ways: [Way] = []) { state.withLock { $0.ways = ways } }

    private func next() -> Way {
        state.withLock { state in
            state.calls += 1
            return state.ways.isEmpty ? .asked : state.ways.removeFirst()
        }
    }

    func balance() async throws(MarketplaceError) -> MarketBalance {
        MarketBalance(available: state.withLock { Nanotons($0.balance)! })
    }

    func listings(
        _ filter: ListingFilter, at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<Listing> {
        throw .unsupported(market: name, call: "listings")
    }

    func ownItems(at cursor: PageCursor?) async throws(MarketplaceError) -> Page<OwnItem> {
        let own = state.withLock { $0.own }
        return Page(
            items: own.map {
                OwnItem(gift: Gift(id: MarketItemID($0), collection: "Bears", number: 1))
            }, next: nil)
    }

    func auctions(at cursor: PageCursor?) async throws(MarketplaceError) -> Page<AuctionListing> {
        throw .unsupported(market: name, call: "auctions")
    }

    func depositTarget() async throws(MarketplaceError) -> Marketplaces.DepositTarget {
        throw .unsupported(market: name, call: "depositTarget")
    }

    func depositProgress(
        of target: Marketplaces.DepositTarget
    ) async throws(MarketplaceError) -> DepositProgress {
        throw .unsupported(market: name, call: "depositProgress")
    }

    func withdrawalStatus(
        of id: MarketWithdrawalID
    ) async throws(MarketplaceError) -> WithdrawalStatus? { nil }

    func withdraw(
        _ amount: Nanotons, to address: TONAddress
    ) async throws(MarketplaceError) -> WithdrawReceipt {
        let way = next()
        if way == .crowded { throw .crowded(market: name) }
        if way == .refused { return WithdrawReceipt(.rejected, message: "too little") }
        if way == .asked || way == .lost {
            state.withLock { state in
                state.balance -= amount.rawValue
                state.withdrawals.append(amount.rawValue)
            }
        }
        if way == .hangs { try? await Task.sleep(for: .seconds(600)) }
        return WithdrawReceipt(way == .asked ? .accepted : .unknown)
    }

    func buy(
        _ id: MarketItemID, for price: Nanotons
    ) async throws(MarketplaceError) -> BuyOutcome {
        let way = next()
        if way == .crowded { throw .crowded(market: name) }
        if way == .refused { return .refused("sold") }
        if way == .asked || way == .lost || way == .hangs {
            state.withLock { state in
                state.balance -= price.rawValue
                state.own.append(id.text)
                state.purchases.append(id.text)
            }
        }
        if way == .hangs { try? await Task.sleep(for: .seconds(600)) }
        return way == .asked ? .bought : .unknown("the answer was lost")
    }
}
