// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// `auction.*` over the deals.
struct AuctionHandler: AuctionService {
    let desk: DealDesk

    func open(
        _ params: AuctionOpenParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionOpenResult {
        let step = BasisPoints(Int64(params.stepBasisPoints)) ?? .whole
        let auction = desk.settings.auction(
            desk.newID(), item: params.item, startBid: params.startBid, step: step,
            endsAt: params.endsAt)
        let answer = try await desk.decide(.open(auction), for: params.accountId, context)
        return AuctionOpenResult(
            auction: Auction(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func bid(
        _ params: AuctionBidParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionBidResult {
        let action = DealCommand.Action.bid(params.auctionId, params.amount)
        let answer = try await desk.decide(action, for: params.accountId, context)
        return AuctionBidResult(
            auction: Auction(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func cancel(
        _ params: AuctionCancelParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionCancelResult {
        let action = DealCommand.Action.cancel(
            .auction, params.auctionId, releasingBid: params.releaseBid ?? false)
        let answer = try await desk.decide(action, for: params.accountId, context)
        return AuctionCancelResult(
            auction: Auction(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func get(
        _ params: AuctionGetParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionGetResult {
        AuctionGetResult(
            auction: Auction(try await desk.find(.auction, params.auctionId, context)))
    }

    func list(
        _ params: AuctionListParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionListResult {
        let page = try await desk.page(
            .auction, seller: params.accountId,
            state: params.state.flatMap { DealState(rawValue: $0.rawValue) },
            limit: params.limit, cursor: params.cursor, context)
        return AuctionListResult(
            auctions: page.deals.map(Auction.init), nextCursor: page.nextCursor)
    }

    func watch(
        _ params: AuctionWatchParams, _ context: RPCContext, _ stream: RPCStream<AuctionEvent>
    ) async throws(RPCError) -> AuctionWatchResult {
        try await AuctionWatch(desk: desk, context: context)
            .run(params, from: try await desk.find(.auction, params.auctionId, context), to: stream)
    }
}
