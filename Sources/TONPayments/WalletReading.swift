// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import TON
internal import TellerProtocol

/// What a stretch of transactions asks of the store before it can be read.
struct WalletQuestions: Sendable {
    private(set) var messages: Set<MessageHash> = []
    private(set) var memos: Set<DepositMemo> = []
    /// Where payments came back from, in raw form.
    private(set) var returners: Set<String> = []

    init(_ stretch: [WalletTransaction]) {
        for transaction in stretch {
            switch transaction.kind {
            case .transfer(let hash): messages.insert(hash)
            case .bounce(let source, _, _): returners.insert(source.rawText)
            case .deposit(_, _, let comment, isAborted: false):
                if let memo = DepositMemo(comment: comment) { memos.insert(memo) }
            case .batch, .deposit, .nothing: break
            }
        }
    }
}

/// The store's answers to them.
struct WalletAnswers: Sendable {
    /// A payment that may be what came back.
    struct Returnable: Sendable {
        let withdrawal: Ledger.Withdrawal
        /// Of the transaction that paid it.
        let transactionHash: String?
        /// The bytes of its body that a bounce brings back.
        let body: [UInt8]
    }

    var messages: [MessageHash: PayoutMessage] = [:]
    var accounts: [DepositMemo: AccountKey] = [:]
    /// Payments that left and have not come back, oldest first, by where they went to.
    var returnables: [String: [Returnable]] = [:]
    /// Messages of a highload wallet whose batch has not been seen.
    var awaitingBatch: [PayoutMessage] = []
}

/// Reads a stretch of the hot wallet's transactions, oldest first, into what it means: one advance
/// of the wallet's position, to be written whole. Pure.
struct WalletReading: Sendable {
    private let wallet: Wallet
    private let fence: Fence?
    private let now: Timestamp
    private var answers: WalletAnswers
    /// Messages that this stretch has ended, in the order of their first change.
    private var changed: [MessageHash] = []
    private(set) var advance: WalletAdvance

    /// - Parameter position: where the stretch begins; nil for a wallet never read before.
    init(
        of wallet: Wallet, from position: WalletPosition?, with answers: WalletAnswers,
        fence: Fence?, at now: Timestamp
    ) {
        self.wallet = wallet
        self.answers = answers
        self.fence = fence
        self.now = now
        let start =
            position
            ?? WalletPosition(
                lt: 0, transactionHash: "", readUntil: 0, balance: .zero, received: .zero,
                sent: .zero, fees: .zero, sequence: 0, version: 0)
        advance = WalletAdvance(
            wallet: wallet.address.rawText, expectedVersion: start.version, position: start)
        advance.fence = fence
    }

    mutating func read(_ transaction: WalletTransaction) throws(WalletReadingError) {
        // Each names the one before it, down to the account's first: nothing can be left out.
        let before = transaction.transaction
        guard LogicalTime(clamping: before.previousLT) == advance.position.lt,
            before.previousLT == 0 || before.previousHash.hex == advance.position.transactionHash
        else { throw .gap(lt: transaction.lt, after: advance.position.lt) }
        try count(transaction)
        switch transaction.kind {
        case .transfer(let hash): readTransfer(hash, transaction)
        case .batch(let query): readBatch(query, transaction)
        case .bounce(let source, let amount, let body):
            readBounce(from: source.rawText, amount, body, transaction)
        case .deposit(let source, let amount, let comment, let isAborted):
            let memo = isAborted ? nil : DepositMemo(comment: comment)
            deposit(
                amount, from: source.rawText, comment: comment,
                to: memo.flatMap { answers.accounts[$0] }, transaction)
        case .nothing: break
        }
    }

    /// Ends the stretch at the wallet's newest transaction as of a state of the chain.
    ///
    /// - Parameters:
    ///   - time: the state's, in Unix seconds; every transaction up to then has been read.
    ///   - sequence: the wallet's seqno in that state; nil for a highload wallet.
    ///   - released: the messages that are released and may have run out.
    ///   - isExplained: whether no stray payment is open.
    mutating func end(
        at time: Int64, sequence: Int64?, released: [PayoutMessage], isExplained: Bool
    ) {
        advance.position.readUntil = max(advance.position.readUntil, time)
        if let sequence { advance.position.sequence = sequence }
        let isExplained = isExplained && advance.strayPayments.isEmpty
        for message in released where answers.messages[message.hash]?.state != .executed {
            // The contract executes it only before that time, and everything up to later has been
            // read without it. A wallet with a seqno must still have the message's own, or another
            // message has taken it, of which an operator must have said what it was.
            guard time > message.validUntil,
                sequence == nil || sequence == message.sequence
                    || (isExplained && sequence ?? 0 > message.sequence)
            else { continue }
            var expired = message
            expired.state = .expired
            expired.updatedAt = now
            note(expired)
        }
    }

    /// The advance, complete.
    var result: WalletAdvance {
        var advance = advance
        advance.messages = changed.compactMap { answers.messages[$0] }
        return advance
    }

    // MARK: - Sums

    private mutating func count(
        _ transaction: WalletTransaction
    ) throws(WalletReadingError) {
        var position = advance.position
        let others = transaction.transaction.incoming?.accountHeader.flatMap { header in
            header.source == wallet.address ? nil : Nanotons(chain: header.nanotons)
        }
        let incoming = others ?? .zero
        var outgoing = Nanotons.zero
        for payment in transaction.payments {
            guard let amount = Nanotons(chain: payment.nanotons),
                let sum = outgoing.adding(amount)
            else { throw .overflow }
            outgoing = sum
        }
        guard
            let balance = Nanotons(
                position.balance.rawValue &+ transaction.balanceChange),
            let received = position.received.adding(incoming),
            let sent = position.sent.adding(outgoing)
        else { throw .overflow }
        position.balance = balance
        position.received = received
        position.sent = sent
        // What is on its way from the wallet to itself counts as a fee until it arrives.
        position.fees =
            Nanotons(received.rawValue - sent.rawValue - balance.rawValue) ?? .zero
        position.lt = transaction.lt
        position.transactionHash = transaction.transaction.hash.hex
        advance.position = position
    }

    // MARK: - Payments

    private mutating func readTransfer(_ hash: MessageHash, _ transaction: WalletTransaction) {
        guard var message = answers.messages[hash], message.state == .released else {
            strayAll(transaction)
            if transaction.payments.isEmpty { strayUse(transaction) }
            return
        }
        message.state = .executed
        message.transactionHash = transaction.transaction.hash.hex
        message.updatedAt = now
        if message.items.count > 1, isHighload {
            let hasBatch = transaction.transaction.outgoing.contains { outgoing in
                outgoing.accountHeader?.destination == wallet.address
                    && Wallet.batchQueryID(ofBody: outgoing.body) != nil
            }
            if hasBatch {
                answers.awaitingBatch.append(message)
            } else {
                for index in message.items.indices { message.items[index].isPaid = false }
            }
            strayAll(transaction)
        } else {
            settle(&message, by: transaction)
        }
        note(message)
    }

    private mutating func readBatch(_ query: Int, _ transaction: WalletTransaction) {
        guard
            let place = answers.awaitingBatch.firstIndex(where: {
                Int($0.sequence % Int64(HighloadQueryID.usableCount)) == query
            })
        else {
            strayAll(transaction)
            return
        }
        var message = answers.awaitingBatch.remove(at: place)
        settle(&message, by: transaction)
        // The transaction that paid, rather than the one that asked for it.
        message.transactionHash = transaction.transaction.hash.hex
        message.updatedAt = now
        note(message)
    }

    /// Finds each payment among what left, each of these used once; what is left over is stray.
    private mutating func settle(
        _ message: inout PayoutMessage, by transaction: WalletTransaction
    ) {
        var left = Array(transaction.payments.indices)
        for index in message.items.indices {
            let item = message.items[index]
            let place = left.firstIndex { place in
                let payment = transaction.payments[place]
                return payment.destination.rawText == item.destination
                    && Nanotons(chain: payment.nanotons) == item.amount
                    && transaction.paymentBodies[place].hash.hex == item.bodyHash
            }
            message.items[index].isPaid = place != nil
            if let place { left.remove(at: place) }
        }
        for place in left { stray(place, of: transaction) }
    }

    private mutating func note(_ message: PayoutMessage) {
        if !changed.contains(message.hash) { changed.append(message.hash) }
        answers.messages[message.hash] = message
    }

    private var isHighload: Bool {
        if case .highloadV3 = wallet.contract { true } else { false }
    }

    // MARK: - What nobody asked for

    private mutating func strayAll(_ transaction: WalletTransaction) {
        for place in transaction.payments.indices { stray(place, of: transaction) }
    }

    /// Notes a transaction that sent nothing: somebody has used the key all the same.
    private mutating func strayUse(_ transaction: WalletTransaction) {
        advance.strayPayments.append(
            StrayPayment(
                wallet: advance.wallet, lt: transaction.lt,
                transactionHash: transaction.transaction.hash.hex, destination: advance.wallet,
                amount: .zero, bodyHash: Cell.empty.hash.hex, comment: nil, at: transaction.at))
    }

    private mutating func stray(_ place: Int, of transaction: WalletTransaction) {
        let payment = transaction.payments[place]
        let body = transaction.paymentBodies[place]
        advance.strayPayments.append(
            StrayPayment(
                wallet: advance.wallet, lt: LogicalTime(clamping: payment.createdLT),
                transactionHash: transaction.transaction.hash.hex,
                destination: payment.destination.rawText,
                amount: Nanotons(chain: payment.nanotons) ?? .max, bodyHash: body.hash.hex,
                comment: TextComment.text(of: body), at: transaction.at))
    }

    // MARK: - What came in

    private mutating func readBounce(
        from source: String, _ amount: Nanotons, _ body: [UInt8], _ transaction: WalletTransaction
    ) {
        let candidates = answers.returnables[source] ?? []
        guard
            let place = candidates.firstIndex(where: {
                $0.withdrawal.amount >= amount && $0.body == body
            })
        else {
            // It was no payment of ours: an operator decides whose it is.
            deposit(amount, from: source, comment: nil, to: nil, transaction)
            return
        }
        let returned = candidates[place]
        answers.returnables[source]?.remove(at: place)
        advance.commands.append(
            .transition(
                TransitionWithdrawal(
                    returned.withdrawal, to: .returned,
                    detail: "the recipient's contract sent it back",
                    transactionHash: returned.transactionHash, returnedAmount: amount,
                    fence: fence)))
    }

    private mutating func deposit(
        _ amount: Nanotons, from source: String, comment: String?, to account: AccountKey?,
        _ transaction: WalletTransaction
    ) {
        let hash = transaction.transaction.hash.hex
        advance.deposits.append(
            Deposit(
                wallet: advance.wallet, lt: transaction.lt, transactionHash: hash, source: source,
                amount: amount, comment: comment, state: account == nil ? .unmatched : .credited,
                account: account, at: transaction.at))
        if let account {
            advance.commands.append(
                .credit(
                    CreditAccount(
                        account: account, amount: amount, reference: "ton:\(hash)", key: nil)))
        }
    }
}

/// Why transactions can't be read.
enum WalletReadingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is another transaction between the two.
    case gap(lt: LogicalTime, after: LogicalTime)
    /// More money than there is.
    case overflow

    var description: String {
        switch self {
        case .gap(let lt, let after): "the chain does not show what lies between \(after) and \(lt)"
        case .overflow: "the wallet's sums are beyond the largest amount, or below nothing"
        }
    }
}

extension DepositMemo {
    /// The memo that a comment is, spaces around it left out; nil when it can't be one.
    init?(comment: String?) {
        guard let comment else { return nil }
        let text = comment.drop { $0 == " " }
        guard let last = text.lastIndex(where: { $0 != " " }) else { return nil }
        self.init(String(text[...last]))
        guard isWellFormed else { return nil }
    }
}

extension WalletPosition {
    /// The newest transaction read; nil before the first.
    var newest: WalletState.Newest? {
        lt == 0 ? nil : WalletState.Newest(lt: lt, hash: transactionHash)
    }
}
