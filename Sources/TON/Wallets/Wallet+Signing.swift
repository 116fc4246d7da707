// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A signed message that pays.
package struct SignedTransfer: Sendable {
    package let sequence: TransferSequence
    package let message: ExternalMessage
    /// The bag of cells to send.
    package let bytes: [UInt8]
    /// The hash of the message as it is sent.
    package let hash: Hash256
    /// The hash of TEP-467, by which the message is found.
    package let normalizedHash: Hash256
    /// For each payment in order, what its message's body hashes to.
    package let bodyHashes: [Hash256]
}

extension Wallet {
    /// The value that a highload wallet sends itself with a batch (0.1 TON) when none is named. It
    /// pays for the second transaction, at most 0.035 TON; the rest stays in the wallet.
    package static let batchNanotons: UInt64 = 100_000_000

    /// The largest message, and the deepest, that the network takes from outside.
    private static let messageBytesMax = 65_535
    private static let messageDepthMax = 512

    /// Signs one message that makes all `payments`.
    ///
    /// Each goes with mode 3: the recipient gets exactly the amount, the wallet pays the fees, and
    /// a payment that can't be made doesn't undo the wallet's step to its next message.
    ///
    /// - Parameters:
    ///   - payments: 1…`contract.paymentsMax`.
    ///   - sequence: a seqno for V4R2 and V5R1, a query for highload v3.
    ///   - isDeploying: whether the wallet may not exist yet; the message then carries its code.
    ///   - batchNanotons: what a highload wallet sends itself with several payments.
    package func signedTransfer(
        of payments: [Payment], sequence: TransferSequence, isDeploying: Bool = false,
        batchNanotons: UInt64 = Wallet.batchNanotons, key: WalletKey
    ) throws(WalletError) -> SignedTransfer {
        guard !payments.isEmpty else { throw .noPayments }
        guard payments.count <= contract.paymentsMax else {
            throw .tooManyPayments(max: contract.paymentsMax)
        }
        guard key.publicKey == publicKey else { throw .otherKey }
        let part = try signedPart(payments, sequence: sequence, batchNanotons: batchNanotons)
        let signature: [UInt8]
        do { signature = try key.signature(of: part.hash) } catch { throw .key(error) }
        do {
            let message = ExternalMessage(
                destination: address, stateInit: isDeploying ? stateInit : nil,
                body: try body(signedPart: part, signature: signature))
            let cell = try message.cell()
            let bytes = BOC.serialize(cell)
            guard bytes.count <= Self.messageBytesMax, cell.depth <= Self.messageDepthMax else {
                throw WalletError.messageTooLarge
            }
            return SignedTransfer(
                sequence: sequence, message: message, bytes: bytes, hash: cell.hash,
                normalizedHash: try message.normalizedHash(),
                bodyHashes: payments.map(\.body.hash))
        } catch let error as CellError {
            throw .cell(error)
        } catch {
            throw .messageTooLarge
        }
    }

    private func body(signedPart: Cell, signature: [UInt8]) throws(CellError) -> Cell {
        switch contract {
        case .v4r2: try WalletV4R2.body(signedPart: signedPart, signature: signature)
        case .v5r1: try WalletV5R1.body(signedPart: signedPart, signature: signature)
        case .highloadV3: try HighloadWalletV3.body(signedPart: signedPart, signature: signature)
        }
    }

    private func signedPart(
        _ payments: [Payment], sequence: TransferSequence, batchNanotons: UInt64
    ) throws(WalletError) -> Cell {
        do {
            let messages = try payments.map { payment throws(CellError) in
                try payment.message.cell()
            }
            switch (contract, sequence) {
            case (.v4r2(let walletID), .seqno(let seqno, let validUntil)):
                return try WalletV4R2.signedPart(
                    walletID: walletID, seqno: seqno, validUntil: validUntil, messages: messages)
            case (.v5r1(let walletID), .seqno(let seqno, let validUntil)):
                return try WalletV5R1.signedPart(
                    walletID: walletID, seqno: seqno, validUntil: validUntil, messages: messages)
            case (.highloadV3(let subwalletID, let timeout), .query(let queryID, let createdAt)):
                return try HighloadWalletV3.signedPart(
                    subwalletID: subwalletID, timeoutSeconds: timeout, queryID: queryID.rawValue,
                    createdAt: createdAt,
                    message: messages.count == 1
                        ? messages[0]
                        : try batch(messages, queryID: queryID, nanotons: batchNanotons))
            default: throw WalletError.otherSequence
            }
        } catch let error as CellError {
            throw .cell(error)
        } catch {
            throw .otherSequence
        }
    }

    /// The highload wallet's message to itself that makes it send `messages`.
    private func batch(
        _ messages: [Cell], queryID: HighloadQueryID, nanotons: UInt64
    ) throws(CellError) -> Cell {
        try InternalMessage(
            destination: address, isBounceable: true, nanotons: nanotons,
            body: try HighloadWalletV3.batchBody(queryID: queryID.rawValue, messages: messages)
        ).cell()
    }
}
