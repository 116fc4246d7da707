// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// `presale.*` over the deals.
struct PresaleHandler: PresaleService {
    let desk: DealDesk

    func open(
        _ params: PresaleOpenParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleOpenResult {
        let presale = desk.settings.presale(
            desk.newID(), item: params.item, price: params.price, deliverBy: params.deliverBy)
        let answer = try await desk.decide(.open(presale), for: params.accountId, context)
        return PresaleOpenResult(
            presale: Presale(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func buy(
        _ params: PresaleBuyParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleBuyResult {
        let action = DealCommand.Action.buy(params.presaleId, price: params.price)
        let answer = try await desk.decide(action, for: params.accountId, context)
        return PresaleBuyResult(
            presale: Presale(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func deliver(
        _ params: PresaleDeliverParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleDeliverResult {
        let action = DealCommand.Action.deliver(params.presaleId)
        let answer = try await desk.decide(action, for: params.accountId, context)
        return PresaleDeliverResult(
            presale: Presale(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func cancel(
        _ params: PresaleCancelParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleCancelResult {
        let action = DealCommand.Action.cancel(.presale, params.presaleId, releasingBid: false)
        let answer = try await desk.decide(action, for: params.accountId, context)
        return PresaleCancelResult(
            presale: Presale(answer.deal), sequence: answer.sequence, replayed: answer.isReplayed,
            firstSeenAt: answer.record?.firstSeenAt, expiresAt: answer.record?.expiresAt)
    }

    func get(
        _ params: PresaleGetParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleGetResult {
        PresaleGetResult(
            presale: Presale(try await desk.find(.presale, params.presaleId, context)))
    }

    func list(
        _ params: PresaleListParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleListResult {
        let page = try await desk.page(
            .presale, seller: params.accountId,
            state: params.state.flatMap { DealState(rawValue: $0.rawValue) },
            limit: params.limit, cursor: params.cursor, context)
        return PresaleListResult(
            presales: page.deals.map(Presale.init), nextCursor: page.nextCursor)
    }
}
