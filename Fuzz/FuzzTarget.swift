// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What libFuzzer calls with each input; `scripts/fuzz` compiles it together with `Sources/TON`.
///
/// A trap, a crash or a wrong byte is a finding: whatever is read must be written to the same
/// cell again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    for limits in [BOCLimits(), .chain] {
        guard let root = try? BOC.parse(bytes, limits: limits) else { continue }
        let written = BOC.serialize(root)
        guard let again = try? BOC.parse(written, limits: limits), again == root,
            BOC.serialize(again) == written
        else { fatalError("a cell that was read is not the one that was written") }
        readEverything(of: root)
    }
    return 0
}

private func readEverything(of root: Cell) {
    if let transaction = try? Transaction(root) {
        _ = try? transaction.balanceChange()
        for message in transaction.outgoing { readEverything(of: message.body) }
    }
    if let message = try? Message(root) {
        _ = try? message.normalizedHash()
        _ = TextComment.text(of: message.body)
        readWallets(of: message.body)
    }
    _ = TextComment.text(of: root)
    readWallets(of: root)
}

private func readWallets(of body: Cell) {
    let contracts: [WalletContract] = [
        .v4r2(walletID: WalletContract.defaultWalletID), .v5r1(on: .mainnet),
        .highloadV3(subwalletID: WalletContract.defaultSubwalletID, timeoutSeconds: 3600),
    ]
    for contract in contracts {
        _ = try? contract.data(body)
        guard let publicKey = Hash256(bytes: [UInt8](repeating: 7, count: 32)),
            let wallet = try? Wallet(contract, publicKey: publicKey)
        else { continue }
        _ = try? wallet.sequence(ofBody: body)
    }
    _ = Wallet.batchQueryID(ofBody: body)
}
