// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// A chain that runs the real contracts, and servers that pay on it.
final class TONBench {
    enum WalletKind: String, CaseIterable, CustomTestStringConvertible {
        case v4r2
        case v5r1
        case highload = "highload-v3"

        var testDescription: String { rawValue }

        var contract: WalletContract {
            switch self {
            case .v4r2: .v4r2(walletID: WalletContract.defaultWalletID)
            case .v5r1: .v5r1(on: .mainnet)
            case .highload:
                .highloadV3(subwalletID: WalletContract.defaultSubwalletID, timeoutSeconds: 3600)
            }
        }
    }

    /// SHA-256 of `seed-1`, as in the vectors.
    private static let seed = "0eb026731d9ea3f870511f8c18daeb814eaa2c9e276082b204f2a962212fb5bd"

    let sandbox: TONSandbox
    let wallet: Wallet
    let kind: WalletKind
    /// The hot wallet's, in the hands of somebody else.
    let key: WalletKey
    private let miner: Task<Void, Never>
    /// How far the chain's clock is before ours, in seconds.
    private let lead = Shared(0)

    /// - Parameters:
    ///   - balance: what the wallet begins with, in nanotons; nil for a wallet that nobody has sent
    ///     anything yet.
    ///   - ahead: how far the chain's clock is before ours, in seconds.
    init(_ kind: WalletKind, balance: Int64? = 1_000_000_000_000, ahead: Int = 0) async throws {
        self.kind = kind
        key = try WalletKey(text: Self.seed)
        wallet = try Wallet(kind.contract, publicKey: key.publicKey)
        lead.withLock { $0 = ahead }
        var options = TONSandbox.Options()
        options.startTime = Int(Date().timeIntervalSince1970) + ahead
        let sandbox = try TONSandbox(options)
        self.sandbox = sandbox
        miner = Task { [lead] in
            var time = options.startTime
            while !Task.isCancelled {
                let now = Int(Date().timeIntervalSince1970) + lead.withLock { $0 }
                _ = try? await sandbox.mine(seconds: max(0, now - time))
                time = max(time, now)
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
        if let balance { try await fund(balance) }
    }

    deinit { miner.cancel() }

    /// No more blocks: with thousands of accounts the sandbox has hardly time for anything else.
    func stopMining() async {
        miner.cancel()
        await miner.value
    }

    /// Puts the chain's clock forward; it never goes back.
    func advanceClock(seconds: Int) { lead.withLock { $0 += seconds } }

    func fund(_ nanotons: Int64) async throws {
        try await sandbox.deposit(to: wallet.address.rawText, amount: nanotons)
    }

    var settings: [String] {
        [
            "gateway.name=ton", "ton.wallet=\(kind.rawValue)", "ton.key=\(Self.seed)",
            "ton.endpoints=\(sandbox.url)", "ton.requestsPerSecond=1000",
            "ton.pollInterval=100ms", "ton.clockDifferenceMax=1h", "withdraw.minimum=1",
            "withdraw.fee=0",
        ]
    }

    /// A recipient nobody else pays to.
    static func recipient(_ number: Int) throws -> TONAddress {
        let digits = String(number, radix: 16)
        let hash = String(repeating: "0", count: 63 - digits.count) + digits + "1"
        return try WrittenTONAddress("0:\(hash)", on: .mainnet).address
    }

    /// What has arrived at an address.
    func received(by address: TONAddress) async throws -> [TONSandbox.Received] {
        try await sandbox.received(by: address.rawText)
    }
}

extension TONAddress {
    /// As a caller of `withdraw.create` writes it.
    var destination: String { friendlyText(isBounceable: false) }
}
