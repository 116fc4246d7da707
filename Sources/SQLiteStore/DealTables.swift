// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

enum DealTable {
    static let columns = """
        id, kind, tenant, seller, item, price, step, collateral, compensation, ends_at, \
        overdue_at, commission_rate, state, buyer, bid, bid_count, commission, version, \
        created_at, updated_at, set_aside
        """

    static func find(_ id: DealID, _ database: Database) throws -> Deal? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(columns) FROM deals WHERE id = ?"),
            arguments: [id.blob]
        ).map(record)
    }

    static func page(_ page: DealPage, _ database: Database) throws -> [Deal] {
        var condition = "tenant = ? AND kind = ?"
        var arguments: StatementArguments = [page.tenant.text, page.kind.rawValue]
        if let seller = page.seller {
            condition += " AND seller = ?"
            arguments += [seller.text]
        }
        if let state = page.state {
            condition += " AND state = ?"
            arguments += [state.rawValue]
        }
        if let before = page.before {
            condition += " AND id < ?"
            arguments += [before.blob]
        }
        arguments += [page.limit]
        return try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT \(columns) FROM deals WHERE \(condition) ORDER BY id DESC LIMIT ?"),
            arguments: arguments
        ).map(record)
    }

    static func setAside(limit: Int, _ database: Database) throws -> [DealSetAside] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(columns) FROM deals WHERE set_aside IS NOT NULL ORDER BY id LIMIT ?
                    """), arguments: [limit]
        ).map { row in
            DealSetAside(
                id: try row.dealID(0), error: try row.value(20), deal: try? record(row))
        }
    }

    static func countSetAside(_ database: Database) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT count(*) FROM deals WHERE set_aside IS NOT NULL") ?? 0
    }

    /// Those that are due, and then how long until the first that is not.
    static func due(
        _ kind: DealKind, limit: Int, at now: Timestamp, _ database: Database
    ) throws -> DueDeals {
        let due = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT id FROM deals
                    WHERE kind = ? AND due_at IS NOT NULL AND set_aside IS NULL AND due_at <= ?
                    ORDER BY due_at, id LIMIT ?
                    """), arguments: [kind.rawValue, now.unixMilliseconds, limit])
        let next = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT due_at FROM deals
                    WHERE kind = ? AND due_at IS NOT NULL AND set_aside IS NULL AND due_at > ?
                    ORDER BY due_at, id LIMIT 1
                    """), arguments: [kind.rawValue, now.unixMilliseconds])
        return DueDeals(
            deals: try due.map { try $0.dealID(0) },
            nextInMilliseconds: next.map { $0 - now.unixMilliseconds })
    }

    /// What the account's deals reserve of it.
    static func reserved(of key: AccountKey, _ database: Database) throws -> Int64 {
        let bids = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT coalesce(sum(bid), 0) FROM deals
                    WHERE tenant = ? AND buyer = ? AND due_at IS NOT NULL
                    """), arguments: [key.tenant.text, key.account.text])
        let collaterals = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT coalesce(sum(collateral), 0) FROM deals
                    WHERE tenant = ? AND seller = ? AND due_at IS NOT NULL
                        AND collateral IS NOT NULL
                    """), arguments: [key.tenant.text, key.account.text])
        return (bids ?? 0) + (collaterals ?? 0)
    }

    /// What all deals reserve; tons and what is left of one are summed apart, as SQLite refuses a
    /// sum that overflows.
    static func reserved(_ database: Database) throws -> Nanotons {
        let sums = try Row.fetchOne(
            database,
            sql: """
                SELECT coalesce(sum(bid / 1000000000 + coalesce(collateral, 0) / 1000000000), 0),
                    coalesce(sum(bid % 1000000000 + coalesce(collateral, 0) % 1000000000), 0)
                FROM deals WHERE due_at IS NOT NULL
                """)
        return try sums?.splitSum(0) ?? .zero
    }

    static func insert(_ deal: Deal, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO deals VALUES
                    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            deal.id.blob, deal.kind.rawValue, deal.seller.tenant.text, deal.seller.account.text,
            deal.item, deal.auction?.startBid.rawValue ?? deal.presale?.price.rawValue,
            deal.auction?.step.rawValue, deal.presale?.collateral.rawValue,
            deal.presale?.compensation.rawValue,
            (deal.auction?.endsAt ?? deal.presale?.deliverBy)?.unixMilliseconds,
            deal.presale?.overdueAt.unixMilliseconds, deal.commissionRate.rawValue,
            deal.state.rawValue, deal.buyer?.account.text, deal.bid.rawValue, deal.bidCount,
            deal.commission.rawValue, deal.version, deal.createdAt.unixMilliseconds,
            deal.updatedAt.unixMilliseconds, deal.dueAt?.unixMilliseconds, deal.setAside,
        ])
    }

    static func update(_ deal: Deal, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE deals SET state = ?, buyer = ?, bid = ?, bid_count = ?, commission = ?,
                    version = ?, updated_at = ?, due_at = ?, set_aside = NULL
                WHERE id = ?
                """
        ).execute(arguments: [
            deal.state.rawValue, deal.buyer?.account.text, deal.bid.rawValue, deal.bidCount,
            deal.commission.rawValue, deal.version, deal.updatedAt.unixMilliseconds,
            deal.dueAt?.unixMilliseconds, deal.id.blob,
        ])
    }

    private static func record(_ row: Row) throws -> Deal {
        guard let rate = BasisPoints(try row.value(11)) else { throw row.corrupt(11) }
        let seller = try row.accountKey(2)
        return Deal(
            id: try row.dealID(0), seller: seller, item: try row.value(4), terms: try terms(row),
            commissionRate: rate, state: try row.choice(12),
            buyer: try row.optionalAccount(13, of: seller.tenant), bid: try row.nanotons(14),
            bidCount: try row.value(15), commission: try row.nanotons(16),
            version: try row.value(17), createdAt: try row.time(18), updatedAt: try row.time(19),
            setAside: row[20])
    }

    private static func terms(_ row: Row) throws -> DealTerms {
        switch try row.choice(1, as: DealKind.self) {
        case .auction:
            guard let step = BasisPoints(try row.value(6)) else { throw row.corrupt(6) }
            return .auction(
                AuctionTerms(
                    startBid: try row.nanotons(5), step: step, endsAt: try row.time(9)))
        case .presale:
            return .presale(
                PresaleTerms(
                    price: try row.nanotons(5), collateral: try row.nanotons(7),
                    compensation: try row.nanotons(8), deliverBy: try row.time(9),
                    overdueAt: try row.time(10)))
        }
    }
}

enum DealEventTable {
    static func page(
        _ id: DealID, after sequence: Int64, limit: Int, _ database: Database
    ) throws -> [DealEvent] {
        guard let deal = try DealTable.find(id, database) else { return [] }
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT sequence, kind, account, amount, at FROM deal_events
                    WHERE deal_id = ? AND sequence > ? ORDER BY sequence LIMIT ?
                    """), arguments: [id.blob, sequence, limit]
        ).map { try record($0, of: deal) }
    }

    static func find(
        _ sequence: Int64, of deal: Deal, _ database: Database
    ) throws -> DealEvent? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT sequence, kind, account, amount, at FROM deal_events
                    WHERE deal_id = ? AND sequence = ?
                    """), arguments: [deal.id.blob, sequence]
        ).map { try record($0, of: deal) }
    }

    static func insert(_ event: DealEvent, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO deal_events VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            event.deal.blob, event.sequence, event.kind.rawValue, event.account?.account.text,
            event.amount?.rawValue, event.at.unixMilliseconds,
        ])
    }

    private static func record(_ row: Row, of deal: Deal) throws -> DealEvent {
        DealEvent(
            deal: deal.id, sequence: try row.value(0), kind: try row.choice(1),
            account: try row.optionalAccount(2, of: deal.seller.tenant),
            amount: row.hasNull(atIndex: 3) ? nil : try row.nanotons(3), at: try row.time(4))
    }
}

enum DealKeyTable {
    static func find(_ scope: KeyScope, _ database: Database) throws -> DealKeyRecord? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT fingerprint, deal_id, sequence, first_seen_at, expires_at
                    FROM deal_keys
                    WHERE tenant = ? AND account = ? AND method = ? AND key = ?
                    """),
            arguments: [
                scope.account.tenant.text, scope.account.account.text, scope.method.rawValue,
                scope.key.text,
            ]
        ).map { row in
            guard let fingerprint = Fingerprint(bytes: [UInt8](try row.value(0, as: Data.self)))
            else { throw row.corrupt(0) }
            return DealKeyRecord(
                scope: scope, fingerprint: fingerprint, deal: try row.dealID(1),
                sequence: try row.value(2), firstSeenAt: try row.time(3),
                expiresAt: try row.time(4))
        }
    }

    static func insert(_ record: DealKeyRecord, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO deal_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            record.scope.account.tenant.text, record.scope.account.account.text,
            record.scope.method.rawValue, record.scope.key.text, Data(record.fingerprint.bytes),
            record.deal.blob, record.sequence, record.firstSeenAt.unixMilliseconds,
            record.expiresAt.unixMilliseconds,
        ])
    }
}

extension Row {
    fileprivate func dealID(_ column: Int) throws -> DealID {
        guard let uuid = UUIDv7(blob: try value(column)) else { throw corrupt(column) }
        return DealID(uuid)
    }

    fileprivate func optionalAccount(_ column: Int, of tenant: TenantID) throws -> AccountKey? {
        guard !hasNull(atIndex: column) else { return nil }
        guard let account = AccountID(try value(column)) else { throw corrupt(column) }
        return AccountKey(tenant: tenant, account: account)
    }
}
