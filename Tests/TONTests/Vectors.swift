// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON
import Testing

/// Test vectors that other implementations agree on: pytoniq-core, ton-core, tonutils, tonsdk and
/// TON's own emulator.
struct Vectors: Decodable {
    struct CellVector: Decodable {
        let name: String
        let hash: String
        let depth: Int
        let cells: Int
        let boc: [String: String]
        let tree: Tree?
    }

    struct Tree: Decodable {
        let bits: String
        let refs: [Tree]

        func cell() throws -> Cell {
            var builder = CellBuilder()
            for bit in bits { try builder.store(bit: bit == "1") }
            for reference in refs { try builder.store(reference: reference.cell()) }
            return try builder.cell()
        }
    }

    struct InvalidBOC: Decodable {
        let why: String
        let bocBase64: String
        let tonCpp: String
    }

    struct Cells: Decodable {
        let valid: [CellVector]
        let invalidBoc: [InvalidBOC]
    }

    struct Code: Decodable {
        let codeHash: String
        let codeBocBase64: String
    }

    struct WalletVector: Decodable {
        struct Parameters: Decodable {
            let walletId: UInt32?
            let timeout: UInt32?
        }

        let wallet: String
        let seed: String
        let publicKey: String
        let params: Parameters
        let network: String
        let codeHash: String
        let dataHash: String
        let dataBocBase64: String
        let stateInitHash: String
        let address: String
    }

    struct Transfer: Decodable {
        let to: String
        let amount: String
        let comment: String?
        let bounce: Bool
        let mode: UInt8
        let internalMessageHash: String

        func payment() throws -> Payment {
            try Payment(
                destination: WrittenTONAddress(to, on: .mainnet).address, isBounceable: bounce,
                nanotons: #require(UInt64(amount)), comment: comment)
        }
    }

    struct MessageVector: Decodable {
        let wallet: String
        let seedLabel: String
        let address: String
        let title: String
        let deploy: Bool
        let messages: [Transfer]
        let bocHex: String
        let bocBase64Crc32C: String
        let messageHash: String
        let bodyHash: String
        let signedHash: String
        let signature: String
        let normalizedHash: String
        let bodyTree: Tree?
        // V4R2 and V5R1.
        let seqno: UInt32?
        let validUntil: UInt32?
        // Highload.
        let queryId: UInt64?
        let shift: Int?
        let bitNumber: Int?
        let createdAt: UInt64?
        let timeout: UInt32?
        let subwalletId: UInt32?
        let mode: UInt8?
        let batchValue: String?
    }

    let cells: Cells
    let walletCodes: [String: Code]
    let wallets: [WalletVector]
    let messages: [MessageVector]
    let highload: [MessageVector]

    static let all: Vectors = {
        do { return try read("ton-vectors", as: Vectors.self) } catch { fatalError("\(error)") }
    }()

    static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        let url = try #require(
            Bundle.module.url(
                forResource: name, withExtension: "json", subdirectory: "Fixtures"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(contentsOf: url))
    }
}

extension Vectors.MessageVector: CustomTestStringConvertible {
    var testDescription: String { title }
}

extension Vectors.CellVector: CustomTestStringConvertible {
    var testDescription: String { name }
}

extension Vectors.InvalidBOC: CustomTestStringConvertible {
    var testDescription: String { why }
}

extension Cell {
    /// The cell of a bag of cells in base64.
    static func of(base64 text: String) throws -> Cell {
        try BOC.parse(try #require(Base64.decode(text)))
    }
}
