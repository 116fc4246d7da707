// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// The rows a batch must lock and read before it can be decided.
package struct BatchNeeds: Sendable {
    /// The leases to lock before all else, in this order; each once, in the newest epoch that a
    /// command carries.
    package let fences: [Fence]
    /// To lock after the leases, in this order; each once.
    package let withdrawals: [WithdrawalID]
    /// To lock after the withdrawals, in the order of `<`; each once, in any order here: to sort them
    /// costs more than to look them up, and only a store that locks rows needs it.
    package let accounts: Set<AccountKey>
    /// Those of `accounts` to make when they are missing.
    package let accountsToOpen: Set<AccountKey>
    /// To read once the accounts are locked, each with the withdrawal or entry it stands for.
    package let keys: [KeyScope]

    /// - Parameter fence: what the batch as a whole is refused without, beside its commands' own.
    package init(_ commands: [LedgerCommand], fence: Fence? = nil) {
        var epochs: [String: Int64] = [:]
        if let fence { epochs[fence.lease] = fence.epoch }
        var withdrawals: Set<WithdrawalID> = []
        var accounts: Set<AccountKey> = []
        var accountsToOpen: Set<AccountKey> = []
        var keys: [KeyScope] = []
        accounts.reserveCapacity(commands.count)
        keys.reserveCapacity(commands.count)
        for command in commands {
            accounts.insert(command.account)
            switch command {
            case .create(let create):
                if let scope = create.scope { keys.append(scope) }
            case .credit(let credit):
                accountsToOpen.insert(credit.account)
                if let scope = credit.scope { keys.append(scope) }
            case .transition(let transition):
                withdrawals.insert(transition.id)
                if let fence = transition.fence {
                    epochs[fence.lease] = max(fence.epoch, epochs[fence.lease] ?? fence.epoch)
                }
            }
        }
        fences = epochs.map { Fence(lease: $0, epoch: $1) }.sorted { $0.lease < $1.lease }
        self.withdrawals = withdrawals.sorted()
        self.accounts = accounts
        self.accountsToOpen = accountsToOpen
        self.keys = keys
    }

    /// Accounts alone, which are not opened when they are missing.
    package init(accounts: Set<AccountKey>, fence: Fence?) {
        fences = fence.map { [$0] } ?? []
        withdrawals = []
        self.accounts = accounts
        accountsToOpen = []
        keys = []
    }
}

/// What the store found of a batch's needs; rows that don't exist are absent.
package struct BatchSnapshot: Sendable {
    /// The epochs of the leases asked for.
    package var epochs: [String: Int64] = [:]
    package var accounts: [AccountKey: Account] = [:]
    package var keys: [KeyScope: KeyRecord] = [:]
    /// The withdrawals asked for, and those the key records stand for.
    package var withdrawals: [WithdrawalID: Withdrawal] = [:]
    /// The entries the key records stand for.
    package var entries: [KeyScope: Entry] = [:]

    package init() {}
}

/// The rows one batch writes. Every account and withdrawal appears once, in its final form.
package struct BatchWrites: Sendable {
    package var accounts: [Account] = []
    package var entries: [Entry] = []
    package var newWithdrawals: [NewWithdrawal] = []
    package var changedWithdrawals: [Withdrawal] = []
    /// From each withdrawal's second on; the first is `Withdrawal.creation`.
    package var events: [WithdrawalEvent] = []
    /// The keys of credits; a withdrawal's stands with it.
    package var creditKeys: [KeyRecord] = []
    package var payouts: [NumberedPayout] = []

    /// Where an account stands in `accounts`.
    private var accountPlaces: [AccountKey: Int] = [:]

    package init() {}

    fileprivate mutating func reserve(_ count: Int) {
        accounts.reserveCapacity(count)
        entries.reserveCapacity(count)
        newWithdrawals.reserveCapacity(count)
        accountPlaces.reserveCapacity(count)
    }

    /// Whether there is nothing to write.
    package var isEmpty: Bool {
        entries.isEmpty && events.isEmpty
    }

    /// Appends an entry to the journal of `account`, whose sums already include it, and notes the
    /// account as changed.
    @discardableResult
    mutating func append(
        _ kind: EntryKind, to account: inout Account, availableDelta: Int64, heldDelta: Int64,
        withdrawalID: WithdrawalID?, reference: String?, at now: Timestamp
    ) -> Entry {
        account.lastSequence += 1
        account.updatedAt = now
        let entry = Entry(
            account: account.key, sequence: account.lastSequence, kind: kind,
            availableDelta: availableDelta, heldDelta: heldDelta, available: account.available,
            held: account.held, withdrawalID: withdrawalID, reference: reference, at: now)
        entries.append(entry)
        if let place = accountPlaces[account.key] {
            accounts[place] = account
        } else {
            accountPlaces[account.key] = accounts.count
            accounts.append(account)
        }
        return entry
    }
}

/// A withdrawal that a batch makes.
package struct NewWithdrawal: Sendable {
    package var withdrawal: Withdrawal
    /// The sequence of the entry that reserves its money.
    package let holdSequence: Int64
    /// What is remembered of the call's key, if it had one.
    package let key: KeyRecord?
}

/// A payout with its place among those of its withdrawal: the newest has the highest, whatever the
/// clock said when it was made.
package struct NumberedPayout: Sendable {
    /// The sequence of the step to `SENT` that it was committed with.
    package let sequence: Int64
    package let payout: Payout
}

/// Decides a batch: pure, so that both stores decide alike.
///
/// Commands are decided in order, each on top of what the ones before it did, and a refused one
/// leaves no trace. The store has locked everything the plan reads, so what is decided here is
/// true when it is written.
package struct BatchPlan: Sendable {
    /// One outcome for each command, in order.
    package private(set) var outcomes: [LedgerOutcome] = []
    package private(set) var writes = BatchWrites()

    /// Whether no command was refused.
    package var acceptsAll: Bool {
        outcomes.allSatisfy { outcome in
            switch outcome {
            case .refused, .conflict: false
            default: true
            }
        }
    }

    /// The keys of the new withdrawals that were refused, of the `commands` it was made of.
    package func keysOfRefused(_ commands: [LedgerCommand]) -> [KeyScope] {
        var keys: [KeyScope] = []
        for (place, outcome) in outcomes.enumerated() {
            guard case .refused = outcome, case .create(let create) = commands[place] else {
                continue
            }
            if let scope = create.scope { keys.append(scope) }
        }
        return keys
    }

    private var snapshot: BatchSnapshot
    private let now: Timestamp
    private let outcomeLifeMilliseconds: Int64
    private var changedWithdrawals: [WithdrawalID: WithdrawalRow] = [:]

    /// Where a withdrawal touched by this batch stands in `writes`.
    private enum WithdrawalRow {
        case new(Int)
        case changed(Int)
    }

    /// - Parameters:
    ///   - now: the batch's time; every row it writes carries it.
    ///   - outcomeLifeMilliseconds: how long a key's first outcome is kept.
    package init(
        _ commands: [LedgerCommand], on snapshot: BatchSnapshot, at now: Timestamp,
        outcomeLifeMilliseconds: Int64
    ) {
        self.snapshot = snapshot
        self.now = now
        self.outcomeLifeMilliseconds = outcomeLifeMilliseconds
        reserve(commands.count)
        for command in commands {
            let outcome =
                switch command {
                case .create(let create): decide(create)
                case .credit(let credit): decide(credit)
                case .transition(let transition): decide(transition)
                }
            outcomes.append(outcome)
        }
    }

    /// Makes room at once for what most batches are: new withdrawals with keys.
    private mutating func reserve(_ count: Int) {
        outcomes.reserveCapacity(count)
        changedWithdrawals.reserveCapacity(count)
        snapshot.keys.reserveCapacity(count)
        writes.reserve(count)
    }

    // MARK: - Withdrawals

    private mutating func decide(_ create: CreateWithdrawal) -> LedgerOutcome {
        let scope = create.scope
        if let scope, let record = snapshot.keys[scope] { return replay(create, of: record) }
        let fee: Nanotons
        switch create.admission {
        case .admitted(let admittedFee): fee = admittedFee
        case .refused(let refusal): return .refused(refusal)
        }
        guard var account = snapshot.accounts[create.account] else {
            return .refused(.accountNotFound)
        }
        guard let total = create.amount.adding(fee),
            let available = account.available.subtracting(total)
        else { return .refused(.insufficientFunds) }
        guard let held = account.held.adding(total) else { return .refused(.balanceOverflow) }

        let withdrawal = Withdrawal(
            id: create.id, account: create.account, amount: create.amount, fee: fee,
            destination: create.destination, comment: create.comment, state: .pending, version: 1,
            createdAt: now, updatedAt: now, transactionHash: nil, failureReason: nil)
        account.available = available
        account.held = held
        let hold = append(
            .hold, to: &account, availableDelta: -total.rawValue, heldDelta: total.rawValue,
            withdrawalID: create.id, reference: nil)
        changedWithdrawals[create.id] = .new(writes.newWithdrawals.count)
        let record = scope.map { remember($0, as: .withdrawal(create.id)) }
        writes.newWithdrawals.append(
            NewWithdrawal(withdrawal: withdrawal, holdSequence: hold.sequence, key: record))
        return .created(withdrawal, record: record)
    }

    private func replay(_ create: CreateWithdrawal, of record: KeyRecord) -> LedgerOutcome {
        guard case .withdrawal(let id) = record.subject, let first = withdrawal(id) else {
            return .refused(.keyExpired(withdrawal: nil, state: nil))
        }
        let fields = create.fieldsUnlike(first)
        guard fields.isEmpty else { return .refused(.keyReused(fields: fields)) }
        guard now < record.expiresAt else {
            return .refused(.keyExpired(withdrawal: id, state: first.state))
        }
        return .createReplayed(now: first, record: record)
    }

    private mutating func decide(_ transition: TransitionWithdrawal) -> LedgerOutcome {
        if let fence = transition.fence, snapshot.epochs[fence.lease] != fence.epoch {
            return .refused(.fenced)
        }
        guard var withdrawal = withdrawal(transition.id),
            withdrawal.account == transition.account
        else { return .refused(.withdrawalNotFound) }
        guard withdrawal.state == transition.from,
            transition.version == nil || transition.version == withdrawal.version,
            let posting = WithdrawalStateMachine.posting(from: transition.from, to: transition.to)
        else { return .conflict(withdrawal) }
        let returned = transition.returnedAmount ?? withdrawal.amount
        if case .returned = posting, returned > withdrawal.amount {
            return .refused(.amountOutOfRange(minimum: .zero, maximum: withdrawal.amount))
        }
        if let refusal = post(posting, of: withdrawal, returned) { return .refused(refusal) }

        withdrawal.state = transition.to
        withdrawal.version += 1
        withdrawal.updatedAt = now
        if let hash = transition.transactionHash { withdrawal.transactionHash = hash }
        if transition.to == .failed || transition.to == .returned {
            withdrawal.failureReason = transition.detail
        }
        write(withdrawal)
        writes.events.append(
            WithdrawalEvent(
                withdrawalID: withdrawal.id, sequence: withdrawal.version, state: transition.to,
                at: now, detail: transition.detail))
        if let payout = transition.payout {
            writes.payouts.append(NumberedPayout(sequence: withdrawal.version, payout: payout))
        }
        return .transitioned(withdrawal)
    }

    /// Applies a transition's posting; returns why it can't be, having changed nothing.
    ///
    /// - Parameter returned: what arrived, at most the withdrawal's amount, if it came back.
    private mutating func post(
        _ posting: WithdrawalStateMachine.Posting, of withdrawal: Withdrawal,
        _ returned: Nanotons
    ) -> LedgerRefusal? {
        guard posting != .none else { return nil }
        guard var account = snapshot.accounts[withdrawal.account] else { return .accountNotFound }
        guard let total = withdrawal.amount.adding(withdrawal.fee) else { return .balanceOverflow }
        let kind: EntryKind
        let freed: Nanotons
        let unheld: Nanotons
        switch posting {
        case .none: return nil
        case .capture: (kind, freed, unheld) = (.capture, .zero, total)
        case .release: (kind, freed, unheld) = (.release, total, total)
        case .returned(wasHeld: true): (kind, freed, unheld) = (.return, returned, total)
        case .returned(wasHeld: false): (kind, freed, unheld) = (.return, returned, .zero)
        }
        guard let available = account.available.adding(freed) else { return .balanceOverflow }
        guard let held = account.held.subtracting(unheld) else { return .balanceOverflow }
        account.available = available
        account.held = held
        append(
            kind, to: &account, availableDelta: freed.rawValue, heldDelta: -unheld.rawValue,
            withdrawalID: withdrawal.id, reference: nil)
        return nil
    }

    // MARK: - Credits

    private mutating func decide(_ credit: CreditAccount) -> LedgerOutcome {
        let scope = credit.scope
        if let scope, let record = snapshot.keys[scope] { return replay(credit, of: record) }
        var account = snapshot.accounts[credit.account] ?? Account(empty: credit.account, at: now)
        guard let available = account.available.adding(credit.amount),
            // What is held may come back, so both together must stay within bounds.
            available.adding(account.held) != nil
        else { return .refused(.balanceOverflow) }
        account.available = available
        let entry = append(
            .credit, to: &account, availableDelta: credit.amount.rawValue, heldDelta: 0,
            withdrawalID: nil, reference: credit.reference)
        guard let scope else { return .credited(entry, account, record: nil) }
        snapshot.entries[scope] = entry
        let record = remember(scope, as: .entry(entry.sequence, credit.fingerprint))
        writes.creditKeys.append(record)
        return .credited(entry, account, record: record)
    }

    private func replay(_ credit: CreditAccount, of record: KeyRecord) -> LedgerOutcome {
        guard case .entry(_, let fingerprint) = record.subject,
            let first = snapshot.entries[record.scope],
            let account = snapshot.accounts[credit.account]
        else { return .refused(.keyExpired(withdrawal: nil, state: nil)) }
        guard fingerprint == credit.fingerprint else {
            var fields: [String] = []
            if first.availableDelta != credit.amount.rawValue { fields.append("amount") }
            if first.reference != credit.reference { fields.append("reference") }
            return .refused(.keyReused(fields: fields))
        }
        guard now < record.expiresAt else {
            return .refused(.keyExpired(withdrawal: nil, state: nil))
        }
        return .creditReplayed(first, account, record: record)
    }

    // MARK: - Rows

    @discardableResult
    private mutating func append(
        _ kind: EntryKind, to account: inout Account, availableDelta: Int64, heldDelta: Int64,
        withdrawalID: WithdrawalID?, reference: String?
    ) -> Entry {
        let entry = writes.append(
            kind, to: &account, availableDelta: availableDelta, heldDelta: heldDelta,
            withdrawalID: withdrawalID, reference: reference, at: now)
        snapshot.accounts[account.key] = account
        return entry
    }

    /// The withdrawal as the batch has it so far.
    private func withdrawal(_ id: WithdrawalID) -> Withdrawal? {
        switch changedWithdrawals[id] {
        case .new(let index): writes.newWithdrawals[index].withdrawal
        case .changed(let index): writes.changedWithdrawals[index]
        case nil: snapshot.withdrawals[id]
        }
    }

    private mutating func write(_ withdrawal: Withdrawal) {
        switch changedWithdrawals[withdrawal.id] {
        case .new(let index): writes.newWithdrawals[index].withdrawal = withdrawal
        case .changed(let index): writes.changedWithdrawals[index] = withdrawal
        case nil:
            changedWithdrawals[withdrawal.id] = .changed(writes.changedWithdrawals.count)
            writes.changedWithdrawals.append(withdrawal)
        }
    }

    private mutating func remember(
        _ scope: KeyScope, as subject: KeyRecord.Subject
    ) -> KeyRecord {
        let record = KeyRecord(
            scope: scope, subject: subject, firstSeenAt: now,
            expiresAt: now.adding(milliseconds: outcomeLifeMilliseconds))
        snapshot.keys[scope] = record
        return record
    }
}

extension CreditAccount {
    package var scope: KeyScope? {
        key.map { KeyScope(account: account, method: .accountCredit, key: $0) }
    }
}
