// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TON
internal import TellerProtocol

/// The wallet that pays and takes deposits.
package struct HotWallet: Sendable {
    package let wallet: Wallet
    package let key: WalletKey
    package let network: TONNetwork

    /// - Throws: `CellError` for a contract with parameters out of range.
    package init(
        _ contract: WalletContract, key: WalletKey, network: TONNetwork
    ) throws(CellError) {
        wallet = try Wallet(contract, publicKey: key.publicKey)
        self.key = key
        self.network = network
    }

    /// What names it in the store: its address in raw form.
    package var name: String { wallet.address.rawText }

    /// How people see it, who are to send money to it.
    package var friendlyText: String {
        wallet.address.friendlyText(isBounceable: false, isTestOnly: network == .testnet)
    }

    /// Whether a message is executed once by its query, not by the wallet's seqno.
    package var isHighload: Bool {
        if case .highloadV3 = wallet.contract { true } else { false }
    }
}

extension Nanotons {
    /// nil beyond the largest amount.
    init?(chain value: UInt64) {
        guard let value = Int64(exactly: value) else { return nil }
        self.init(value)
    }
}
