// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import TellerProtocol

extension PostgresStore: DealStore {
    package func decide(
        _ commands: [DealCommand], at now: Timestamp?
    ) async throws(StoreError) -> [DealOutcome] {
        let needs = DealNeeds(commands: commands, fence: nil)
        return try await transact(needs, at: now) { plan, _ in commands.map { plan.decide($0) } }
    }

    package func settle(
        _ deals: [DealID], fence: Fence?, at now: Timestamp?
    ) async throws(StoreError) -> [Settlement] {
        try await transact(DealNeeds(settling: deals, fence: fence), at: now) { plan, holds in
            deals.map { holds ? plan.settle($0) : .fenced }
        }
    }

    package func setAside(
        _ deal: DealID, error: String, fence: Fence?
    ) async throws(StoreError) -> Bool {
        var parameters = Parameters()
        parameters.uuid(deal)
        parameters.text(error)
        let setAside = Query(DealStatements.setAside, parameters)
        return try await withDealRetries { connection throws(StoreError) in
            let loaded = try connection.lock(
                BatchNeeds([], fence: fence), at: Timestamp(unixMilliseconds: 0),
                beside: [setAside])
            let isDone = loaded.snapshot.holds(fence) && loaded.beside[0].count > 0
            if isDone {
                try connection.store(BatchWrites(), on: loaded, unconfirmed: nil)
            } else {
                try connection.rollBack()
            }
            return isDone
        }
    }

    package func takeUp(_ deal: DealID) async throws(StoreError) -> Bool {
        var parameters = Parameters()
        parameters.uuid(deal)
        return try await deals.run(DealStatements.takeUp, parameters) {
            rows throws(StoreError) in rows.count > 0
        }
    }

    package func dueDeals(
        _ kind: DealKind, limit: Int, at now: Timestamp?
    ) async throws(StoreError) -> DueDeals {
        var parameters = Parameters()
        parameters.text(kind.rawValue)
        parameters.int64(Int64(limit))
        parameters.optionalInt64(now?.unixMilliseconds)
        return try await readers.run(DealStatements.due, parameters) {
            rows throws(StoreError) in
            var due = DueDeals(deals: [], nextInMilliseconds: nil)
            for row in 0..<rows.count {
                let wait = try rows.int64(row, 1)
                if wait > 0 {
                    due.nextInMilliseconds = wait
                } else {
                    due.deals.append(DealID(try rows.uuid(row, 0)))
                }
            }
            return due
        }
    }

    package func deal(_ id: DealID) async throws(StoreError) -> Deal? {
        var parameters = Parameters()
        parameters.uuid(id)
        return try await readers.run(DealStatements.deal, parameters) {
            rows throws(StoreError) in try rows.deals().first
        }
    }

    package func deals(_ page: DealPage) async throws(StoreError) -> [Deal] {
        var parameters = Parameters()
        parameters.text(page.tenant.text)
        parameters.text(page.kind.rawValue)
        parameters.optionalUUID(page.before)
        parameters.optionalText(page.state?.rawValue)
        parameters.int64(Int64(page.limit))
        if let seller = page.seller { parameters.text(seller.text) }
        return try await readers.run(
            page.seller == nil ? DealStatements.deals : DealStatements.dealsOfSeller, parameters
        ) { rows throws(StoreError) in try rows.deals() }
    }

    package func dealEvents(
        of id: DealID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [DealEvent] {
        var parameters = Parameters()
        parameters.uuid(id)
        parameters.int64(sequence)
        parameters.int64(Int64(limit))
        return try await readers.run(DealStatements.events, parameters) {
            rows throws(StoreError) in try rows.dealEvents(of: id)
        }
    }

    package func dealsSetAside(
        limit: Int
    ) async throws(StoreError) -> [DealSetAside] {
        var parameters = Parameters()
        parameters.int64(Int64(limit))
        return try await readers.run(DealStatements.dealsSetAside, parameters) {
            rows throws(StoreError) in try rows.dealsSetAside()
        }
    }

    // MARK: - Transactions

    /// Locks deals and then accounts, decides and writes, in one transaction of three round trips.
    ///
    /// - Parameter decide: gets the plan, and whether the fence still stands.
    private func transact<Answer: Sendable>(
        _ needs: DealNeeds, at now: Timestamp?,
        _ decide: @escaping @Sendable (inout DealPlan, Bool) -> Answer
    ) async throws(StoreError) -> Answer {
        try await withDealRetries { [news, outcomeLifeMilliseconds] connection throws(StoreError) in
            var changing: Set<AccountKey> = []
            var changed: [AccountCache.Row] = []
            defer { news.end(changing, changed) }
            var (loaded, snapshot, time) = try connection.lock(needs, at: now)
            if loaded.snapshot.holds(needs.fence) {
                let (accounts, opened) = DealPlan.accounts(
                    of: needs.commands, settling: needs.settled, snapshot.deals)
                changing = accounts
                news.begin(accounts)
                try connection.lock(
                    Array(accounts), opening: Array(opened), at: time, into: &loaded)
                snapshot.accounts = loaded.snapshot.accounts
            }
            var plan = DealPlan(
                on: snapshot, at: time, outcomeLifeMilliseconds: outcomeLifeMilliseconds)
            let answer = decide(&plan, loaded.snapshot.holds(needs.fence))
            guard !plan.writes.isEmpty else {
                try connection.rollBack()
                return answer
            }
            do throws(StoreError) {
                try connection.store(
                    plan.writes.ledger, on: loaded, unconfirmed: nil, beside: plan.writes.queries)
                changed = plan.writes.ledger.accountRows(on: loaded)
            } catch {
                throw connection.isAlive ? error : error.duringCommit
            }
            return answer
        }
    }

    /// Runs a transaction, again when it lost against another one: a deadlock, or a key that was
    /// used at the same time.
    func withDealRetries<Answer: Sendable>(
        _ body: @escaping @Sendable (inout Connection) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        var retries = 0
        while true {
            do throws(StoreError) {
                return try await deals.use { connection throws(StoreError) in
                    do throws(StoreError) {
                        return try body(&connection)
                    } catch {
                        // On a lost connection this fails too, and the server rolls back by itself.
                        try? connection.rollBack()
                        throw error
                    }
                }
            } catch {
                let isLost = error.isTransient || error.detail.hasPrefix("23505")
                guard isLost, retries < Self.transientRetriesMax else { throw error }
                retries += 1
            }
        }
    }
}

/// What a transaction of deals locks first.
private struct DealNeeds: Sendable {
    var commands: [DealCommand] = []
    var settled: [DealID] = []
    let fence: Fence?

    init(commands: [DealCommand] = [], settling settled: [DealID] = [], fence: Fence?) {
        self.commands = commands
        self.settled = settled
        self.fence = fence
    }
}

extension Connection {
    /// Begins the transaction, locks the leases and deals, and then reads keys and the time.
    fileprivate mutating func lock(
        _ needs: DealNeeds, at now: Timestamp?
    ) throws(StoreError) -> (LoadedBatch, DealSnapshot, Timestamp) {
        let loaded = try lock(
            BatchNeeds([], fence: needs.fence), at: Timestamp(unixMilliseconds: 0),
            beside: [
                .lock(deals: Set(needs.commands.compactMap(\.deal) + needs.settled)),
                .find(dealKeys: needs.commands.compactMap(\.scope)),
                Query(DealStatements.now, Parameters()),
            ])
        var snapshot = DealSnapshot()
        for deal in try loaded.beside[0].deals() { snapshot.deals[deal.id] = deal }
        try loaded.beside[1].addDealKeys(to: &snapshot)
        let time = try loaded.beside[2].time(0, 0)
        return (loaded, snapshot, now ?? time)
    }
}
