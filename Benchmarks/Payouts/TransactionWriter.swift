// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON

/// Writes an account's transactions: those of its fields that Teller reads.
///
/// Source: `Transaction` in TON's `crypto/block/block.tlb`.
struct TransactionWriter {
    private static let outgoingKeyBits = 15
    private static let active: UInt64 = 0b10

    private let account: TONAddress
    var lt: UInt64 = 1_000
    /// The transaction before; zeros before the first.
    var previous = (hash: Hash256(bytes: [UInt8](repeating: 0, count: 32)), lt: UInt64(0))

    init(_ account: TONAddress) { self.account = account }

    private var now: UInt64 { UInt64(Date().timeIntervalSince1970) }

    /// A message between accounts, not bounceable, that costs nothing on its way.
    func message(_ order: PaymentOrder, from source: TONAddress) throws -> Cell {
        var builder = CellBuilder()
        try builder.store(0b0100, bits: 4)
        try builder.store(source)
        try builder.store(order.destination)
        try builder.store(coins: order.nanotons)
        // No extra currencies and no fees.
        try builder.store(0, bits: 1 + 4 + 4)
        try builder.store(lt + 1, bits: 64)
        try builder.store(now, bits: 32)
        // No state init; the body stands in a cell of its own.
        try builder.store(0b01, bits: 2)
        try builder.store(reference: order.body)
        return try builder.cell()
    }

    func transaction(incoming: Cell, outgoing: [Cell]) throws -> Cell {
        var messages = CellBuilder()
        try messages.store(optional: incoming)
        let dictionary =
            outgoing.isEmpty
            ? nil : try Self.dictionary(outgoing[...], keyBits: Self.outgoingKeyBits)
        try messages.store(optional: dictionary)

        var builder = CellBuilder()
        try builder.store(0b0111, bits: 4)
        try builder.store(account.accountHash)
        try builder.store(lt, bits: 64)
        if let hash = previous.hash { try builder.store(hash) }
        try builder.store(previous.lt, bits: 64)
        try builder.store(now, bits: 32)
        try builder.store(UInt64(outgoing.count), bits: Self.outgoingKeyBits)
        try builder.store(Self.active << 2 | Self.active, bits: 4)
        try builder.store(reference: try messages.cell())
        // No fees, no extra currencies; the state's hashes are left out.
        try builder.store(coins: 0)
        try builder.store(bit: false)
        try builder.store(reference: .empty)
        try builder.store(reference: try Self.phases())
        return try builder.cell()
    }

    /// Ordinary, executed without an error and without gas.
    private static func phases() throws -> Cell {
        var details = CellBuilder()
        // Gas used and its limit, no credit, the mode, the exit code, and what is not read.
        try details.store(0, bits: 3 + 3 + 1 + 8)
        try details.store(0, bits: 32)
        var builder = CellBuilder()
        // Neither storage nor credit phase.
        try builder.store(0b0000_0_0_0, bits: 7)
        // Executed, successfully, with the state there was, for no fee.
        try builder.store(0b1_1_0_0, bits: 4)
        try builder.store(coins: 0)
        try builder.store(reference: try details.cell())
        // No action phase; neither aborted, bounced nor destroyed.
        try builder.store(0, bits: 4)
        return try builder.cell()
    }

    /// `Hashmap n ^X` of the keys from the slice's first index to its last.
    private static func dictionary(_ values: ArraySlice<Cell>, keyBits: Int) throws -> Cell {
        let (first, last) = (values.startIndex, values.endIndex - 1)
        let mask = 1 << keyBits - 1
        let differing = Int.bitWidth - ((first ^ last) & mask).leadingZeroBitCount
        var builder = CellBuilder()
        // A long label: its length, then what the keys have in common.
        try builder.store(0b10, bits: 2)
        try builder.store(
            UInt64(keyBits - differing), bits: Int.bitWidth - keyBits.leadingZeroBitCount)
        try builder.store(UInt64((first & mask) >> differing), bits: keyBits - differing)
        guard differing > 0 else {
            try builder.store(reference: values[first])
            return try builder.cell()
        }
        let middle = last & -(1 << (differing - 1))
        try builder.store(reference: try dictionary(values[..<middle], keyBits: differing - 1))
        try builder.store(reference: try dictionary(values[middle...], keyBits: differing - 1))
        return try builder.cell()
    }
}
