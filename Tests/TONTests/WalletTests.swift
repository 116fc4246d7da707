// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TON

@Suite struct WalletTests {
    private let key: WalletKey

    init() throws { key = try WalletKey(seed: [UInt8](repeating: 7, count: 32)) }

    private static let contracts: [WalletContract] = [
        .v4r2(walletID: WalletContract.defaultWalletID), .v5r1(on: .mainnet),
        .highloadV3(subwalletID: WalletContract.defaultSubwalletID, timeoutSeconds: 3600),
    ]

    private func payments(_ count: Int, comment: String? = nil) throws -> [Payment] {
        try (0..<count).map { index in
            var builder = CellBuilder()
            try builder.store(UInt64(index), bits: 64)
            return try Payment(
                destination: TONAddress(workchain: 0, accountHash: builder.cell().hash),
                isBounceable: false, nanotons: UInt64(index + 1), comment: comment)
        }
    }

    private func sequence(_ contract: WalletContract) throws -> TransferSequence {
        if case .highloadV3 = contract {
            return .query(try #require(HighloadQueryID(number: 1024)), createdAt: 1_800_000_000)
        }
        return .seqno(5, validUntil: 1_800_000_060)
    }

    @Test(arguments: contracts)
    func `one payment too many is refused before anything is signed`(
        contract: WalletContract
    ) throws {
        let wallet = try Wallet(contract, publicKey: key.publicKey)
        let sequence = try sequence(contract)
        let max = contract.paymentsMax
        #expect(throws: Never.self) {
            try wallet.signedTransfer(of: payments(max), sequence: sequence, key: key)
        }
        #expect(throws: WalletError.tooManyPayments(max: max)) {
            try wallet.signedTransfer(of: payments(max + 1), sequence: sequence, key: key)
        }
        #expect(throws: WalletError.noPayments) {
            try wallet.signedTransfer(of: [], sequence: sequence, key: key)
        }
    }

    @Test func `a highload batch holds 254 payments, not 255`() {
        #expect(Self.contracts.map(\.paymentsMax) == [4, 255, 254])
    }

    @Test func `a sequence of another kind and another key are refused`() throws {
        let other = try WalletKey(seed: [UInt8](repeating: 8, count: 32))
        for (index, contract) in Self.contracts.enumerated() {
            let wallet = try Wallet(contract, publicKey: key.publicKey)
            let wrong = try sequence(Self.contracts[index == 2 ? 0 : 2])
            #expect(throws: WalletError.otherSequence) {
                try wallet.signedTransfer(of: payments(1), sequence: wrong, key: key)
            }
            #expect(throws: WalletError.otherKey) {
                try wallet.signedTransfer(of: payments(1), sequence: sequence(contract), key: other)
            }
        }
    }

    @Test func `every action that is signed has mode 3`() throws {
        for contract in Self.contracts {
            let wallet = try Wallet(contract, publicKey: key.publicKey)
            let count = min(4, contract.paymentsMax)
            let transfer = try wallet.signedTransfer(
                of: payments(count), sequence: sequence(contract), key: key)
            #expect(try modes(contract, transfer.message.body) == Array(repeating: 3, count: count))
        }
    }

    private func modes(_ contract: WalletContract, _ body: Cell) throws -> [UInt64] {
        var slice = try CellSlice(body)
        switch contract {
        case .v4r2:
            try slice.skip(512 + 3 * 32 + 8)
            var modes: [UInt64] = []
            while slice.bitsLeft > 0 { modes.append(try slice.loadUInt(8)) }
            return modes
        case .v5r1:
            return try modes(ofList: slice.loadReference())
        case .highloadV3:
            var inner = try CellSlice(slice.loadReference())
            try inner.skip(32)
            #expect(try inner.loadUInt(8) == 3)
            var message = try CellSlice(inner.loadReference())
            // The header with an amount of 4 bytes; the body follows in the same cell.
            try message.skip(4 + 2 + 267 + (4 + 32) + 1 + 4 + 4 + 96 + 1)
            #expect(try !message.loadBit())
            let batch = try message.remainder()
            #expect(Wallet.batchQueryID(ofBody: batch) == HighloadQueryID(number: 1024))
            return try modes(ofList: #require(batch.references.first))
        }
    }

    private func modes(ofList list: Cell) throws -> [UInt64] {
        var slice = try CellSlice(list)
        guard !slice.isAtEnd else { return [] }
        #expect(try slice.loadUInt(32) == 0x0EC3_C86D)
        let mode = try slice.loadUInt(8)
        return try modes(ofList: slice.loadReference()) + [mode]
    }

    @Test func `255 payments with long comments don't fit into one message`() throws {
        let wallet = try Wallet(.v5r1(on: .mainnet), publicKey: key.publicKey)
        let sequence = TransferSequence.seqno(1, validUntil: 2)
        // The same comment stands in one cell for all.
        let same = try wallet.signedTransfer(
            of: payments(255, comment: String(repeating: "x", count: 500)), sequence: sequence,
            key: key)
        #expect(same.bytes.count < 30_000)
        let different = try payments(255).enumerated().map { index, payment in
            try Payment(
                destination: payment.destination, isBounceable: false, nanotons: 1,
                comment: String(repeating: "x", count: 250) + "\(index)")
        }
        #expect(throws: WalletError.messageTooLarge) {
            try wallet.signedTransfer(of: different, sequence: sequence, key: key)
        }
    }

    @Test func `query ids run through every bit of every shift`() throws {
        #expect(HighloadQueryID.count == 8_380_416)
        #expect(HighloadQueryID(number: 0) == HighloadQueryID(shift: 0, bit: 0))
        #expect(HighloadQueryID(number: 1022) == HighloadQueryID(shift: 0, bit: 1022))
        #expect(HighloadQueryID(number: 1023) == HighloadQueryID(shift: 1, bit: 0))
        let spare = try #require(HighloadQueryID(number: HighloadQueryID.usableCount))
        #expect(spare == HighloadQueryID(shift: 8191, bit: 1022))
        #expect(spare.rawValue == 8_388_606)
        #expect(HighloadQueryID(number: HighloadQueryID.count) == nil)
        #expect(HighloadQueryID(number: -1) == nil)
        #expect(HighloadQueryID(shift: 0, bit: 1023) == nil)
        #expect(HighloadQueryID(rawValue: 1023) == nil)
        for number in stride(from: 0, to: HighloadQueryID.count, by: 4_001) {
            let id = try #require(HighloadQueryID(number: number))
            #expect(id.number == number)
            #expect(HighloadQueryID(rawValue: id.rawValue) == id)
        }
    }

    @Test func `a body that the wallet would not execute has no sequence`() throws {
        for contract in Self.contracts {
            let wallet = try Wallet(contract, publicKey: key.publicKey)
            #expect(throws: CellError.self) { try wallet.sequence(ofBody: .empty) }
            #expect(throws: CellError.self) {
                try wallet.sequence(ofBody: TextComment.body(String(repeating: "x", count: 300)))
            }
        }
        #expect(Wallet.batchQueryID(ofBody: .empty) == nil)
        #expect(Wallet.batchQueryID(ofBody: try TextComment.body("no batch")) == nil)
    }

    @Test func `a timeout that the contract has no room for is refused`() {
        #expect(throws: CellError.valueTooLarge) {
            try Wallet(
                .highloadV3(subwalletID: 1, timeoutSeconds: 1 << 22), publicKey: key.publicKey)
        }
    }
}
