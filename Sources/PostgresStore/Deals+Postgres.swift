// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// Auctions and presales, as parameters and results.

extension ResultRows {
    func deals() throws(StoreError) -> [Deal] {
        var deals: [Deal] = []
        deals.reserveCapacity(count)
        for row in 0..<count { deals.append(try deal(row)) }
        return deals
    }

    func dealsSetAside() throws(StoreError) -> [DealSetAside] {
        var deals: [DealSetAside] = []
        for row in 0..<count {
            deals.append(
                DealSetAside(
                    id: DealID(try uuid(row, 0)), error: try text(row, 20), deal: try? deal(row)))
        }
        return deals
    }

    private func deal(_ row: Int) throws(StoreError) -> Deal {
        guard let rate = BasisPoints(try int64(row, 11)) else { throw corrupt(11) }
        let seller = try accountKey(row, 2)
        var deal = Deal(
            id: DealID(try uuid(row, 0)), seller: seller, item: try text(row, 4),
            terms: try terms(row), commissionRate: rate, state: try choice(row, 12),
            bid: try nanotons(row, 14), bidCount: try int64(row, 15),
            commission: try nanotons(row, 16), version: try int64(row, 17),
            createdAt: try time(row, 18), updatedAt: try time(row, 19),
            setAside: try optionalText(row, 20))
        deal.buyer = try optionalAccount(row, 13, of: seller.tenant)
        return deal
    }

    private func terms(_ row: Int) throws(StoreError) -> DealTerms {
        switch try choice(row, 1, as: DealKind.self) {
        case .auction:
            guard let step = BasisPoints(try int64(row, 6)) else { throw corrupt(6) }
            return .auction(
                AuctionTerms(
                    startBid: try nanotons(row, 5), step: step, endsAt: try time(row, 9)))
        case .presale:
            return .presale(
                PresaleTerms(
                    price: try nanotons(row, 5), collateral: try nanotons(row, 7),
                    compensation: try nanotons(row, 8), deliverBy: try time(row, 9),
                    overdueAt: try time(row, 10)))
        }
    }

    private func optionalAccount(
        _ row: Int, _ column: Int, of tenant: TenantID
    ) throws(StoreError) -> AccountKey? {
        guard let text = try optionalText(row, column) else { return nil }
        guard let account = AccountID(text) else { throw corrupt(column) }
        return AccountKey(tenant: tenant, account: account)
    }

    func dealEvents(of id: DealID) throws(StoreError) -> [DealEvent] {
        var events: [DealEvent] = []
        for row in 0..<count {
            guard let tenant = TenantID(try text(row, 0)) else { throw corrupt(0) }
            events.append(
                DealEvent(
                    deal: id, sequence: try int64(row, 1), kind: try choice(row, 2),
                    account: try optionalAccount(row, 3, of: tenant),
                    amount: isNull(row, 4) ? nil : try nanotons(row, 4), at: try time(row, 5)))
        }
        return events
    }

    /// Adds the rows of `findDealKeys`.
    func addDealKeys(to snapshot: inout DealSnapshot) throws(StoreError) {
        for row in 0..<count {
            let deal = try deal(row)
            guard let account = try optionalAccount(row, 21, of: deal.seller.tenant),
                let method = KeyScope.Method(rawValue: Int16(clamping: try int64(row, 22))),
                let key = IdempotencyKey(try text(row, 23)),
                let fingerprint = Fingerprint(bytes: blob(row, 24))
            else { throw corrupt(21) }
            let scope = KeyScope(account: account, method: method, key: key)
            let sequence = try int64(row, 25)
            snapshot.keys[scope] = DealKeyRecord(
                scope: scope, fingerprint: fingerprint, deal: deal.id, sequence: sequence,
                firstSeenAt: try time(row, 26), expiresAt: try time(row, 27))
            snapshot.events[scope] = DealEvent(
                deal: deal.id, sequence: sequence, kind: try choice(row, 28),
                account: try optionalAccount(row, 29, of: deal.seller.tenant),
                amount: isNull(row, 30) ? nil : try nanotons(row, 30), at: try time(row, 31))
            if snapshot.deals[deal.id] == nil { snapshot.deals[deal.id] = deal }
        }
    }
}

extension Query {
    static func lock(deals ids: Set<DealID>) -> Query {
        var parameters = Parameters()
        parameters.uuids(ids.sorted()) { $0 }
        return Query(DealStatements.lockDeals, parameters)
    }

    static func find(dealKeys scopes: [KeyScope]) -> Query {
        var parameters = Parameters()
        parameters.names(scopes.map(\.account))
        parameters.int64s(scopes) { Int64($0.method.rawValue) }
        parameters.texts(scopes) { $0.key.text }
        return Query(DealStatements.findDealKeys, parameters)
    }
}

extension DealWrites {
    /// What is written beside the ledger.
    var queries: [Query] {
        var queries: [Query] = []
        if !newDeals.isEmpty { queries.append(Query(DealStatements.insertDeals, newRows)) }
        if !changedDeals.isEmpty {
            queries.append(Query(DealStatements.updateDeals, changedRows))
        }
        if !events.isEmpty { queries.append(Query(DealStatements.insertDealEvents, eventRows)) }
        if !keys.isEmpty { queries.append(Query(DealStatements.insertDealKeys, keyRows)) }
        return queries
    }

    private var newRows: Parameters {
        var rows = Parameters()
        rows.uuids(newDeals) { $0.id }
        rows.texts(newDeals) { $0.kind.rawValue }
        rows.texts(newDeals) { $0.seller.tenant.text }
        rows.texts(newDeals) { $0.seller.account.text }
        rows.texts(newDeals) { $0.item }
        rows.int64s(newDeals) { $0.auction?.startBid.rawValue ?? $0.presale?.price.rawValue }
        rows.int64s(newDeals) { $0.auction?.step.rawValue }
        rows.int64s(newDeals) { $0.presale?.collateral.rawValue }
        rows.int64s(newDeals) { $0.presale?.compensation.rawValue }
        rows.int64s(newDeals) { ($0.auction?.endsAt ?? $0.presale?.deliverBy)?.unixMilliseconds }
        rows.int64s(newDeals) { $0.presale?.overdueAt.unixMilliseconds }
        rows.int64s(newDeals) { $0.commissionRate.rawValue }
        rows.texts(newDeals) { $0.state.rawValue }
        rows.texts(newDeals) { $0.buyer?.account.text }
        rows.int64s(newDeals) { $0.bid.rawValue }
        rows.int64s(newDeals) { $0.bidCount }
        rows.int64s(newDeals) { $0.commission.rawValue }
        rows.int64s(newDeals) { $0.version }
        rows.int64s(newDeals) { $0.createdAt.unixMilliseconds }
        rows.int64s(newDeals) { $0.updatedAt.unixMilliseconds }
        rows.int64s(newDeals) { $0.dueAt?.unixMilliseconds }
        rows.texts(newDeals) { $0.setAside }
        return rows
    }

    private var changedRows: Parameters {
        var rows = Parameters()
        rows.uuids(changedDeals) { $0.id }
        rows.texts(changedDeals) { $0.state.rawValue }
        rows.texts(changedDeals) { $0.buyer?.account.text }
        rows.int64s(changedDeals) { $0.bid.rawValue }
        rows.int64s(changedDeals) { $0.bidCount }
        rows.int64s(changedDeals) { $0.commission.rawValue }
        rows.int64s(changedDeals) { $0.version }
        rows.int64s(changedDeals) { $0.updatedAt.unixMilliseconds }
        rows.int64s(changedDeals) { $0.dueAt?.unixMilliseconds }
        return rows
    }

    private var eventRows: Parameters {
        var rows = Parameters()
        rows.uuids(events) { $0.deal }
        rows.int64s(events) { $0.sequence }
        rows.texts(events) { $0.kind.rawValue }
        rows.texts(events) { $0.account?.account.text }
        rows.int64s(events) { $0.amount?.rawValue }
        rows.int64s(events) { $0.at.unixMilliseconds }
        return rows
    }

    private var keyRows: Parameters {
        var rows = Parameters()
        rows.names(keys.map(\.scope.account))
        rows.int64s(keys) { Int64($0.scope.method.rawValue) }
        rows.texts(keys) { $0.scope.key.text }
        rows.blobs(keys) { $0.fingerprint.bytes }
        rows.uuids(keys) { $0.deal }
        rows.int64s(keys) { $0.sequence }
        rows.int64s(keys) { $0.firstSeenAt.unixMilliseconds }
        rows.int64s(keys) { $0.expiresAt.unixMilliseconds }
        return rows
    }
}
