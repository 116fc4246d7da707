// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The contract that a wallet runs.
package enum WalletContract: Hashable, Sendable {
    /// Up to 4 payments in a message, one message at a time.
    case v4r2(walletID: UInt32)
    /// Up to 255 payments in a message, one message at a time.
    case v5r1(walletID: UInt32)
    /// Up to 254 payments in a message, many messages at a time.
    ///
    /// - timeoutSeconds: how long a message may be executed, less than 2²².
    case highloadV3(subwalletID: UInt32, timeoutSeconds: UInt32)

    /// What wallet software takes for V4R2.
    package static let defaultWalletID: UInt32 = 698_983_191
    /// What highload v3's authors recommend.
    package static let defaultSubwalletID: UInt32 = 0x10AD

    /// V5R1 as wallet software makes it: the wallet id depends on the network, so a wallet on a
    /// test network has another address.
    package static func v5r1(on network: TONNetwork) -> Self {
        let globalID: Int32 =
            switch network {
            case .mainnet: -239
            case .testnet: -3
            }
        // A client's wallet in workchain 0, version 0, subwallet 0.
        return .v5r1(walletID: 0x8000_0000 ^ UInt32(bitPattern: globalID))
    }

    /// How many payments one message can hold.
    package var paymentsMax: Int {
        switch self {
        case .v4r2: 4
        case .v5r1: 255
        // With 255 the wallet's second transaction fails: the query is used up and nobody paid.
        case .highloadV3: 254
        }
    }

    package var code: Cell {
        switch self {
        case .v4r2: WalletCode.v4r2
        case .v5r1: WalletCode.v5r1
        case .highloadV3: WalletCode.highloadV3
        }
    }

    /// What the wallet of `publicKey` starts with.
    package func stateInit(publicKey: Hash256) throws(CellError) -> StateInit {
        var builder = CellBuilder()
        switch self {
        case .v4r2(let walletID):
            try builder.store(0, bits: 32)
            try builder.store(UInt64(walletID), bits: 32)
            try builder.store(publicKey)
            // No plugins.
            try builder.store(bit: false)
        case .v5r1(let walletID):
            // Signatures are allowed.
            try builder.store(bit: true)
            try builder.store(0, bits: 32)
            try builder.store(UInt64(walletID), bits: 32)
            try builder.store(publicKey)
            // No extensions.
            try builder.store(bit: false)
        case .highloadV3(let subwalletID, let timeoutSeconds):
            try builder.store(publicKey)
            try builder.store(UInt64(subwalletID), bits: 32)
            // No queries, old or new; never cleaned.
            try builder.store(0, bits: 2)
            try builder.store(0, bits: 64)
            try builder.store(UInt64(timeoutSeconds), bits: 22)
        }
        return StateInit(code: code, data: try builder.cell())
    }

    /// Reads the data of a deployed wallet.
    package func data(_ cell: Cell) throws(CellError) -> WalletData {
        var slice = try CellSlice(cell)
        switch self {
        case .v4r2, .v5r1:
            if case .v5r1 = self { try slice.skip(1) }
            return .numbered(
                seqno: try slice.loadUInt32(), walletID: try slice.loadUInt32(),
                publicKey: try slice.loadHash())
        case .highloadV3:
            let publicKey = try slice.loadHash()
            let subwalletID = try slice.loadUInt32()
            _ = try slice.loadOptionalReference()
            _ = try slice.loadOptionalReference()
            let lastCleanTime = try slice.loadUInt(64)
            return .highload(
                subwalletID: subwalletID, timeoutSeconds: UInt32(try slice.loadUInt(22)),
                lastCleanTime: lastCleanTime, publicKey: publicKey)
        }
    }
}

/// What a deployed wallet remembers.
package enum WalletData: Hashable, Sendable {
    /// - seqno: of the next message.
    case numbered(seqno: UInt32, walletID: UInt32, publicKey: Hash256)
    /// - lastCleanTime: Unix seconds; 0 before the first cleaning.
    case highload(
        subwalletID: UInt32, timeoutSeconds: UInt32, lastCleanTime: UInt64, publicKey: Hash256)
}
