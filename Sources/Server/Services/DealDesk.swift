// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// What the handlers of auctions and presales share.
struct DealDesk: Sendable {
    let store: any DealStore
    let settings: DealSettings
    let requiresKey: Bool
    let feed = ChangeFeed<DealID>()
    private let ids: WithdrawalIDGenerator

    init(store: any DealStore, settings: DealSettings, requiresKey: Bool, clock: LedgerClock) {
        self.store = store
        self.settings = settings
        self.requiresKey = requiresKey
        ids = WithdrawalIDGenerator(clock: clock)
    }

    func newID() -> DealID { DealID(ids.next().uuid) }

    /// What a command has brought about.
    struct Answer {
        let deal: Deal
        /// Of the step that the key's first call made.
        let sequence: Int
        let isReplayed: Bool
        let record: DealKeyRecord?
    }

    /// Carries a command out, telling the ledger's refusals in the contract's words.
    func decide(
        _ action: DealCommand.Action, for account: AccountID, _ context: RPCContext
    ) async throws(RPCError) -> Answer {
        let command = DealCommand(
            account: context.account(account), action: action,
            key: try context.key(required: requiresKey))
        let outcomes = try await context.read { () async throws(StoreError) in
            try await store.decide([command], at: nil)
        }
        switch outcomes.first {
        case .done(let deal, let event, let record):
            feed.publish(deal.id)
            return Answer(
                deal: deal, sequence: Int(event.sequence), isReplayed: false, record: record)
        case .replayed(let deal, let event, let record):
            return Answer(
                deal: deal, sequence: Int(event.sequence), isReplayed: true, record: record)
        case .refused(let refusal): throw RPCError(refusal, of: command)
        case nil: throw RPCError(reason: .internal)
        }
    }

    /// The deal, if it is of that kind and the caller's tenant's.
    func find(
        _ kind: DealKind, _ id: DealID, _ context: RPCContext
    ) async throws(RPCError) -> Deal {
        let found = try await context.read { () async throws(StoreError) in
            try await store.deal(id)
        }
        guard let found, found.kind == kind, found.seller.tenant == context.principal.tenant else {
            throw RPCError(reason: kind == .auction ? .auctionNotFound : .presaleNotFound)
        }
        return found
    }

    /// A page of deals, and the cursor of the next.
    func page(
        _ kind: DealKind, seller: AccountID?, state: DealState?, limit: Int?, cursor: String?,
        _ context: RPCContext
    ) async throws(RPCError) -> (deals: ArraySlice<Deal>, nextCursor: String?) {
        let limit = limit ?? Page.rowsStandard
        let list =
            "\(kind.rawValue) \(context.principal.tenant) \(seller?.text ?? "") "
            + "\(state?.rawValue ?? "")"
        let page = DealPage(
            kind: kind, tenant: context.principal.tenant, seller: seller, state: state,
            before: try Cursor.deals(cursor, of: list), limit: limit + 1)
        let rows = try await context.read { () async throws(StoreError) in
            try await store.deals(page)
        }
        let shown = rows.prefix(limit)
        let next =
            rows.count > limit ? shown.last.map { Cursor.text(afterDeal: $0.id, of: list) } : nil
        return (shown, next)
    }
}

extension RPCError {
    /// The contract's words for what was refused of a command.
    init(_ refusal: DealRefusal, of command: DealCommand) {
        let isAuction =
            switch command.method {
            case .auctionOpen, .auctionBid, .auctionCancel: true
            default: false
            }
        func range(_ path: String, _ problem: String, _ reason: ErrorReason) -> RPCError {
            RPCError(reason: reason, fields: [FieldProblem(path: path, problem: problem)])
        }
        switch refusal {
        case .dealNotFound: self.init(reason: isAuction ? .auctionNotFound : .presaleNotFound)
        case .accountNotFound: self.init(reason: .accountNotFound)
        case .insufficientFunds: self.init(reason: .insufficientFunds)
        case .amountOutOfRange(let minimum, let maximum):
            self = range(
                command.amountName, "must be from \(minimum.wireText) to \(maximum.wireText)",
                .amountOutOfRange)
        case .balanceOverflow: self.init(reason: .balanceOverflow)
        case .endOutOfRange(let after, let until):
            self = range(
                isAuction ? "endsAt" : "deliverBy", "must be after \(after) and until \(until)",
                .invalidParams)
        case .ended(let state):
            self.init(
                reason: isAuction ? .auctionEnded : .presaleEnded,
                details: ["state": state.rawValue])
        case .bidTooLow(let minimum):
            self.init(
                reason: .bidTooLow,
                fields: [
                    FieldProblem(path: "amount", problem: "must be \(minimum.wireText) or more")
                ], details: ["minimumBid": minimum.wireText])
        case .ownDeal: self.init(reason: .ownSale)
        case .notSeller: self.init(reason: .notSeller)
        case .alreadyBought: self.init(reason: .alreadyBought)
        case .notBought: self.init(reason: .notBought)
        case .priceDiffers(let price):
            self.init(
                reason: .priceDiffers,
                fields: [FieldProblem(path: "price", problem: "is \(price.wireText)")],
                details: ["price": price.wireText])
        case .hasBids: self.init(reason: .hasBids)
        case .keyReused(let fields): self.init(LedgerRefusal.keyReused(fields: fields))
        case .keyExpired(let id, let state):
            self.init(
                reason: .keyExpired,
                details: [
                    isAuction ? "auctionId" : "presaleId": "\(id)", "state": state.rawValue,
                ])
        // No call carries a fence, so this can't reach a caller.
        case .fenced: self.init(reason: .internal)
        }
    }
}

extension DealCommand {
    /// The parameter that names its amount.
    fileprivate var amountName: String {
        switch method {
        case .auctionOpen: "startBid"
        case .auctionBid: "amount"
        default: "price"
        }
    }
}
