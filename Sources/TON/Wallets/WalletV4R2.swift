// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The bodies of messages to wallet V4R2.
enum WalletV4R2 {
    /// What is signed.
    static func signedPart(
        walletID: UInt32, seqno: UInt32, validUntil: UInt32, messages: [Cell],
        mode: UInt8 = SendMode.payment
    ) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(UInt64(walletID), bits: 32)
        try builder.store(UInt64(validUntil), bits: 32)
        try builder.store(UInt64(seqno), bits: 32)
        // Operation 0: send.
        try builder.store(0, bits: 8)
        for message in messages {
            try builder.store(UInt64(mode), bits: 8)
            try builder.store(reference: message)
        }
        return try builder.cell()
    }

    static func body(signedPart: Cell, signature: [UInt8]) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(signature)
        try builder.store(CellSlice(signedPart))
        return try builder.cell()
    }

    static func sequence(
        ofBody body: Cell, walletID: UInt32
    ) throws(CellError) -> TransferSequence {
        var slice = try CellSlice(body)
        try slice.skip(512)
        guard try slice.loadUInt32() == walletID else { throw .malformed("wallet id") }
        let validUntil = try slice.loadUInt32()
        return .seqno(try slice.loadUInt32(), validUntil: validUntil)
    }
}
