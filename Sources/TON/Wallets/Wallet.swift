// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A wallet in workchain 0: a contract with a public key, and the address that follows from both.
package struct Wallet: Hashable, Sendable {
    package let contract: WalletContract
    package let publicKey: Hash256
    package let stateInit: StateInit
    package let address: TONAddress

    /// - Throws: `valueTooLarge` for a timeout of 2²² seconds or more.
    package init(_ contract: WalletContract, publicKey: Hash256) throws(CellError) {
        self.contract = contract
        self.publicKey = publicKey
        stateInit = try contract.stateInit(publicKey: publicKey)
        address = try stateInit.address()
    }

    /// Reads which message an executed external message was, from its body.
    ///
    /// The signature is not checked: that the wallet executed the message proves it.
    ///
    /// - Throws: `CellError` when the wallet would not have executed such a body.
    package func sequence(ofBody body: Cell) throws(CellError) -> TransferSequence {
        switch contract {
        case .v4r2(let walletID): try WalletV4R2.sequence(ofBody: body, walletID: walletID)
        case .v5r1(let walletID): try WalletV5R1.sequence(ofBody: body, walletID: walletID)
        case .highloadV3(let subwalletID, _):
            try HighloadWalletV3.sequence(ofBody: body, subwalletID: subwalletID)
        }
    }

    /// The request that a message of a highload wallet to itself belongs to; nil when `body` is no
    /// batch.
    package static func batchQueryID(ofBody body: Cell) -> HighloadQueryID? {
        HighloadWalletV3.batchQueryID(ofBody: body)
    }
}

/// What makes a wallet execute a message once.
package enum TransferSequence: Hashable, Sendable {
    /// For V4R2 and V5R1: executed only while the wallet's seqno is this one and the time is
    /// before `validUntil` (Unix seconds).
    case seqno(UInt32, validUntil: UInt32)
    /// For highload v3: executed only when the pair hasn't been, and the time is at or after
    /// `createdAt` (Unix seconds) and before `createdAt` + timeout. Chain time lags behind: what
    /// is to be executed at once is created half a minute ago.
    case query(HighloadQueryID, createdAt: UInt64)
}
