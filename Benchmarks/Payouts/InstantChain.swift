// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Synchronization
import TON
import TONPayments
import TellerProtocol

/// A chain with one account, the hot wallet, that executes each message the moment it is sent, for
/// no fee: what is left to measure is Teller.
///
/// Its transactions are such as Teller reads from a real chain, each the hash of the one before;
/// what Teller doesn't read in them is left empty. Signatures are not checked.
final class InstantChain: WalletChain {
    private struct State {
        var balance: UInt64 = 0
        var seqno: UInt32 = 0
        var queries: Set<HighloadQueryID> = []
        var transactions: [(newest: WalletState.Newest, boc: [UInt8])] = []
        var writer: TransactionWriter
        /// What has arrived, by recipient, in nanotons.
        var received: [TONAddress: [UInt64]] = [:]
    }

    private let wallet: Wallet
    private let isHighload: Bool
    private let state: Mutex<State>

    /// - Parameter balance: what the wallet's first transaction brings, in nanotons.
    init(_ wallet: Wallet, balance: UInt64) throws {
        self.wallet = wallet
        isHighload = if case .highloadV3 = wallet.contract { true } else { false }
        var first = State(writer: TransactionWriter(wallet.address))
        let giver = TONAddress(workchain: 0, accountHash: wallet.publicKey)
        try Self.append(
            incoming: try first.writer.message(
                PaymentOrder(to: wallet.address, nanotons: balance, body: .empty), from: giver),
            outgoing: [], &first)
        first.balance = balance
        state = Mutex(first)
    }

    func state() async throws(WalletChainError) -> WalletState {
        let now = Int64(Date().timeIntervalSince1970)
        return state.withLock { state in
            WalletState(
                time: now, balance: Nanotons(Int64(clamping: state.balance)) ?? .zero,
                newest: state.transactions.last?.newest,
                seqno: isHighload ? nil : Int64(state.seqno), isDeployed: true)
        }
    }

    func transactions(
        after last: WalletState.Newest?, upTo newest: WalletState.Newest
    ) async throws(WalletChainError) -> [[UInt8]] {
        state.withLock { state in
            // They are few at the end of many.
            let rows = state.transactions.reversed().prefix { $0.newest.lt > last?.lt ?? 0 }
            return rows.filter { $0.newest.lt <= newest.lt }.reversed().map(\.boc)
        }
    }

    func send(_ message: [UInt8]) async throws(WalletChainError) {
        do {
            try state.withLock { state in try execute(message, &state) }
        } catch {
            throw WalletChainError("\(error)")
        }
    }

    /// What has arrived at an address, each payment in nanotons.
    func received(by address: TONAddress) -> [UInt64] {
        state.withLock { $0.received[address] ?? [] }
    }

    // MARK: - Executing

    private func execute(_ bytes: [UInt8], _ state: inout State) throws {
        let cell = try BOC.parse(bytes)
        let body = try Message(cell).body
        switch try wallet.sequence(ofBody: body) {
        case .seqno(let seqno, _):
            guard seqno == state.seqno else { throw WalletChainError("refused: seqno") }
            state.seqno += 1
        case .query(let query, _):
            guard state.queries.insert(query).inserted else {
                throw WalletChainError("refused: query")
            }
        }
        let orders = try PaymentOrder.all(inBody: body, of: wallet.contract)
        try send(orders, for: cell, &state)
        guard let batch = orders.first, batch.destination == wallet.address else { return }
        let incoming = try state.writer.message(batch, from: wallet.address)
        state.balance += batch.nanotons
        var list = try CellSlice(batch.body)
        try list.skip(32 + 64)
        try send(PaymentOrder.list(try list.loadReference()), for: incoming, &state)
    }

    private func send(_ orders: [PaymentOrder], for incoming: Cell, _ state: inout State) throws {
        state.writer.lt += 1_000
        var outgoing: [Cell] = []
        for order in orders {
            guard order.nanotons <= state.balance else { throw WalletChainError("no money") }
            state.balance -= order.nanotons
            outgoing.append(try state.writer.message(order, from: wallet.address))
            state.received[order.destination, default: []].append(order.nanotons)
        }
        try Self.append(incoming: incoming, outgoing: outgoing, &state)
    }

    private static func append(incoming: Cell, outgoing: [Cell], _ state: inout State) throws {
        let root = try state.writer.transaction(incoming: incoming, outgoing: outgoing)
        let newest = WalletState.Newest(
            lt: LogicalTime(clamping: state.writer.lt), hash: root.hash.hex)
        state.transactions.append((newest, BOC.serialize(root)))
        state.writer.previous = (root.hash, state.writer.lt)
    }
}

/// What a wallet is told to send.
struct PaymentOrder {
    let destination: TONAddress
    let nanotons: UInt64
    let body: Cell

    init(to destination: TONAddress, nanotons: UInt64, body: Cell) {
        self.destination = destination
        self.nanotons = nanotons
        self.body = body
    }

    /// Reads `MessageRelaxed`, as Teller writes it.
    private init(_ cell: Cell) throws {
        var slice = try CellSlice(cell)
        try slice.skip(4 + 2)
        guard let destination = try slice.loadAddress() else {
            throw WalletChainError("no destination")
        }
        self.destination = destination
        nanotons = try slice.loadCoins()
        try slice.skip(1 + 4 + 4 + 64 + 32 + 1)
        body = try slice.loadBit() ? try slice.loadReference() : try slice.remainder()
    }

    static func all(inBody body: Cell, of contract: WalletContract) throws -> [Self] {
        var slice = try CellSlice(body)
        switch contract {
        case .v4r2:
            try slice.skip(512 + 3 * 32 + 8)
            var orders: [Self] = []
            while slice.referencesLeft > 0 { orders.append(try Self(slice.loadReference())) }
            return orders
        case .v5r1:
            try slice.skip(4 * 32)
            guard let actions = try slice.loadOptionalReference() else { return [] }
            return try list(actions)
        case .highloadV3:
            var signed = try CellSlice(try slice.loadReference())
            return [try Self(signed.loadReference())]
        }
    }

    /// Reads a list of actions, each of which refers to those before it.
    static func list(_ actions: Cell) throws -> [Self] {
        var orders: [Self] = []
        var actions = actions
        while actions.references.count == 2 {
            orders.append(try Self(actions.references[1]))
            actions = actions.references[0]
        }
        return orders.reversed()
    }
}
