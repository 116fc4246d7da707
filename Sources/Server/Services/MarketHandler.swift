// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import Marketplaces
import RPC
import TellerProtocol

/// `market.*`: what is read is asked of the marketplace; what moves money is only kept here, for the
/// marketplace's worker to carry out.
struct MarketHandler: MarketService {
    let desk: MarketDesk
    let requiresKey: Bool

    func list(
        _ params: MarketListParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketListResult {
        MarketListResult(markets: desk.entries.map(MarketSummary.init))
    }

    func listings(
        _ params: MarketListingsParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketListingsResult {
        let market = try entry(params.market).market
        let filter = try ListingFilter(params)
        let cursor = try MarketCursor(params)
        let page = try await ask(context) { () async throws(MarketplaceError) in
            try await market.listings(filter, at: cursor.page)
        }
        return MarketListingsResult(
            listings: page.items.map(MarketListing.init),
            nextCursor: try page.next.map { (next) throws(RPCError) in try cursor.text(next) })
    }

    func balance(
        _ params: MarketBalanceParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketBalanceResult {
        let market = try entry(params.market).market
        let balance = try await ask(context) { () async throws(MarketplaceError) in
            try await market.balance()
        }
        var result = MarketBalanceResult(available: balance.available, frozen: balance.frozen)
        if params.withDepositTarget == true {
            let target = try await ask(context) { () async throws(MarketplaceError) in
                try await market.depositTarget()
            }
            result.deposit = MarketDepositTarget(target)
        }
        return result
    }

    func buy(
        _ params: MarketBuyParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketBuyResult {
        let name = try entry(params.market).market.name
        // As marketplaces write them; it becomes a part of a path, and is shown to operators.
        guard params.itemId.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw RPCError(
                reason: .invalidParams,
                fields: [.init(path: "itemId", problem: "must be visible ASCII characters")])
        }
        try requireSome(params.price, "price")
        let kept = try await keep(
            .buy(item: params.itemId, price: params.price), at: name, context)
        return MarketBuyResult(operation: kept.order, replayed: kept.isReplay)
    }

    func withdraw(
        _ params: MarketWithdrawParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketWithdrawResult {
        let entry = try entry(params.market)
        try requireSome(params.amount, "amount")
        guard entry.canWithdraw else { throw RPCError(reason: .noHotWallet) }
        let kept = try await keep(
            .withdraw(params.amount, to: context.account(params.accountId)),
            at: entry.market.name, context)
        return MarketWithdrawResult(operation: kept.order, replayed: kept.isReplay)
    }

    func operation(
        _ params: MarketOperationParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketOperationResult {
        let found = try await context.read { () async throws(StoreError) in
            try await desk.operation(params.operationId, of: context.principal.tenant)
        }
        guard let found else { throw RPCError(reason: .operationNotFound) }
        return MarketOperationResult(operation: MarketOrder(found))
    }

    // MARK: - Steps

    private func entry(_ name: String) throws(RPCError) -> MarketDesk.Entry {
        guard let entry = desk.entry(name) else { throw RPCError(reason: .marketNotFound) }
        return entry
    }

    private func requireSome(_ amount: Nanotons, _ path: String) throws(RPCError) {
        guard amount > .zero else {
            throw RPCError(
                reason: .amountOutOfRange, fields: [.init(path: path, problem: "must be above 0")])
        }
    }

    private func keep(
        _ action: MarketOperation.Action, at market: String, _ context: RPCContext
    ) async throws(RPCError) -> (order: MarketOrder, isReplay: Bool) {
        let key = try context.key(required: requiresKey)
        let addition = try await context.read { () async throws(StoreError) in
            try await desk.keep(action, at: market, of: context.principal.tenant, key: key)
        }
        switch addition {
        case .added(let operation):
            context.logger.info(
                "a marketplace is to be called",
                metadata: [
                    "operation": "\(operation.id)", "market": "\(market)",
                    "action": "\(action.name)", "amount": "\(action.amount)",
                ])
            return (MarketOrder(operation), false)
        case .replayed(let operation): return (MarketOrder(operation), true)
        case .keyReused(let fields): throw RPCError(.keyReused(fields: fields))
        }
    }

    /// Asks a marketplace, telling its failures in the contract's words.
    private func ask<Value>(
        _ context: RPCContext, _ question: () async throws(MarketplaceError) -> Value
    ) async throws(RPCError) -> Value {
        do {
            return try await question()
        } catch {
            context.logger.notice(
                "a marketplace could not be asked", metadata: ["error": "\(error)"])
            throw RPCError(error)
        }
    }
}

extension RPCError {
    /// Scalars of what a marketplace says that are passed on.
    private static let problemScalarsMax = 300

    /// The contract's words for what a marketplace did not answer.
    init(_ error: MarketplaceError) {
        switch error {
        case .unavailable, .crowded, .endless:
            self.init(
                reason: .marketUnavailable, retryAfterMilliseconds: 1000,
                details: Self.problem(error))
        case .unauthorized, .refused:
            self.init(reason: .marketRefused, details: Self.problem(error))
        case .unsupported:
            self.init(reason: .marketUnsupported, details: Self.problem(error))
        case .invalid(_, let problem):
            self.init(reason: .invalidParams, message: problem)
        case .cancelled: self.init(reason: .deadlineExceeded)
        }
    }

    /// Why, in words that are safe to show.
    private static func problem(_ error: MarketplaceError) -> [String: String] {
        ["problem": error.description.cut(to: problemScalarsMax)]
    }
}
