// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Ledger
import TellerProtocol

/// The connection that writes batches: its statements, and the accounts as it has last written
/// them.
///
/// What it remembers is true while `PRAGMA data_version` stands still, because that moves with
/// every commit of another connection; it is asked under SQLite's one write lock. So a batch finds
/// its accounts in memory although other processes may write to the file.
///
/// It belongs to the pool's writing connection and is used only inside that connection's closures,
/// one at a time; that is the guard of its state.
final class LedgerWriter: @unchecked Sendable {
    /// An account of a batch: its head, as loaded and then as written.
    private struct OpenAccount {
        /// nil until it is inserted.
        var number: Int64?
        /// nil when there was none.
        var loadedEntry: Int64?
        var newestEntry: Int64?
        /// That the newest entry tells of.
        var heldFor: WithdrawalID?
        /// The end of the chain of withdrawals, which are written after the entries.
        var newestWithdrawal: WithdrawalID?
    }

    /// An account as its newest entry in the file has it.
    struct Remembered {
        let number: Int64
        let available: Nanotons
        let held: Nanotons
        let lastSequence: Int64
        let newestEntry: Int64
        let newestWithdrawal: WithdrawalID?
        let createdAt: Timestamp
        let updatedAt: Timestamp
    }

    /// A key was taken to be new, and is not: the batch must be planned once more.
    struct KeyIsKnown: Error {}

    private let statements: WriteStatements
    /// How many batches look their keys up first once one was known: replays come in company.
    private let lookUpsAfterReplay: Int
    private var lookUpsToCome = 0
    /// Whether the batch under way has looked its keys up.
    private var hasLookedUp = false
    private var opensAccounts = false
    private var remembered = RecentValues<AccountKey, Remembered>()
    private var dataVersion: Int64?
    private var lastEntry: Int64 = 0
    /// The accounts of the batch under way, and where each stands among them.
    private var open: [OpenAccount] = []
    private var places: [AccountKey: Int] = [:]
    private var written: [(AccountKey, Remembered)] = []

    init(_ database: Database, lookUpsAfterReplay: Int) throws {
        statements = try WriteStatements(database)
        self.lookUpsAfterReplay = lookUpsAfterReplay
    }

    // MARK: - Loading

    /// Reads what the batch needs. The transaction holds the write lock already.
    ///
    /// Keys of new withdrawals are taken to be new, as nearly all are; the index refuses those that
    /// are not, and `write` then throws `KeyIsKnown`.
    ///
    /// - Parameter looksUp: whether the keys are looked up nevertheless.
    func load(
        _ needs: BatchNeeds, lookingUp looksUp: Bool, _ database: Database
    ) throws -> BatchSnapshot {
        hasLookedUp = looksUp || lookUpsToCome > 0
        if lookUpsToCome > 0 { lookUpsToCome -= 1 }
        opensAccounts = false
        try forgetIfOthersWrote()
        open.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        written.removeAll(keepingCapacity: true)
        var snapshot = BatchSnapshot()
        snapshot.accounts.reserveCapacity(needs.accounts.count)
        places.reserveCapacity(needs.accounts.count)
        for fence in needs.fences {
            statements.findEpoch.bind(fence.lease)
            snapshot.epochs[fence.lease] = try statements.findEpoch.firstInteger()
        }
        for id in needs.withdrawals {
            snapshot.withdrawals[id] = try WithdrawalTable.find(id, database)
        }
        for key in needs.accounts {
            places[key] = open.count
            guard let row = try remembered[key] ?? balance(of: key) else {
                open.append(OpenAccount())
                opensAccounts = true
                continue
            }
            snapshot.accounts[key] = row.account(key)
            open.append(
                OpenAccount(
                    number: row.number, loadedEntry: row.newestEntry,
                    newestEntry: row.newestEntry, heldFor: row.newestWithdrawal,
                    newestWithdrawal: row.newestWithdrawal))
        }
        for scope in needs.keys where hasLookedUp || scope.method != .withdrawCreate {
            if try isKnown(scope) { try loadOutcome(of: scope, into: &snapshot, database) }
        }
        return snapshot
    }

    private func forgetIfOthersWrote() throws {
        let version = try statements.dataVersion.firstInteger()
        guard version != dataVersion else { return }
        dataVersion = version
        remembered = RecentValues()
        lastEntry = try statements.lastEntry.firstInteger() ?? 0
    }

    private func balance(of key: AccountKey) throws -> Remembered? {
        statements.findBalance.bind(key.tenant.text)
        statements.findBalance.bind(key.account.text)
        return try statements.findBalance.first { row in
            Remembered(
                number: row.integer(0), available: try row.nanotons(1), held: try row.nanotons(2),
                lastSequence: row.integer(3), newestEntry: row.integer(4),
                newestWithdrawal: try row.withdrawalID(5), createdAt: row.time(6),
                updatedAt: row.time(7))
        }
    }

    /// Where the account stands in `open`. Every account a batch writes to was asked for.
    private func place(_ key: AccountKey) throws -> Int {
        guard let place = places[key] else {
            throw StoreError(.corrupt, "a row of an account that the batch did not name")
        }
        return place
    }

    private func isKnown(_ scope: KeyScope) throws -> Bool {
        guard let number = open[try place(scope.account)].number else { return false }
        let statement =
            scope.method == .withdrawCreate
            ? statements.findWithdrawalKey : statements.findCreditKey
        statement.bind(number)
        statement.bind(scope.key.text)
        return try statement.firstInteger() != nil
    }

    /// To be asked of what a plan refuses: a call that was made before is answered as it was then,
    /// whatever stands in its way now.
    ///
    /// - Throws: `KeyIsKnown`.
    func expectNew(_ keys: [KeyScope]) throws {
        guard !hasLookedUp else { return }
        for key in keys where try isKnown(key) { throw replayed() }
    }

    private func replayed() -> KeyIsKnown {
        lookUpsToCome = lookUpsAfterReplay
        return KeyIsKnown()
    }

    private func loadOutcome(
        of scope: KeyScope, into snapshot: inout BatchSnapshot, _ database: Database
    ) throws {
        guard let number = open[try place(scope.account)].number else { return }
        if scope.method == .withdrawCreate {
            guard
                let (record, withdrawal) = try WithdrawalTable.find(
                    scope, accountNumber: number, database)
            else { return }
            snapshot.keys[scope] = record
            if snapshot.withdrawals[withdrawal.id] == nil {
                snapshot.withdrawals[withdrawal.id] = withdrawal
            }
        } else {
            guard
                let (record, entry) = try CreditKeyTable.find(
                    scope, accountNumber: number, database)
            else { return }
            snapshot.keys[scope] = record
            snapshot.entries[scope] = entry
        }
    }

    // MARK: - Writing

    /// Writes the rows of a batch planned on what `load` returned. Nothing is remembered before
    /// `committed`.
    ///
    /// - Throws: `KeyIsKnown`; what was written must be rolled back then.
    func write(_ writes: BatchWrites) throws {
        if opensAccounts { for account in writes.accounts { try openIfNew(account) } }
        let credits = try insert(writes.entries, notesCredits: !writes.creditKeys.isEmpty)
        try insert(writes.newWithdrawals)
        for withdrawal in writes.changedWithdrawals { try update(withdrawal) }
        for event in writes.events { try insert(event) }
        for record in writes.creditKeys { try insert(record, credits) }
        for payout in writes.payouts { try insert(payout) }
        for account in try inPageOrder(writes.accounts) { try put(account) }
    }

    /// The accounts by their numbers: those whose heads stand on one page follow each other.
    private func inPageOrder(_ accounts: [Ledger.Account]) throws -> [Ledger.Account] {
        var order: [(number: Int64, index: Int)] = []
        order.reserveCapacity(accounts.count)
        for index in accounts.indices {
            order.append((open[try place(accounts[index].key)].number ?? 0, index))
        }
        order.sort { $0 < $1 }
        return order.map { accounts[$0.index] }
    }

    /// The batch's transaction has been committed.
    func committed() {
        for (key, row) in written { remembered[key] = row }
        if let last = written.map(\.1.newestEntry).max() { lastEntry = max(lastEntry, last) }
    }

    private func openIfNew(_ account: Ledger.Account) throws {
        let place = try place(account.key)
        guard open[place].number == nil else { return }
        let statement = statements.insertAccount
        statement.bind(account.key.tenant.text)
        statement.bind(account.key.account.text)
        statement.bind(account.createdAt.unixMilliseconds)
        try statement.run()
        open[place].number = statement.insertedNumber
    }

    /// - Returns: the numbers of credits, if they are to be noted.
    private func insert(
        _ entries: [Ledger.Entry], notesCredits: Bool
    ) throws -> [CreditName: Int64] {
        var credits: [CreditName: Int64] = [:]
        var number = lastEntry
        try statements.entries.insert(entries) { statement, entry in
            number += 1
            let place = try place(entry.account)
            statement.bind(number)
            statement.bind(open[place].newestEntry)
            statement.bind(open[place].number)
            statement.bind(entry.sequence)
            statement.bind(entry.kind.rawValue)
            statement.bind(entry.availableDelta)
            statement.bind(entry.heldDelta)
            statement.bind(entry.available.rawValue)
            statement.bind(entry.held.rawValue)
            statement.bind(entry.withdrawalID)
            statement.bind(entry.reference)
            statement.bind(entry.at.unixMilliseconds)
            if entry.kind == .hold, let withdrawal = entry.withdrawalID {
                statement.bind(nil as WithdrawalID?)
                open[place].heldFor = withdrawal
            } else {
                statement.bind(open[place].heldFor)
            }
            open[place].newestEntry = number
            guard notesCredits, entry.kind == .credit else { return }
            credits[CreditName(account: entry.account, sequence: entry.sequence)] = number
        }
        return credits
    }

    private struct CreditName: Hashable {
        let account: AccountKey
        let sequence: Int64
    }

    private func insert(_ withdrawals: [NewWithdrawal]) throws {
        do {
            try statements.withdrawals.insert(withdrawals, bind)
        } catch let error as DatabaseError {
            guard error.resultCode == .SQLITE_CONSTRAINT, !hasLookedUp else { throw error }
            throw replayed()
        }
    }

    private func bind(_ statement: WriteStatement, _ new: NewWithdrawal) throws {
        let withdrawal = new.withdrawal
        let place = try place(withdrawal.account)
        statement.bind(withdrawal.id)
        statement.bind(open[place].newestWithdrawal)
        statement.bind(open[place].number)
        statement.bind(withdrawal.amount.rawValue)
        statement.bind(withdrawal.fee.rawValue)
        statement.bind(withdrawal.destination.rawAddress)
        statement.bind(withdrawal.destination.isBounceable ? 1 : 0)
        statement.bind(withdrawal.comment)
        statement.bind(withdrawal.state.rawValue)
        statement.bind(withdrawal.version)
        statement.bind(withdrawal.createdAt.unixMilliseconds)
        statement.bind(withdrawal.updatedAt.unixMilliseconds)
        statement.bind(withdrawal.transactionHash)
        statement.bind(withdrawal.failureReason)
        statement.bind(new.key?.scope.key.text)
        statement.bind(new.key?.expiresAt.unixMilliseconds)
        open[place].newestWithdrawal = withdrawal.id
    }

    private func update(_ withdrawal: Ledger.Withdrawal) throws {
        let statement = statements.updateWithdrawal
        statement.bind(withdrawal.state.rawValue)
        statement.bind(withdrawal.version)
        statement.bind(withdrawal.updatedAt.unixMilliseconds)
        statement.bind(withdrawal.transactionHash)
        statement.bind(withdrawal.failureReason)
        statement.bind(withdrawal.id)
        try statement.run()
    }

    private func insert(_ event: Ledger.WithdrawalEvent) throws {
        let statement = statements.insertEvent
        statement.bind(event.withdrawalID)
        statement.bind(event.sequence)
        statement.bind(event.state.rawValue)
        statement.bind(event.at.unixMilliseconds)
        statement.bind(event.detail)
        try statement.run()
    }

    private func insert(_ record: KeyRecord, _ credits: [CreditName: Int64]) throws {
        let account = record.scope.account
        guard let (sequence, fingerprint) = record.entry,
            let number = credits[CreditName(account: account, sequence: sequence)]
        else { throw StoreError(.corrupt, "a credit's key without its entry") }
        let statement = statements.insertCreditKey
        statement.bind(open[try place(account)].number)
        statement.bind(record.scope.key.text)
        statement.bind(fingerprint.bytes)
        statement.bind(number)
        statement.bind(record.firstSeenAt.unixMilliseconds)
        statement.bind(record.expiresAt.unixMilliseconds)
        try statement.run()
    }

    private func insert(_ numbered: NumberedPayout) throws {
        let payout = numbered.payout
        let statement = statements.insertPayout
        statement.bind(payout.withdrawalID)
        statement.bind(numbered.sequence)
        statement.bind(payout.createdAt.unixMilliseconds)
        statement.bind(payout.gateway)
        statement.bind(payout.reference)
        statement.bind(payout.payload)
        try statement.run()
    }

    /// Writes which entry is an account's newest; before the batch it must be the one the batch was
    /// planned on.
    private func put(_ account: Ledger.Account) throws {
        let opened = open[try place(account.key)]
        guard let number = opened.number, let newestEntry = opened.newestEntry else {
            throw StoreError(.corrupt, "an account changed without an entry")
        }
        let statement = opened.loadedEntry == nil ? statements.insertHead : statements.updateHead
        statement.bind(newestEntry)
        statement.bind(number)
        if let loadedEntry = opened.loadedEntry { statement.bind(loadedEntry) }
        try statement.run()
        guard statement.changes == 1 else {
            throw StoreError(.corrupt, "account \(number) is not as it was read")
        }
        written.append(
            (
                account.key,
                Remembered(
                    number: number, available: account.available, held: account.held,
                    lastSequence: account.lastSequence, newestEntry: newestEntry,
                    newestWithdrawal: opened.newestWithdrawal, createdAt: account.createdAt,
                    updatedAt: account.updatedAt)
            ))
    }
}

extension LedgerWriter.Remembered {
    func account(_ key: AccountKey) -> Ledger.Account {
        Ledger.Account(
            key: key, available: available, held: held, lastSequence: lastSequence,
            createdAt: createdAt, updatedAt: updatedAt)
    }
}
