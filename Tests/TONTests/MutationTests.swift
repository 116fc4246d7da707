// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import TestSupport
import Testing

/// A short run of what `scripts/fuzz` does for as long as one likes.
@Suite struct MutationTests {
    private static let inputs: [[UInt8]] = {
        let texts =
            TransactionVectors.all.accounts.flatMap { $0.transactions.map(\.boc) }
            + (Vectors.all.messages + Vectors.all.highload).map(\.bocBase64Crc32C)
            + Vectors.all.cells.valid.compactMap { $0.boc["index"] }
        // Without checksums, which would hide every change from the code behind them.
        return texts.compactMap { Base64.decode($0) }.map { bytes in
            guard bytes[4] & 0x40 != 0 else { return bytes }
            var bare = Array(bytes.dropLast(4))
            bare[4] &= ~0x40
            return bare
        }.filter { $0.count < 4096 }
    }()

    @Test func `changed bytes are refused or read as what they are`() throws {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        #expect(Self.inputs.count > 50)
        var readCount = 0
        for input in Self.inputs {
            #expect(throws: Never.self) { try BOC.parse(input, limits: .chain) }
            for _ in 0..<200 {
                let changed = mutated(input, using: &random)
                guard let root = try? BOC.parse(changed, limits: .chain) else { continue }
                readCount += 1
                let written = BOC.serialize(root)
                #expect(try BOC.parse(written, limits: .chain) == root)
                readEverything(of: root)
            }
        }
        // Changes in a cell's bits are no mistakes, so there is something to read.
        #expect(readCount > 1_000)
    }

    private func mutated(_ input: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes.remove(at: position)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
            case 2: bytes.removeSubrange(position...)
            case 3: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            default: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        return bytes
    }

    private func readEverything(of root: Cell) {
        if let transaction = try? Transaction(root) {
            _ = try? transaction.balanceChange()
            for message in transaction.outgoing { _ = TextComment.text(of: message.body) }
        }
        if let message = try? Message(root) {
            _ = try? message.normalizedHash()
            _ = TextComment.text(of: message.body)
            _ = Wallet.batchQueryID(ofBody: message.body)
        }
    }
}
