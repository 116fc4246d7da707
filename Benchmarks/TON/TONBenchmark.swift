// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON

/// Times what a payout costs before it goes out, and what an answer of the chain costs to read.
@main
enum TONBenchmark {
    static func main() throws {
        let key = try WalletKey(seed: [UInt8](repeating: 7, count: WalletKey.seedBytes))
        let wallet = try Wallet(.v5r1(on: .mainnet), publicKey: key.publicKey)
        let payments = try (0..<255).map { index in
            try Payment(
                destination: TONAddress(workchain: 0, accountHash: key.publicKey),
                isBounceable: false, nanotons: 1_500_000_000 + UInt64(index),
                comment: "withdrawal \(index) of today, thank you")
        }
        let sequence = TransferSequence.seqno(1, validUntil: 1_800_000_060)
        let transfer = try wallet.signedTransfer(of: payments, sequence: sequence, key: key)
        print("milliseconds each:")
        try report("V5R1, 255 payments: build, sign, serialise", repetitions: 50) {
            try wallet.signedTransfer(of: payments, sequence: sequence, key: key).bytes.count
        }
        try report("  read again (\(transfer.bytes.count) bytes)", repetitions: 50) {
            try BOC.parse(transfer.bytes).depth
        }
        for cellBytes in [127, 30, 12] {
            let bytes = try bag(ofAbout: 1_000_000, cellBytes: cellBytes)
            let text = Base64.encode(bytes)
            try report("read \(bytes.count) bytes, cells of \(cellBytes)", repetitions: 5) {
                try BOC.parse(bytes).depth
            }
            try report("  from base64", repetitions: 5) { Base64.decode(text)?.count ?? 0 }
            let root = try BOC.parse(bytes)
            try report("  write", repetitions: 5) { BOC.serialize(root).count }
        }
    }

    /// A tree with four branches at each cell, all cells different.
    private static func bag(ofAbout bytes: Int, cellBytes: Int) throws -> [UInt8] {
        let count = min(65_000, bytes / (cellBytes + 2 + 2))
        var cells: [Cell] = []
        for index in (0..<count).reversed() {
            var builder = CellBuilder()
            try builder.store(UInt64(index), bits: 64)
            try builder.store([UInt8](repeating: 0xA5, count: cellBytes - 8))
            for child in (4 * index + 1)...(4 * index + 4) where child < count {
                try builder.store(reference: cells[count - 1 - child])
            }
            cells.append(try builder.cell())
        }
        return BOC.serialize(cells[count - 1])
    }

    /// The best of five rounds, so that another process's turn on the core doesn't count.
    private static func report(
        _ name: String, repetitions: Int, _ body: () throws -> some Any
    ) throws {
        let clock = ContinuousClock()
        var best = Duration.seconds(1000)
        for _ in 0..<5 {
            let duration = try clock.measure {
                for _ in 0..<repetitions { withExtendedLifetime(try body()) {} }
            }
            best = min(best, duration)
        }
        let milliseconds = Double(best.components.attoseconds) / 1e15 / Double(repetitions)
        let padded = name.padding(toLength: 44, withPad: " ", startingAt: 0)
        print("  \(padded) \(String(format: "%8.2f", milliseconds))")
    }
}
