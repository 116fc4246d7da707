// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How a wallet sends its messages: there is one way only.
enum SendMode {
    /// Fees are paid apart (1), so that the recipient gets exactly the amount, and errors are
    /// ignored (2): without that a payment that can't be made takes back the wallet's step to its
    /// next seqno, and the same message can be executed again and again.
    static let payment: UInt8 = 3
}

/// A list of actions: each cell holds one and refers to those before it.
enum OutList {
    private static let sendMessage: UInt64 = 0x0EC3_C86D

    /// Sends `messages` in their order.
    static func cell(_ messages: [Cell], mode: UInt8) throws(CellError) -> Cell {
        var list = Cell.empty
        for message in messages {
            var builder = CellBuilder()
            try builder.store(sendMessage, bits: 32)
            try builder.store(UInt64(mode), bits: 8)
            try builder.store(reference: list)
            try builder.store(reference: message)
            list = try builder.cell()
        }
        return list
    }
}
