// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What the store found of some deals' needs; rows that don't exist are absent.
package struct DealSnapshot: Sendable {
    /// The deals named, locked, and those that the keys stand for.
    package var deals: [DealID: Deal] = [:]
    package var keys: [KeyScope: DealKeyRecord] = [:]
    /// The step that each key's first command made.
    package var events: [KeyScope: DealEvent] = [:]
    package var accounts: [AccountKey: Account] = [:]

    package init() {}
}

/// The rows that changes of deals write. Every deal and account appears once, in its final form.
package struct DealWrites: Sendable {
    package var ledger = BatchWrites()
    package var newDeals: [Deal] = []
    package var changedDeals: [Deal] = []
    package var events: [DealEvent] = []
    package var keys: [DealKeyRecord] = []

    package init() {}

    package var isEmpty: Bool { events.isEmpty }
}

/// Decides commands and settlements of deals: pure, so that every store decides alike.
///
/// They are decided in order, each on top of what the ones before it did, and a refused one leaves
/// no trace. What is decided depends on the time alone and never on when a worker comes round: from
/// the instant a deal is due on, nothing but its settlement is done with it.
package struct DealPlan: Sendable {
    package private(set) var writes = DealWrites()

    private var snapshot: DealSnapshot
    private let now: Timestamp
    private let outcomeLifeMilliseconds: Int64
    private var places: [DealID: Place] = [:]

    /// Where a deal touched by this plan stands in `writes`.
    private enum Place {
        case new(Int)
        case changed(Int)
    }

    /// One change of an account's sums.
    private struct Posting {
        let account: AccountKey
        let kind: EntryKind
        var available: Nanotons?
        var unavailable: Nanotons?
        var held: Nanotons?
        var unheld: Nanotons?

        static func hold(_ amount: Nanotons, of account: AccountKey) -> Posting {
            Posting(account: account, kind: .hold, unavailable: amount, held: amount)
        }

        static func release(_ amount: Nanotons, of account: AccountKey) -> Posting {
            Posting(account: account, kind: .release, available: amount, unheld: amount)
        }

        static func capture(_ amount: Nanotons, of account: AccountKey) -> Posting {
            Posting(account: account, kind: .capture, unheld: amount)
        }

        static func pay(_ amount: Nanotons, to account: AccountKey, as kind: EntryKind) -> Posting {
            Posting(account: account, kind: kind, available: amount)
        }

        func applied(to account: Account) throws(DealRefusal) -> Account {
            guard let rest = account.available.subtracting(unavailable ?? .zero) else {
                throw .insufficientFunds
            }
            guard let stillHeld = account.held.subtracting(unheld ?? .zero),
                let available = rest.adding(available ?? .zero),
                let held = stillHeld.adding(held ?? .zero),
                // What is held may come back, so both together must stay within bounds.
                available.adding(held) != nil
            else { throw .balanceOverflow }
            var account = account
            account.available = available
            account.held = held
            return account
        }

        /// Whether it changes anything; a share of a small price may be nothing.
        var isEmpty: Bool {
            [available, unavailable, held, unheld].allSatisfy { $0 ?? .zero == .zero }
        }
    }

    /// - Parameters:
    ///   - now: the database's time, read when the deals were locked; every row carries it.
    ///   - outcomeLifeMilliseconds: how long a key's first outcome is kept.
    package init(on snapshot: DealSnapshot, at now: Timestamp, outcomeLifeMilliseconds: Int64) {
        self.snapshot = snapshot
        self.now = now
        self.outcomeLifeMilliseconds = outcomeLifeMilliseconds
    }

    /// The accounts that `commands` and settlements of `settled` may write to, and those of them
    /// that are made when they are missing, by what `deals` are like.
    package static func accounts(
        of commands: [DealCommand], settling settled: [DealID], _ deals: [DealID: Deal]
    ) -> (all: Set<AccountKey>, opened: Set<AccountKey>) {
        var all = Set(commands.map(\.account))
        var opened: Set<AccountKey> = []
        for id in commands.compactMap(\.deal) + settled {
            guard let deal = deals[id] else { continue }
            if let buyer = deal.buyer { all.insert(buyer) }
            if deal.buyer != nil { opened.insert(deal.seller) }
            all.insert(deal.seller)
        }
        return (all, opened)
    }

    // MARK: - Commands

    package mutating func decide(_ command: DealCommand) -> DealOutcome {
        let fingerprint = command.key == nil ? nil : command.fingerprint
        if let scope = command.scope, let record = snapshot.keys[scope] {
            return replay(command, of: record, fingerprint)
        }
        do throws(DealRefusal) {
            let (deal, event) =
                switch command.action {
                case .open(let open): try self.open(open, by: command.account)
                case .bid(let id, let amount): try bid(amount, on: id, by: command.account)
                case .buy(let id, let price): try buy(id, at: price, by: command.account)
                case .deliver(let id): try deliver(id, by: command.account)
                case .cancel(let kind, let id, let releasingBid):
                    try cancel(kind, id, releasingBid, by: command.account)
                }
            return .done(deal, event, record: remember(command.scope, fingerprint, event))
        } catch {
            return .refused(error)
        }
    }

    private func replay(
        _ command: DealCommand, of record: DealKeyRecord, _ fingerprint: Fingerprint?
    ) -> DealOutcome {
        guard let deal = snapshot.deals[record.deal], let event = snapshot.events[record.scope]
        else { return .refused(.dealNotFound) }
        guard record.fingerprint == fingerprint else {
            return .refused(.keyReused(fields: command.fieldsUnlike(deal, event)))
        }
        guard now < record.expiresAt else { return .refused(.keyExpired(deal.id, deal.state)) }
        return .replayed(deal, event, record: record)
    }

    private mutating func open(
        _ open: OpenDeal, by seller: AccountKey
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        if let refusal = open.refusal { throw refusal }
        let deal = Deal(
            id: open.id, seller: seller, item: open.item, terms: open.terms,
            commissionRate: open.commissionRate, version: 0, createdAt: now, updatedAt: now)
        let latest = now.adding(milliseconds: open.lifeMaxMilliseconds)
        guard let end = deal.dueAt, now < end, end <= latest else {
            throw .endOutOfRange(after: now, until: latest)
        }
        // An auction holds nothing yet; a presale holds the seller's collateral.
        try post(deal.holds.map { .hold($0.amount, of: $0.account) }, for: deal)
        return step(deal, .opened)
    }

    private mutating func bid(
        _ amount: Nanotons, on id: DealID, by bidder: AccountKey
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        var deal = try running(.auction, id, of: bidder.tenant)
        guard deal.seller != bidder else { throw .ownDeal }
        guard let minimum = deal.minimumBid else { throw .bidTooLow(minimum: .max) }
        guard amount >= minimum else { throw .bidTooLow(minimum: minimum) }
        // First the one that is outbid: who raises his own bid needs only the difference.
        let outbid = deal.holds.map { Posting.release($0.amount, of: $0.account) }
        try post(outbid + [.hold(amount, of: bidder)], for: deal)
        deal.buyer = bidder
        deal.bid = amount
        deal.bidCount += 1
        return step(deal, .bid, by: bidder, amount)
    }

    private mutating func buy(
        _ id: DealID, at price: Nanotons?, by buyer: AccountKey
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        var deal = try running(.presale, id, of: buyer.tenant)
        guard deal.state == .open else { throw .alreadyBought }
        guard deal.seller != buyer else { throw .ownDeal }
        guard case .presale(let terms) = deal.terms else { throw .dealNotFound }
        guard price == nil || price == terms.price else { throw .priceDiffers(price: terms.price) }
        try post([.hold(terms.price, of: buyer)], for: deal)
        deal.state = .bought
        deal.buyer = buyer
        deal.bid = terms.price
        return step(deal, .bought, by: buyer, terms.price)
    }

    private mutating func deliver(
        _ id: DealID, by seller: AccountKey
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        let deal = try running(.presale, id, of: seller.tenant)
        guard deal.seller == seller else { throw .notSeller }
        guard deal.state == .bought, case .presale(let terms) = deal.terms else { throw .notBought }
        return try sell(deal, as: .delivered, .delivered, releasing: terms.collateral)
    }

    private mutating func cancel(
        _ kind: DealKind, _ id: DealID, _ releasingBid: Bool, by seller: AccountKey
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        var deal = try running(kind, id, of: seller.tenant)
        guard deal.seller == seller else { throw .notSeller }
        guard deal.state == .open else { throw .alreadyBought }
        guard deal.buyer == nil || releasingBid else { throw .hasBids }
        try post(deal.holds.map { .release($0.amount, of: $0.account) }, for: deal)
        deal.state = .cancelled
        return step(deal, .cancelled)
    }

    /// The deal, of that kind and tenant, if anything but its settlement may be done with it.
    private func running(
        _ kind: DealKind, _ id: DealID, of tenant: TenantID
    ) throws(DealRefusal) -> Deal {
        guard let deal = snapshot.deals[id], deal.kind == kind, deal.seller.tenant == tenant else {
            throw .dealNotFound
        }
        guard let dueAt = deal.dueAt, now < dueAt else { throw .ended(deal.state) }
        return deal
    }

    // MARK: - Settlements

    /// Ends a deal that is due. To do so again does nothing.
    package mutating func settle(_ id: DealID) -> Settlement {
        guard var deal = snapshot.deals[id], let dueAt = deal.dueAt, dueAt <= now,
            deal.setAside == nil
        else { return .unchanged }
        do throws(DealRefusal) {
            switch (deal.terms, deal.state, deal.buyer) {
            case (.auction, _, .some): return .settled(try sell(deal, as: .sold, .sold).0)
            case (.presale(let terms), .bought, .some(let buyer)):
                return .settled(try compensate(deal, terms, buyer).0)
            default:
                try post(deal.holds.map { .release($0.amount, of: $0.account) }, for: deal)
                deal.state = deal.kind == .auction ? .unsold : .expired
                return .settled(step(deal, deal.kind == .auction ? .unsold : .expired).0)
            }
        } catch {
            return .impossible("\(error)")
        }
    }

    /// The buyer's money goes to the seller, less the commission.
    private mutating func sell(
        _ deal: Deal, as state: DealState, _ kind: DealEvent.Kind,
        releasing collateral: Nanotons = .zero
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        var deal = deal
        let commission = deal.commissionRate.share(of: deal.bid)
        guard let buyer = deal.buyer, let proceeds = deal.bid.subtracting(commission) else {
            throw .notBought
        }
        try post(
            [
                .capture(deal.bid, of: buyer), .pay(proceeds, to: deal.seller, as: .proceeds),
                .release(collateral, of: deal.seller),
            ], for: deal)
        deal.state = state
        deal.commission = commission
        return step(deal, kind)
    }

    /// The buyer gets the price back and some of the collateral; the seller gets the rest of it.
    private mutating func compensate(
        _ deal: Deal, _ terms: PresaleTerms, _ buyer: AccountKey
    ) throws(DealRefusal) -> (Deal, DealEvent) {
        var deal = deal
        guard let rest = terms.collateral.subtracting(terms.compensation) else {
            throw .balanceOverflow
        }
        try post(
            [
                .release(deal.bid, of: buyer), .capture(terms.compensation, of: deal.seller),
                .release(rest, of: deal.seller),
                .pay(terms.compensation, to: buyer, as: .compensation),
            ], for: deal)
        deal.state = .overdue
        return step(deal, .overdue)
    }

    // MARK: - Rows

    /// Applies all of `postings` or none.
    private mutating func post(_ postings: [Posting], for deal: Deal) throws(DealRefusal) {
        var staged: [AccountKey: Account] = [:]
        var sums: [(posting: Posting, before: Account, after: Account)] = []
        for posting in postings where !posting.isEmpty {
            let opened = posting.kind == .proceeds ? Account(empty: posting.account, at: now) : nil
            guard
                let before = staged[posting.account] ?? snapshot.accounts[posting.account] ?? opened
            else { throw .accountNotFound }
            let after = try posting.applied(to: before)
            staged[posting.account] = after
            sums.append((posting, before, after))
        }
        for (posting, before, after) in sums {
            var account = after
            account.lastSequence = snapshot.accounts[account.key]?.lastSequence ?? 0
            writes.ledger.append(
                posting.kind, to: &account,
                availableDelta: after.available.rawValue - before.available.rawValue,
                heldDelta: after.held.rawValue - before.held.rawValue, withdrawalID: nil,
                reference: "\(deal.kind.rawValue)/\(deal.id)", at: now)
            snapshot.accounts[account.key] = account
        }
    }

    private mutating func step(
        _ deal: Deal, _ kind: DealEvent.Kind, by account: AccountKey? = nil,
        _ amount: Nanotons? = nil
    ) -> (Deal, DealEvent) {
        var deal = deal
        deal.version += 1
        deal.updatedAt = now
        snapshot.deals[deal.id] = deal
        switch places[deal.id] {
        case .new(let index): writes.newDeals[index] = deal
        case .changed(let index): writes.changedDeals[index] = deal
        case nil where kind == .opened:
            places[deal.id] = .new(writes.newDeals.count)
            writes.newDeals.append(deal)
        case nil:
            places[deal.id] = .changed(writes.changedDeals.count)
            writes.changedDeals.append(deal)
        }
        let event = DealEvent(
            deal: deal.id, sequence: deal.version, kind: kind, account: account, amount: amount,
            at: now)
        writes.events.append(event)
        return (deal, event)
    }

    private mutating func remember(
        _ scope: KeyScope?, _ fingerprint: Fingerprint?, _ event: DealEvent
    ) -> DealKeyRecord? {
        guard let scope, let fingerprint else { return nil }
        let record = DealKeyRecord(
            scope: scope, fingerprint: fingerprint, deal: event.deal, sequence: event.sequence,
            firstSeenAt: now, expiresAt: now.adding(milliseconds: outcomeLifeMilliseconds))
        snapshot.keys[scope] = record
        snapshot.events[scope] = event
        writes.keys.append(record)
        return record
    }
}

extension DealCommand {
    /// The fingerprint of what the caller said; what follows from the configuration is not in it.
    package var fingerprint: Fingerprint {
        switch action {
        case .open(let open):
            switch open.terms {
            case .auction(let terms):
                Fingerprint(
                    method: method,
                    fields: [
                        "item": open.item, "startBid": terms.startBid.wireText,
                        "step": "\(terms.step.rawValue)",
                        "endsAt": "\(terms.endsAt.unixMilliseconds)",
                    ])
            case .presale(let terms):
                Fingerprint(
                    method: method,
                    fields: [
                        "item": open.item, "price": terms.price.wireText,
                        "deliverBy": "\(terms.deliverBy.unixMilliseconds)",
                    ])
            }
        case .bid(let id, let amount):
            Fingerprint(method: method, fields: ["id": "\(id)", "amount": amount.wireText])
        case .buy(let id, let price):
            Fingerprint(method: method, fields: ["id": "\(id)", "price": price?.wireText])
        case .deliver(let id):
            Fingerprint(method: method, fields: ["id": "\(id)"])
        case .cancel(_, let id, let releasingBid):
            Fingerprint(
                method: method, fields: ["id": "\(id)", "releaseBid": "\(releasingBid)"])
        }
    }

    /// The parameters that differ from those of the command that made `event`.
    fileprivate func fieldsUnlike(_ deal: Deal, _ event: DealEvent) -> [String] {
        var fields: [String] = []
        func note(_ field: String, _ differs: Bool) { if differs { fields.append(field) } }
        switch action {
        case .open(let open):
            note("item", open.item != deal.item)
            switch (open.terms, deal.terms) {
            case (.auction(let new), .auction(let old)):
                note("startBid", new.startBid != old.startBid)
                note("stepBasisPoints", new.step != old.step)
                note("endsAt", new.endsAt != old.endsAt)
            case (.presale(let new), .presale(let old)):
                note("price", new.price != old.price)
                note("deliverBy", new.deliverBy != old.deliverBy)
            default: break
            }
        case .bid(let id, let amount):
            note("auctionId", id != deal.id)
            note("amount", amount != event.amount)
        case .buy(let id, let price):
            note("presaleId", id != deal.id)
            note("price", id == deal.id || price.map { $0 != event.amount } == true)
        case .deliver(let id):
            note("presaleId", id != deal.id)
        case .cancel(let kind, let id, _):
            if id != deal.id {
                fields.append(kind == .auction ? "auctionId" : "presaleId")
            } else {
                fields.append("releaseBid")
            }
        }
        return fields
    }
}
