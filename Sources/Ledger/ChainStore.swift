// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What the ledger's store keeps of the chain: signed messages, the hot wallet's transactions as
/// far as they have been read, and deposits.
///
/// Every change is one durable transaction. One that carries a fence is refused once the lease has
/// been taken anew. After `StoreError(.outcomeUnknown)` it may have been written or not, and the
/// caller looks; after any other error nothing was.
///
/// What an advance or an assignment does to the ledger is decided by `BatchPlan` and goes past the
/// group committer: nobody who watches a withdrawal through that hears of it.
package protocol ChainStore: Sendable {
    // MARK: Memos

    /// The memo that names `account` in a deposit. The first one kept for an account stays;
    /// `proposed` is kept when there is none yet.
    ///
    /// - Throws: `StoreError(.rejected)` when there is none yet and `proposed` names another account
    ///   already or is not well-formed.
    func memo(
        of account: AccountKey, orElse proposed: DepositMemo
    ) async throws(StoreError) -> DepositMemo

    /// The accounts named by those of `memos` that are known.
    func accounts(
        named memos: [DepositMemo]
    ) async throws(StoreError) -> [DepositMemo: AccountKey]

    // MARK: Messages

    /// Keeps a message before any of its bytes leave the process, in state `signed`.
    ///
    /// - Returns: true also when this very message is kept and still `signed`; false when the fence
    ///   is stale, the wallet has another message of that sequence that is neither `expired` nor
    ///   `void`, or this one has gone on: nothing is kept then.
    func add(_ message: PayoutMessage, fence: Fence?) async throws(StoreError) -> Bool

    /// Moves a message that is in state `from`.
    ///
    /// - Returns: false when it isn't, the state's drawing has no such step, or the fence is stale.
    func moveMessage(
        _ hash: MessageHash, from: PayoutMessageState, to: PayoutMessageState, at now: Timestamp,
        fence: Fence?
    ) async throws(StoreError) -> Bool

    /// Those of `hashes` that are kept.
    func messages(_ hashes: [MessageHash]) async throws(StoreError) -> [MessageHash: PayoutMessage]

    /// A wallet's messages in any of `states`, lowest sequence first, and of one sequence the one
    /// kept first.
    func messages(
        of wallet: String, in states: Set<PayoutMessageState>, limit: Int
    ) async throws(StoreError) -> [PayoutMessage]

    /// The newest messages that were to pay a withdrawal, `PayoutMessage.perWithdrawalMax` at the
    /// most, the one kept last first.
    func messages(paying withdrawal: WithdrawalID) async throws(StoreError) -> [PayoutMessage]

    /// The highest sequence of a wallet's messages that are neither `expired` nor `void`; nil when
    /// there is none.
    func lastSequence(of wallet: String) async throws(StoreError) -> Int64?

    /// A wallet's `executed` messages of which it isn't known what was paid, the one kept first
    /// first: a highload wallet pays in a transaction of its own.
    func messagesAwaitingBatch(
        of wallet: String, limit: Int
    ) async throws(StoreError) -> [PayoutMessage]

    /// The payments that left a wallet for `destination` (raw form), the one kept last first.
    func payments(
        to destination: String, from wallet: String, limit: Int
    ) async throws(StoreError) -> [MadePayment]

    // MARK: The wallet

    /// How far a wallet's transactions have been read; nil before the first.
    func position(of wallet: String) async throws(StoreError) -> WalletPosition?

    /// Writes what a stretch of the wallet's transactions means, all of it or nothing: the new
    /// position, deposits, what became of messages, payments of unknown origin, and the ledger's
    /// commands (credits, returned payouts), decided by `BatchPlan`.
    ///
    /// The fence is looked at first, then what may have moved, then the commands.
    func advance(
        _ advance: WalletAdvance, at now: Timestamp
    ) async throws(StoreError) -> WalletAdvanceResult

    /// Adds up what a wallet has paid, and looks for payments that should not be. It reads every
    /// payment, so it is for audits.
    func audit(ofWallet wallet: String) async throws(StoreError) -> WalletAudit

    /// A wallet's deposits in `state` (nil: all), newest first, of those before `before` (exclusive).
    func deposits(
        of wallet: String, state: DepositState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [Deposit]

    /// Credits an unmatched deposit to `command.account` and marks it assigned, in one commit.
    ///
    /// - Returns: the ledger's outcome; only with `credited` was anything written. An amount that is
    ///   not the deposit's is refused as `amountOutOfRange`. nil when the deposit is not there or
    ///   not unmatched.
    func assignDeposit(
        wallet: String, lt: LogicalTime, by command: CreditAccount, at now: Timestamp
    ) async throws(StoreError) -> LedgerOutcome?

    /// A wallet's payments that no message of the store explains, in `state` (nil: all), newest
    /// first, of those before `before` (exclusive).
    func strayPayments(
        of wallet: String, state: StrayPaymentState?, before: LogicalTime?, limit: Int
    ) async throws(StoreError) -> [StrayPayment]

    /// Settles an open stray payment: an operator knows what it was.
    ///
    /// - Parameter state: `matched`, with the withdrawal, or `acknowledged`.
    /// - Returns: false when it is not open.
    func settleStrayPayment(
        wallet: String, lt: LogicalTime, as state: StrayPaymentState, note: String,
        withdrawal: WithdrawalID?, at now: Timestamp
    ) async throws(StoreError) -> Bool
}

/// The chain's own time: it orders an account's transactions and messages.
package typealias LogicalTime = Int64

/// A message's normalized hash (TEP-467), 64 lower-case hexadecimal digits.
package typealias MessageHash = String

/// The text in a deposit's comment that names the account to credit.
package struct DepositMemo: Hashable, Sendable {
    /// 1 to 64 characters of visible ASCII.
    package let text: String

    package init(_ text: String) { self.text = text }
}

/// Where a signed message stands.
///
/// ```
/// signed ─► released ─► executed
///    │          └─────► expired
///    └────► void
/// ```
///
/// Only bytes of a `released` message are ever sent. `void` is one that never was released and
/// never will be; `expired` one that the chain has proven not to have executed in time.
package enum PayoutMessageState: String, Sendable, CaseIterable {
    case signed, released, executed, expired, void
}

/// One message to the hot wallet, which pays one or many withdrawals.
package struct PayoutMessage: Hashable, Sendable {
    package let hash: MessageHash
    /// The wallet's address in raw form.
    package let wallet: String
    /// The wallet's seqno, or the query's number within a highload wallet.
    package let sequence: Int64
    /// Unix seconds of the chain's clock; the contract refuses the message from then on.
    package let validUntil: Int64
    /// The signed bytes: only these are ever sent.
    package let payload: [UInt8]
    package let createdAt: Timestamp
    package var state: PayoutMessageState
    package var updatedAt: Timestamp
    /// The wallet's transaction that executed it; 64 hexadecimal digits.
    package var transactionHash: String?
    /// In the order of the message's actions.
    package var items: [PayoutItem]

    /// Messages that are read of one withdrawal at the most.
    package static let perWithdrawalMax = 100

    package init(
        hash: MessageHash, wallet: String, sequence: Int64, validUntil: Int64, payload: [UInt8],
        createdAt: Timestamp, state: PayoutMessageState = .signed, updatedAt: Timestamp,
        transactionHash: String? = nil, items: [PayoutItem]
    ) {
        self.hash = hash
        self.wallet = wallet
        self.sequence = sequence
        self.validUntil = validUntil
        self.payload = payload
        self.createdAt = createdAt
        self.state = state
        self.updatedAt = updatedAt
        self.transactionHash = transactionHash
        self.items = items
    }
}

/// What one action of a message pays.
package struct PayoutItem: Hashable, Sendable {
    package let withdrawal: WithdrawalID
    /// In raw form.
    package let destination: String
    package let amount: Nanotons
    /// The hash of the body cell, 64 hexadecimal digits: with destination and amount it is how the
    /// payment is found among a transaction's messages.
    package let bodyHash: String
    /// nil until the message has been executed: then whether this payment left the wallet.
    package var isPaid: Bool?

    package init(
        withdrawal: WithdrawalID, destination: String, amount: Nanotons, bodyHash: String,
        isPaid: Bool? = nil
    ) {
        self.withdrawal = withdrawal
        self.destination = destination
        self.amount = amount
        self.bodyHash = bodyHash
        self.isPaid = isPaid
    }
}

/// A payment that has left the wallet.
package struct MadePayment: Hashable, Sendable {
    package let withdrawal: WithdrawalID
    /// Of the wallet's transaction that made it; 64 hexadecimal digits.
    package let transactionHash: String?

    package init(withdrawal: WithdrawalID, transactionHash: String?) {
        self.withdrawal = withdrawal
        self.transactionHash = transactionHash
    }
}

/// What a wallet has paid, as the store has it.
package struct WalletAudit: Hashable, Sendable {
    /// Withdrawals named at the most.
    package static let misplacedMax = 100

    /// The sum of all payments that left it for withdrawals.
    package var paid: Nanotons
    /// The sum of those that no message explains, whatever is known of them by now.
    package var stray: Nanotons
    /// Withdrawals that were paid twice, or paid and are neither `SENT`, `CONFIRMED` nor
    /// `RETURNED`; the first hundred.
    package var misplaced: [WithdrawalID]

    package init(paid: Nanotons, stray: Nanotons, misplaced: [WithdrawalID]) {
        self.paid = paid
        self.stray = stray
        self.misplaced = misplaced
    }
}

/// A wallet as far as its transactions have been read.
package struct WalletPosition: Hashable, Sendable {
    /// The newest transaction read; 0 and empty for a wallet that has none.
    package var lt: LogicalTime
    /// 64 hexadecimal digits.
    package var transactionHash: String
    /// Unix seconds of the chain's clock: every transaction up to then has been read.
    package var readUntil: Int64
    /// What the transactions read so far add up to.
    package var balance: Nanotons
    /// Sums since the first transaction read: what came in, what left in messages, and fees.
    package var received: Nanotons
    package var sent: Nanotons
    package var fees: Nanotons
    /// The wallet's seqno, or the next query's number, as the chain was read.
    package var sequence: Int64
    /// Grows with every advance; what the next one is conditional on.
    package var version: Int64

    package init(
        lt: LogicalTime, transactionHash: String, readUntil: Int64, balance: Nanotons,
        received: Nanotons, sent: Nanotons, fees: Nanotons, sequence: Int64, version: Int64
    ) {
        self.lt = lt
        self.transactionHash = transactionHash
        self.readUntil = readUntil
        self.balance = balance
        self.received = received
        self.sent = sent
        self.fees = fees
        self.sequence = sequence
        self.version = version
    }
}

/// What a stretch of transactions means; written whole or not at all.
package struct WalletAdvance: Sendable {
    package let wallet: String
    /// The version of the position it begins at; 0 when there was none.
    package let expectedVersion: Int64
    /// Its version is written as `expectedVersion + 1`.
    package var position: WalletPosition
    /// To this wallet. Kept once per (wallet, lt): one that is kept already, or twice in here, makes
    /// nothing of the advance be written; so too a stray payment.
    package var deposits: [Deposit] = []
    /// Messages that reached their end: `executed` (with the transaction and what was paid),
    /// `expired`, or `executed` anew with better knowledge of its items. Each must be in the store
    /// with as many items, `released` or (to be `executed` anew) `executed`, else nothing of the
    /// advance is written. State, transaction, `updatedAt` and the items' `isPaid` are taken over.
    package var messages: [PayoutMessage] = []
    /// From this wallet.
    package var strayPayments: [StrayPayment] = []
    /// Credits and transitions; if the plan refuses one or finds a conflict, nothing is written.
    package var commands: [LedgerCommand] = []
    package var fence: Fence?

    package init(wallet: String, expectedVersion: Int64, position: WalletPosition) {
        self.wallet = wallet
        self.expectedVersion = expectedVersion
        self.position = position
    }
}

package enum WalletAdvanceResult: Sendable, Equatable {
    /// Written, with one outcome for each command.
    case advanced([LedgerOutcome])
    /// Nothing was written: these are the commands' outcomes, at least one of them a refusal or
    /// a conflict.
    case refused([LedgerOutcome])
    /// Nothing was written: the position, a message, a deposit or a stray payment is not as the
    /// caller saw it.
    case moved
    /// Nothing was written: the lease has been taken anew.
    case fenced
}

package enum DepositState: String, Sendable, CaseIterable {
    /// Its memo named an account, which has it.
    case credited
    /// No account was named; an operator decides.
    case unmatched
    /// An operator gave it to an account.
    case assigned
}

/// Money that came to the hot wallet.
package struct Deposit: Hashable, Sendable {
    /// The receiving wallet's address in raw form; with `lt` it names the deposit.
    package let wallet: String
    package let lt: LogicalTime
    /// 64 hexadecimal digits.
    package let transactionHash: String
    /// The sender's address in raw form.
    package let source: String
    package let amount: Nanotons
    /// The comment as sent; nil when the message had none.
    package let comment: String?
    package var state: DepositState
    /// Whose it is; nil while unmatched.
    package var account: AccountKey?
    /// The chain's time of the transaction.
    package let at: Timestamp

    package init(
        wallet: String, lt: LogicalTime, transactionHash: String, source: String,
        amount: Nanotons, comment: String?, state: DepositState, account: AccountKey?,
        at: Timestamp
    ) {
        self.wallet = wallet
        self.lt = lt
        self.transactionHash = transactionHash
        self.source = source
        self.amount = amount
        self.comment = comment
        self.state = state
        self.account = account
        self.at = at
    }
}

package enum StrayPaymentState: String, Sendable, CaseIterable {
    /// Nobody knows why it left; nothing is paid while one is open.
    case open
    /// It paid a withdrawal whose message the store had lost.
    case matched
    /// An operator has said what it was.
    case acknowledged
}

/// A message that left the hot wallet although no message of the store asked for it: somebody else
/// has the key, or the store has lost what it knew.
package struct StrayPayment: Hashable, Sendable {
    package let wallet: String
    /// Of the message that left; with `wallet` it names the payment.
    package let lt: LogicalTime
    /// Of the wallet's transaction that sent it; 64 hexadecimal digits.
    package let transactionHash: String
    /// In raw form.
    package let destination: String
    package let amount: Nanotons
    /// The hash of the body cell, 64 hexadecimal digits.
    package let bodyHash: String
    /// Its text comment; nil for none.
    package let comment: String?
    package var state: StrayPaymentState
    /// The withdrawal it paid, when that is known.
    package var withdrawal: WithdrawalID?
    /// What the operator said.
    package var note: String?
    /// The chain's time of the transaction.
    package let at: Timestamp

    package init(
        wallet: String, lt: LogicalTime, transactionHash: String, destination: String,
        amount: Nanotons, bodyHash: String, comment: String?, state: StrayPaymentState = .open,
        withdrawal: WithdrawalID? = nil, note: String? = nil, at: Timestamp
    ) {
        self.wallet = wallet
        self.lt = lt
        self.transactionHash = transactionHash
        self.destination = destination
        self.amount = amount
        self.bodyHash = bodyHash
        self.comment = comment
        self.state = state
        self.withdrawal = withdrawal
        self.note = note
        self.at = at
    }
}
