// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import Testing

/// Transactions made by TON's own emulator: deposits, payments, bounces, failures.
struct TransactionVectors: Decodable {
    struct Account: Decodable {
        let wallet: String
        let publicKey: String
        let address: String
        /// The wallet's data after the last transaction.
        let data: String
        let transactions: [Row]
    }

    struct Row: Decodable {
        let boc: String
        let hash: String
        let lt: UInt64
        let previousHash: String
        let previousLt: UInt64
        let now: UInt32
        let statusBefore: String
        let statusAfter: String
        let totalFees: UInt64
        let balanceAfter: Int64
        let storageFees: UInt64?
        let credit: UInt64?
        let computeSkipped: String?
        let exitCode: Int32?
        let computeSuccess: Bool?
        let gasUsed: UInt64?
        let action: Action?
        let aborted: Bool
        let destroyed: Bool
        let bounce: String?
        let incoming: MessageRow
        let outgoing: [MessageRow]
    }

    struct Action: Decodable {
        let success: Bool
        let resultCode: Int32
        let noFunds: Bool
        let actions: Int
        let skipped: Int
        let messages: Int
    }

    struct MessageRow: Decodable {
        let kind: String
        let hash: String
        let bodyHash: String
        let comment: String?
        let hasStateInit: Bool
        let normalizedHash: String?
        let source: String?
        let destination: String
        let nanotons: UInt64?
        let bounce: Bool?
        let bounced: Bool?
        let forwardFee: UInt64?
        let createdLt: UInt64?
        let createdAt: UInt32?
    }

    let accounts: [Account]

    static let all: TransactionVectors = {
        do { return try Vectors.read("transactions", as: Self.self) } catch {
            fatalError("\(error)")
        }
    }()
}

@Suite struct TransactionTests {
    private static let rows = TransactionVectors.all.accounts.flatMap(\.transactions)

    private func transaction(_ row: TransactionVectors.Row) throws -> Transaction {
        let bytes = try #require(Base64.decode(row.boc))
        return try Transaction(BOC.parse(bytes, limits: .chain))
    }

    @Test func `a transaction says what the emulator says`() throws {
        #expect(Self.rows.count == 26)
        for row in Self.rows {
            let transaction = try transaction(row)
            #expect(transaction.hash.hex == row.hash)
            #expect(transaction.lt == row.lt)
            #expect(transaction.previousHash.hex == row.previousHash)
            #expect(transaction.previousLT == row.previousLt)
            #expect(transaction.now == row.now)
            #expect(name(transaction.statusBefore) == row.statusBefore)
            #expect(name(transaction.statusAfter) == row.statusAfter)
            #expect(transaction.totalFees == row.totalFees)
            try expect(transaction.phases, row)
            try expect(#require(transaction.incoming), row.incoming)
            #expect(transaction.outgoing.count == row.outgoing.count)
            for (message, row) in zip(transaction.outgoing, row.outgoing) {
                try expect(message, row)
            }
        }
    }

    private func name(_ status: AccountStatus) -> String {
        switch status {
        case .uninitialized: "uninitialized"
        case .frozen: "frozen"
        case .active: "active"
        case .nonexistent: "nonexist"
        }
    }

    private func expect(_ phases: TransactionPhases, _ row: TransactionVectors.Row) throws {
        #expect(phases.storage?.feesCollected == row.storageFees)
        #expect(phases.credit?.nanotons == row.credit)
        #expect(phases.isAborted == row.aborted)
        #expect(phases.isDestroyed == row.destroyed)
        switch phases.bounce {
        case nil: #expect(row.bounce == nil)
        case .sent: #expect(row.bounce == "ok")
        case .noFunds: #expect(row.bounce == "nofunds")
        case .negativeFunds: #expect(row.bounce == "negfunds")
        }
        switch phases.compute {
        case .skipped(let reason): #expect(row.computeSkipped == text(reason))
        case .executed(let execution):
            #expect(row.computeSkipped == nil)
            #expect(execution.exitCode == row.exitCode)
            #expect(execution.isSuccess == row.computeSuccess)
            #expect(execution.gasUsed == row.gasUsed)
        }
        #expect((phases.action == nil) == (row.action == nil))
        if let action = phases.action, let expected = row.action {
            #expect(action.isSuccess == expected.success)
            #expect(action.resultCode == expected.resultCode)
            #expect(action.isOutOfFunds == expected.noFunds)
            #expect(action.actionCount == expected.actions)
            #expect(action.skippedActionCount == expected.skipped)
            #expect(action.messageCount == expected.messages)
        }
    }

    private func text(_ reason: TransactionPhases.SkipReason) -> String {
        switch reason {
        case .noState: "no_state"
        case .badState: "bad_state"
        case .noGas: "no_gas"
        case .suspended: "suspended"
        }
    }

    private func expect(_ message: Message, _ row: TransactionVectors.MessageRow) throws {
        #expect(message.hash.hex == row.hash)
        #expect(message.body.hash.hex == row.bodyHash)
        #expect(message.hasStateInit == row.hasStateInit)
        #expect(try message.normalizedHash()?.hex == row.normalizedHash)
        #expect(TextComment.text(of: message.body) == row.comment)
        guard let header = message.accountHeader else {
            #expect(row.kind == "external")
            #expect(message.externalDestination?.rawText == row.destination)
            return
        }
        #expect(row.kind == "account")
        #expect(header.source.rawText == row.source)
        #expect(header.destination.rawText == row.destination)
        #expect(header.nanotons == row.nanotons)
        #expect(header.isBounceable == row.bounce)
        #expect(header.isBounced == row.bounced)
        #expect(header.forwardFee == row.forwardFee)
        #expect(header.routingFee == 0)
        #expect(!header.hasExtraCurrencies)
        #expect(header.createdLT == row.createdLt)
        #expect(header.createdAt == row.createdAt)
    }

    @Test func `an account's transactions form a chain, also past exotic cells`() throws {
        for account in TransactionVectors.all.accounts {
            var previous: Transaction?
            for row in account.transactions {
                let transaction = try transaction(row)
                #expect("0:\(transaction.accountHash)" == account.address)
                // The emulator computed this hash; here it is of the cells as they were read.
                if let previous { #expect(transaction.previousHash == previous.hash) }
                #expect(transaction.previousLT == previous?.lt ?? 0)
                previous = transaction
            }
        }
        let exotic = Self.rows.filter { row in
            (Base64.decode(row.boc).flatMap { try? BOC.parse($0) }) == nil
        }
        #expect(exotic.count == 2)
    }

    @Test func `the changes of the balance add up to the nanoton`() throws {
        for account in TransactionVectors.all.accounts {
            var balance: Int64 = 0
            for row in account.transactions {
                balance += try transaction(row).balanceChange()
                #expect(balance == row.balanceAfter, "\(account.wallet) \(row.lt)")
            }
        }
    }

    @Test func `the wallets' transactions tell which messages they executed`() throws {
        for account in TransactionVectors.all.accounts {
            let contract: WalletContract =
                switch account.wallet {
                case "v4r2": .v4r2(walletID: WalletContract.defaultWalletID)
                case "v5r1": .v5r1(on: .mainnet)
                default:
                    .highloadV3(
                        subwalletID: WalletContract.defaultSubwalletID, timeoutSeconds: 3600)
                }
            let publicKey = try #require(Hash256(hex: account.publicKey))
            let wallet = try Wallet(contract, publicKey: publicKey)
            #expect(wallet.address.rawText == account.address)
            let executed = try account.transactions.map { try transaction($0) }
                .compactMap(\.incoming).filter { $0.externalDestination != nil }
                .map { try wallet.sequence(ofBody: $0.body) }
            let data = try contract.data(Cell.of(base64: account.data))
            switch data {
            case .numbered(let seqno, let walletID, let key):
                #expect(key == publicKey)
                #expect(
                    contract == .v4r2(walletID: walletID) || contract == .v5r1(walletID: walletID))
                let seqnos = executed.map { sequence -> UInt32? in
                    if case .seqno(let seqno, _) = sequence { seqno } else { nil }
                }
                // V4R2's last message failed in its actions, which took back the step.
                let isTakenBack = account.wallet == "v4r2"
                #expect(seqnos == (0..<seqno + (isTakenBack ? 1 : 0)).map { $0 })
            case .highload(let subwalletID, let timeoutSeconds, let lastCleanTime, let key):
                #expect(key == publicKey)
                #expect(
                    contract
                        == .highloadV3(subwalletID: subwalletID, timeoutSeconds: timeoutSeconds))
                #expect(lastCleanTime > 1_800_000_000)
                let queries = executed.map { sequence -> Int? in
                    if case .query(let id, _) = sequence { id.number } else { nil }
                }
                #expect(queries == [0, 1023, 5])
            }
        }
    }

    @Test func `a highload batch is recognised by its message to the wallet itself`() throws {
        let account = try #require(
            TransactionVectors.all.accounts.first { $0.wallet == "hl3" })
        let batches = try account.transactions.compactMap { row -> (Int, Transaction)? in
            let transaction = try transaction(row)
            guard let incoming = transaction.incoming, incoming.accountHeader != nil,
                let id = Wallet.batchQueryID(ofBody: incoming.body)
            else { return nil }
            #expect(incoming.accountHeader?.source.rawText == account.address)
            return (id.number, transaction)
        }
        #expect(batches.map(\.0) == [1023, 5])
        #expect(batches.map { $0.1.outgoing.count } == [40, 0])
        // 255 actions: the query is used up and nobody is paid.
        #expect(batches[1].1.phases.action?.resultCode == 33)
    }

    @Test func `a cell that is no transaction is refused`() throws {
        #expect(throws: CellError.self) { try Transaction(.empty) }
        let row = try #require(Self.rows.first)
        let root = try BOC.parse(#require(Base64.decode(row.boc)), limits: .chain)
        #expect(throws: CellError.self) { try Transaction(root.references[0]) }
        #expect(throws: CellError.self) { try Message(root) }
    }
}
