// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol
import Testing

/// Shorthand for auctions and presales.
extension Sample {
    static let hour: Int64 = 3_600_000

    static func after(_ milliseconds: Int64) -> Timestamp { now.adding(milliseconds: milliseconds) }

    static func share(_ basisPoints: Int64) -> BasisPoints {
        guard let share = BasisPoints(basisPoints) else { preconditionFailure("\(basisPoints)") }
        return share
    }

    static func dealID() -> DealID { DealID(id().uuid) }

    /// An auction of the seller's: 5 % commission, and a further bid is 10 % higher.
    static func auction(
        of seller: AccountKey, _ id: DealID, start: Int64 = 100, step: Int64 = 1_000,
        commission: Int64 = 500, lasting: Int64 = hour, key: String? = nil
    ) -> DealCommand {
        open(
            seller, id,
            .auction(
                AuctionTerms(
                    startBid: amount(start), step: share(step), endsAt: after(lasting))),
            commission, key)
    }

    /// A presale of the seller's: 20 % collateral, of which the buyer may get half.
    static func presale(
        of seller: AccountKey, _ id: DealID, price: Int64 = 1_000, commission: Int64 = 100,
        lasting: Int64 = hour, grace: Int64 = hour, key: String? = nil
    ) -> DealCommand {
        open(
            seller, id,
            .presale(
                PresaleTerms(
                    price: amount(price), collateral: share(2_000).share(of: amount(price)),
                    compensation: share(1_000).share(of: amount(price)),
                    deliverBy: after(lasting), overdueAt: after(lasting + grace))),
            commission, key)
    }

    private static func open(
        _ seller: AccountKey, _ id: DealID, _ terms: DealTerms, _ commission: Int64, _ key: String?
    ) -> DealCommand {
        DealCommand(
            account: seller,
            action: .open(
                OpenDeal(
                    id: id, item: "gift-1", terms: terms, commissionRate: share(commission),
                    lifeMaxMilliseconds: 100 * hour)),
            key: key.map(Self.key))
    }

    static func bid(
        _ nanotons: Int64, on id: DealID, by bidder: AccountKey, key: String? = nil
    ) -> DealCommand {
        DealCommand(account: bidder, action: .bid(id, amount(nanotons)), key: key.map(Self.key))
    }

    static func buy(
        _ id: DealID, by buyer: AccountKey, price: Int64? = nil, key: String? = nil
    ) -> DealCommand {
        DealCommand(
            account: buyer, action: .buy(id, price: price.map(amount)), key: key.map(Self.key))
    }

    static func deliver(_ id: DealID, by seller: AccountKey, key: String? = nil) -> DealCommand {
        DealCommand(account: seller, action: .deliver(id), key: key.map(Self.key))
    }

    static func cancel(
        _ kind: DealKind, _ id: DealID, by seller: AccountKey, releasingBid: Bool = false,
        key: String? = nil
    ) -> DealCommand {
        DealCommand(
            account: seller, action: .cancel(kind, id, releasingBid: releasingBid),
            key: key.map(Self.key))
    }
}

extension DealOutcome {
    var deal: Deal? {
        switch self {
        case .done(let deal, _, _), .replayed(let deal, _, _): deal
        case .refused: nil
        }
    }

    var refusal: DealRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

/// Some accounts with money, and their deals.
struct DealFloor {
    let fixture: StoreFixture
    let store: any DealStore
    let alice = Sample.account("alice")
    let bob = Sample.account("bob")
    let carol = Sample.account("carol")

    init(_ kind: StoreKind, funds: Int64 = 10_000) throws {
        fixture = try kind.open()
        store = try #require(fixture.store as? any DealStore)
        _ = try fixture.store.commit(
            [alice, bob, carol].map { Sample.credit($0, funds) }, at: Sample.now)
    }

    /// Commands one after the other.
    func run(_ commands: DealCommand..., at: Int64 = 0) async throws -> [DealOutcome] {
        var outcomes: [DealOutcome] = []
        for command in commands {
            outcomes += try await store.decide([command], at: Sample.after(at))
        }
        return outcomes
    }

    /// Settles whatever is due.
    @discardableResult
    func settleAll(at: Int64) async throws -> [Settlement] {
        var settlements: [Settlement] = []
        for kind in DealKind.allCases {
            let due = try await store.dueDeals(kind, limit: 1_000, at: Sample.after(at))
            settlements += try await store.settle(due.deals, fence: nil, at: Sample.after(at))
        }
        return settlements
    }

    /// What the account has available and held.
    func money(_ account: AccountKey) async throws -> [Int64] {
        let account = try await fixture.store.account(account)
        return [account?.available.rawValue ?? 0, account?.held.rawValue ?? 0]
    }

    /// Every account is the sum of its journal, and holds what withdrawals and deals reserve.
    func expectSound(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let audit = try await fixture.store.audit(after: nil, limit: 1_000)
        #expect(audit.violations == [], sourceLocation: sourceLocation)
        let totals = try await fixture.store.totals()
        let reserved = totals.unsettled.values.reduce(totals.heldByDeals.rawValue) {
            $0 + $1.reserved.rawValue
        }
        #expect(totals.held.rawValue == reserved, sourceLocation: sourceLocation)
    }
}
