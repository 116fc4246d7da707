// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The bodies of messages to wallet V5R1.
enum WalletV5R1 {
    private static let signedExternal: UInt64 = 0x7369_676E

    /// What is signed.
    static func signedPart(
        walletID: UInt32, seqno: UInt32, validUntil: UInt32, messages: [Cell],
        mode: UInt8 = SendMode.payment
    ) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(signedExternal, bits: 32)
        try builder.store(UInt64(walletID), bits: 32)
        try builder.store(UInt64(validUntil), bits: 32)
        try builder.store(UInt64(seqno), bits: 32)
        try builder.store(optional: try OutList.cell(messages, mode: mode))
        // No other actions.
        try builder.store(bit: false)
        return try builder.cell()
    }

    static func body(signedPart: Cell, signature: [UInt8]) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(CellSlice(signedPart))
        try builder.store(signature)
        return try builder.cell()
    }

    static func sequence(
        ofBody body: Cell, walletID: UInt32
    ) throws(CellError) -> TransferSequence {
        var slice = try CellSlice(body)
        guard try slice.loadUInt(32) == signedExternal else { throw .malformed("operation") }
        guard try slice.loadUInt32() == walletID else { throw .malformed("wallet id") }
        let validUntil = try slice.loadUInt32()
        return .seqno(try slice.loadUInt32(), validUntil: validUntil)
    }
}
