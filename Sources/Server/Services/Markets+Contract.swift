// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Marketplaces
import RPC
import TON
import TellerProtocol

// Marketplaces and what is asked of them in the contract's words.

extension String {
    /// What others wrote, cut to so many scalars, as the contract takes text.
    func cut(to scalarsMax: Int) -> String {
        var cut = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(scalarsMax) {
            cut.append(scalar == "\0" ? "\u{FFFD}" : scalar)
        }
        return String(cut)
    }
}

extension MarketKind {
    init(_ name: MarketSettings.Name) {
        self =
            switch name {
            case .mrkt: .mrkt
            case .portals: .portals
            case .tonnel: .tonnel
            }
    }
}

extension MarketSummary {
    init(_ entry: MarketDesk.Entry) {
        let features = entry.market.features
        self.init(
            market: entry.market.name, kind: entry.kind, canWithdraw: entry.canWithdraw,
            tellsDeposits: features.contains(.depositProgress),
            tellsWithdrawals: features.contains(.withdrawalStatus),
            hasAuctions: features.contains(.auctions))
    }
}

extension MarketTrait {
    init(_ trait: GiftTrait) {
        let perMillion = trait.perMillion.flatMap { (0...1_000_000).contains($0) ? $0 : nil }
        self.init(name: trait.name.cut(to: 128), perMillion: perMillion)
    }
}

extension MarketListing {
    init(_ listing: Listing) {
        let gift = listing.gift
        self.init(
            itemId: gift.id.text, telegramId: gift.telegramID,
            collection: gift.collection.cut(to: 128),
            number: gift.number.flatMap { (0..<1 << 53).contains($0) ? $0 : nil },
            model: gift.model.map(MarketTrait.init), symbol: gift.symbol.map(MarketTrait.init),
            backdrop: gift.backdrop.map(MarketTrait.init), price: listing.price,
            quotedPrice: listing.rawPrice, listedAt: listing.listedAt,
            isOnAuction: listing.isOnAuction)
    }
}

extension MarketDepositTarget {
    init(_ target: Marketplaces.DepositTarget) {
        self.init(
            address: target.address.address.friendlyText(isBounceable: false),
            comment: target.comment)
    }
}

extension MarketOrder {
    init(_ operation: MarketOperation) {
        self.init(
            operationId: operation.id, market: operation.market,
            action: MarketOrderAction(operation.action), state: MarketOrderState(operation.state),
            itemId: operation.action.item, amount: operation.action.amount,
            accountId: operation.action.account?.account,
            detail: operation.detail?.cut(to: 500), remoteId: operation.remoteID,
            transactionHash: operation.transactionHash, createdAt: operation.createdAt,
            sentAt: operation.sentAt, updatedAt: operation.updatedAt)
    }
}

extension MarketOrderAction {
    init(_ action: MarketOperation.Action) {
        self =
            switch action {
            case .buy: .buy
            case .withdraw: .withdraw
            }
    }
}

extension MarketOrderState {
    init(_ state: MarketOperationState) {
        self =
            switch state {
            case .pending: .pending
            case .sending: .sending
            case .accepted: .accepted
            case .unknown: .unknown
            case .done: .done
            case .refused: .refused
            case .notExecuted: .notExecuted
            }
    }
}

extension ListingFilter {
    /// - Throws: `INVALID_PARAMS` for a list with too many names.
    init(_ params: MarketListingsParams) throws(RPCError) {
        self.init()
        collections = try Self.names(params.collections, "collections")
        models = try Self.names(params.models, "models")
        symbols = try Self.names(params.symbols, "symbols")
        backdrops = try Self.names(params.backdrops, "backdrops")
        number = params.number
        priceMin = params.priceMin
        priceMax = params.priceMax
        order = Order(params.order ?? .newest)
    }

    private static func names(
        _ names: [String]?, _ path: String
    ) throws(RPCError) -> [String] {
        let names = names ?? []
        guard names.count <= namesMax else {
            throw RPCError(
                reason: .invalidParams,
                fields: [.init(path: path, problem: "has more than \(namesMax) names")])
        }
        return names
    }
}

extension ListingFilter.Order {
    init(_ order: MarketListingOrder) {
        self =
            switch order {
            case .newest: .newest
            case .priceAscending: .price(isAscending: true)
            case .priceDescending: .price(isAscending: false)
            case .numberAscending: .number(isAscending: true)
            case .numberDescending: .number(isAscending: false)
            case .rarityAscending: .modelRarity(isAscending: true)
            case .rarityDescending: .modelRarity(isAscending: false)
            }
    }
}
