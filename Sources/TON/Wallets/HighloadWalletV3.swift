// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The bodies of messages to highload wallet v3, from outside and from itself.
enum HighloadWalletV3 {
    private static let internalTransfer: UInt64 = 0xAE42_E5A4

    /// What is signed.
    ///
    /// - Parameter message: the one message that the wallet is to send.
    static func signedPart(
        subwalletID: UInt32, timeoutSeconds: UInt32, queryID: UInt64, createdAt: UInt64,
        message: Cell, mode: UInt8 = SendMode.payment
    ) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(UInt64(subwalletID), bits: 32)
        try builder.store(reference: message)
        try builder.store(UInt64(mode), bits: 8)
        try builder.store(queryID, bits: 23)
        try builder.store(createdAt, bits: 64)
        try builder.store(UInt64(timeoutSeconds), bits: 22)
        return try builder.cell()
    }

    static func body(signedPart: Cell, signature: [UInt8]) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(signature)
        try builder.store(reference: signedPart)
        return try builder.cell()
    }

    /// The body of the wallet's message to itself that makes it send `messages`.
    static func batchBody(
        queryID: UInt64, messages: [Cell], mode: UInt8 = SendMode.payment
    ) throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(internalTransfer, bits: 32)
        try builder.store(queryID, bits: 64)
        try builder.store(reference: try OutList.cell(messages, mode: mode))
        return try builder.cell()
    }

    static func sequence(
        ofBody body: Cell, subwalletID: UInt32
    ) throws(CellError) -> TransferSequence {
        var outer = try CellSlice(body)
        try outer.skip(512)
        var slice = try CellSlice(try outer.loadReference())
        guard try slice.loadUInt32() == subwalletID else { throw .malformed("subwallet id") }
        // The mode.
        try slice.skip(8)
        guard let queryID = HighloadQueryID(rawValue: try slice.loadUInt(23)) else {
            throw .malformed("query id")
        }
        return .query(queryID, createdAt: try slice.loadUInt(64))
    }

    static func batchQueryID(ofBody body: Cell) -> HighloadQueryID? {
        guard var slice = try? CellSlice(body),
            let operation = try? slice.loadUInt(32), operation == internalTransfer,
            let queryID = try? slice.loadUInt(64)
        else { return nil }
        return HighloadQueryID(rawValue: queryID)
    }
}
