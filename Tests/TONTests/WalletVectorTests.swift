// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Testing

@testable import TON

@Suite struct WalletVectorTests {
    private static let accepted = (Vectors.all.messages + Vectors.all.highload).filter {
        $0.messages.allSatisfy { $0.mode == 3 } && !$0.title.contains("wrong")
            && !$0.title.contains("another key") && $0.bitNumber != 1023
            && $0.messages.count < 255 || $0.title.hasPrefix("V5R1 255")
    }

    @Test func `the codes have the hashes they should have`() throws {
        let codes = Vectors.all.walletCodes
        #expect(WalletCode.v4r2.hash.hex == codes["v4r2"]?.codeHash)
        #expect(WalletCode.v5r1.hash.hex == codes["v5r1"]?.codeHash)
        #expect(WalletCode.highloadV3.hash.hex == codes["hl3"]?.codeHash)
    }

    @Test(arguments: Vectors.all.wallets)
    func `a wallet has the address that others give it`(vector: Vectors.WalletVector) throws {
        let key = try WalletKey(seed: #require(Hexadecimal.decode(vector.seed)))
        #expect(key.publicKey.hex == vector.publicKey)
        let contract = try contract(vector)
        let wallet = try Wallet(contract, publicKey: key.publicKey)
        #expect(wallet.stateInit.code.hash.hex == vector.codeHash)
        #expect(wallet.stateInit.data.hash.hex == vector.dataHash)
        #expect(try wallet.stateInit.cell().hash.hex == vector.stateInitHash)
        #expect(wallet.address.rawText == vector.address)

        let data = try contract.data(Cell.of(base64: vector.dataBocBase64))
        switch contract {
        case .v4r2(let walletID), .v5r1(let walletID):
            #expect(
                data == .numbered(seqno: 0, walletID: walletID, publicKey: key.publicKey))
        case .highloadV3(let subwalletID, let timeoutSeconds):
            #expect(
                data
                    == .highload(
                        subwalletID: subwalletID, timeoutSeconds: timeoutSeconds,
                        lastCleanTime: 0, publicKey: key.publicKey))
        }
    }

    private func contract(_ vector: Vectors.WalletVector) throws -> WalletContract {
        switch vector.wallet {
        case "v4r2":
            return .v4r2(walletID: vector.params.walletId ?? WalletContract.defaultWalletID)
        case "v5r1":
            let contract = WalletContract.v5r1(
                on: vector.network == "testnet" ? .testnet : .mainnet)
            #expect(contract == vector.params.walletId.map { .v5r1(walletID: $0) } ?? contract)
            return contract
        default:
            return .highloadV3(
                subwalletID: WalletContract.defaultSubwalletID,
                timeoutSeconds: try #require(vector.params.timeout))
        }
    }

    @Test func `wallet ids follow from the network`() {
        #expect(WalletContract.v5r1(on: .mainnet) == .v5r1(walletID: 0x7FFF_FF11))
        #expect(WalletContract.v5r1(on: .testnet) == .v5r1(walletID: 0x7FFF_FFFD))
    }

    /// Through the layer below, which can do what the wallet itself never does: other wallet ids,
    /// other modes, 255 payments in a batch.
    @Test(arguments: Vectors.all.messages + Vectors.all.highload)
    func `a message is built bit by bit as others build it`(
        vector: Vectors.MessageVector
    ) throws {
        let messages = try vector.messages.map { transfer in
            let cell = try transfer.payment().message.cell()
            #expect(cell.hash.hex == transfer.internalMessageHash)
            return cell
        }
        let part = try signedPart(vector, messages)
        #expect(part.hash.hex == vector.signedHash)
        let key = try WalletKey(seed: Self.seed(vector))
        let signature = try #require(Hexadecimal.decode(vector.signature))
        if !vector.title.contains("another key") {
            #expect(try key.signature(of: part.hash) == signature)
        }
        let body =
            switch vector.wallet {
            case "v4r2": try WalletV4R2.body(signedPart: part, signature: signature)
            case "v5r1": try WalletV5R1.body(signedPart: part, signature: signature)
            default: try HighloadWalletV3.body(signedPart: part, signature: signature)
            }
        #expect(body.hash.hex == vector.bodyHash)
        if let tree = vector.bodyTree { #expect(try tree.cell() == body) }
        let wallet = try Self.wallet(vector)
        #expect(wallet.address.rawText == vector.address)
        let message = ExternalMessage(
            destination: wallet.address, stateInit: vector.deploy ? wallet.stateInit : nil,
            body: body)
        let cell = try message.cell()
        #expect(cell.hash.hex == vector.messageHash)
        #expect(try message.normalizedHash().hex == vector.normalizedHash)
        #expect(Hexadecimal.encode(BOC.serialize(cell, checksum: false)) == vector.bocHex)
        #expect(Base64.encode(BOC.serialize(cell)) == vector.bocBase64Crc32C)

        let parsed = try Message(Cell.of(base64: vector.bocBase64Crc32C))
        #expect(parsed.hash.hex == vector.messageHash)
        #expect(parsed.externalDestination == wallet.address)
        #expect(parsed.hasStateInit == vector.deploy)
        #expect(parsed.body == body)
        #expect(try parsed.normalizedHash()?.hex == vector.normalizedHash)
    }

    @Test(arguments: accepted)
    func `a transfer is signed into the bytes that others make`(
        vector: Vectors.MessageVector
    ) throws {
        let wallet = try Self.wallet(vector)
        let payments = try vector.messages.map { try $0.payment() }
        let sequence = try Self.sequence(vector)
        let transfer = try wallet.signedTransfer(
            of: payments, sequence: sequence, isDeploying: vector.deploy,
            key: WalletKey(seed: Self.seed(vector)))
        #expect(transfer.sequence == sequence)
        #expect(transfer.bodyHashes == payments.map(\.body.hash))
        #expect(try wallet.sequence(ofBody: transfer.message.body) == sequence)
        // The vector's batch goes with mode 1, to which the contract itself adds 2.
        guard vector.batchValue == nil else { return }
        #expect(Base64.encode(transfer.bytes) == vector.bocBase64Crc32C)
        #expect(transfer.hash.hex == vector.messageHash)
        #expect(transfer.normalizedHash.hex == vector.normalizedHash)
    }

    @Test func `the sequence of an executed message is read from its body`() throws {
        for vector in Vectors.all.messages + Vectors.all.highload {
            let message = try Message(Cell.of(base64: vector.bocBase64Crc32C))
            let wallet = try Self.wallet(vector)
            if vector.title.contains("wrong") && !vector.title.contains("timeout")
                || vector.bitNumber == 1023
            {
                #expect(throws: CellError.self) { try wallet.sequence(ofBody: message.body) }
            } else {
                #expect(try wallet.sequence(ofBody: message.body) == Self.sequence(vector))
            }
        }
    }

    private func signedPart(_ vector: Vectors.MessageVector, _ messages: [Cell]) throws -> Cell {
        let mode = try #require(vector.messages.first?.mode)
        switch vector.wallet {
        case "v4r2":
            return try WalletV4R2.signedPart(
                walletID: vector.title.contains("wrong wallet_id")
                    ? WalletContract.defaultWalletID + 1 : WalletContract.defaultWalletID,
                seqno: #require(vector.seqno), validUntil: #require(vector.validUntil),
                messages: messages, mode: mode)
        case "v5r1":
            return try WalletV5R1.signedPart(
                walletID: vector.title.contains("wrong wallet_id") ? 0x7FFF_FFFD : 0x7FFF_FF11,
                seqno: #require(vector.seqno), validUntil: #require(vector.validUntil),
                messages: messages, mode: mode)
        default:
            var message = messages[0]
            let queryID =
                try UInt64(#require(vector.shift)) << 10 | UInt64(#require(vector.bitNumber))
            if let value = vector.batchValue {
                let body = try HighloadWalletV3.batchBody(queryID: queryID, messages: messages)
                #expect(HighloadWalletV3.batchQueryID(ofBody: body)?.rawValue == queryID)
                message = try InternalMessage(
                    destination: Self.wallet(vector).address, isBounceable: true,
                    nanotons: #require(UInt64(value)), body: body
                ).cell()
            }
            return try HighloadWalletV3.signedPart(
                subwalletID: #require(vector.subwalletId), timeoutSeconds: #require(vector.timeout),
                queryID: queryID, createdAt: #require(vector.createdAt), message: message,
                mode: #require(vector.mode))
        }
    }

    static func seed(_ vector: Vectors.MessageVector) throws -> [UInt8] {
        // sha256(seed-1)
        let label = try #require(vector.seedLabel.firstMatch(of: /sha256\((.*)\)/)).1
        return Array(SHA256.hash(data: Array(label.utf8)))
    }

    static func wallet(_ vector: Vectors.MessageVector) throws -> Wallet {
        let contract: WalletContract =
            switch vector.wallet {
            case "v4r2": .v4r2(walletID: WalletContract.defaultWalletID)
            case "v5r1": .v5r1(on: .mainnet)
            default:
                .highloadV3(subwalletID: WalletContract.defaultSubwalletID, timeoutSeconds: 3600)
            }
        return try Wallet(contract, publicKey: WalletKey(seed: seed(vector)).publicKey)
    }

    static func sequence(_ vector: Vectors.MessageVector) throws -> TransferSequence {
        if let seqno = vector.seqno {
            return .seqno(seqno, validUntil: try #require(vector.validUntil))
        }
        let shift = try #require(vector.shift)
        let bit = try #require(vector.bitNumber)
        return .query(
            try #require(HighloadQueryID(shift: shift, bit: bit)),
            createdAt: try #require(vector.createdAt))
    }
}
