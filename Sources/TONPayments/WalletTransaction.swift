// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import TON
internal import TellerProtocol

/// A transaction of the hot wallet, and what it is by itself: before anything is looked up.
struct WalletTransaction: Sendable {
    enum Kind: Sendable, Hashable {
        /// An external message made the wallet send; its normalized hash.
        case transfer(MessageHash)
        /// A highload wallet's message to itself made it send: the number of the query.
        case batch(query: Int)
        /// A payment came back, with the beginning of its body: up to 32 bytes.
        case bounce(source: TONAddress, Nanotons, body: [UInt8])
        /// Money came in. It stayed also where the transaction was aborted, but an operator
        /// decides about that.
        case deposit(source: TONAddress, Nanotons, comment: String?, isAborted: Bool)
        /// Nobody's money: it was sent back, is dust that tells of a token, or our own.
        case nothing
    }

    /// Tells of a token that has come (TEP-74); the coins beside it pay its way.
    private static let tokenNotification: UInt64 = 0x7362_D09C
    private static let tokenTransfer: UInt64 = 0x178D_4519

    let transaction: Transaction
    let kind: Kind
    /// What it left in messages to others, in order.
    let payments: [Message.AccountHeader]
    let paymentBodies: [Cell]
    let balanceChange: Int64

    init(_ transaction: Transaction, of wallet: Wallet) throws(CellError) {
        self.transaction = transaction
        balanceChange = try transaction.balanceChange()
        var payments: [Message.AccountHeader] = []
        var bodies: [Cell] = []
        for message in transaction.outgoing {
            guard let header = message.accountHeader, header.destination != wallet.address else {
                continue
            }
            payments.append(header)
            bodies.append(message.body)
        }
        self.payments = payments
        paymentBodies = bodies
        kind = try Self.kind(of: transaction, wallet)
    }

    var lt: LogicalTime { LogicalTime(clamping: transaction.lt) }
    var at: Timestamp { Timestamp(unixMilliseconds: Int64(transaction.now) * 1000) }

    private static func kind(
        of transaction: Transaction, _ wallet: Wallet
    ) throws(CellError) -> Kind {
        guard let incoming = transaction.incoming else { return .nothing }
        if let hash = try incoming.normalizedHash() { return .transfer(hash.hex) }
        guard let header = incoming.accountHeader,
            let amount = Nanotons(chain: header.nanotons), amount > .zero
        else { return .nothing }
        if header.source == wallet.address {
            return Wallet.batchQueryID(ofBody: incoming.body).map { .batch(query: $0.number) }
                ?? .nothing
        }
        if header.isBounced {
            return .bounce(source: header.source, amount, body: try bounced(incoming.body))
        }
        if transaction.phases.bounce == .sent { return .nothing }
        var operation = try CellSlice(incoming.body)
        if let code = try? operation.loadUInt(32),
            code == tokenNotification || code == tokenTransfer
        {
            return .nothing
        }
        return .deposit(
            source: header.source, amount, comment: TextComment.text(of: incoming.body),
            isAborted: isAborted(transaction))
    }

    /// A wallet that isn't deployed runs nothing, and keeps what comes all the same.
    private static func isAborted(_ transaction: Transaction) -> Bool {
        guard transaction.phases.isAborted else { return false }
        return transaction.phases.compute != .skipped(.noState)
    }

    /// The body of a message that came back: 32 ones, and the beginning of the body that went.
    private static func bounced(_ body: Cell) throws(CellError) -> [UInt8] {
        var slice = try CellSlice(body)
        try slice.skip(32)
        return try beginning(of: slice)
    }

    /// The bytes of a body that its bounce would bring back.
    static func beginning(of body: Cell) throws(CellError) -> [UInt8] {
        try beginning(of: CellSlice(body))
    }

    private static func beginning(of slice: CellSlice) throws(CellError) -> [UInt8] {
        var slice = slice
        return try slice.loadBytes(min(slice.bitsLeft / 8, 32))
    }
}
