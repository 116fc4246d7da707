// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A message from the wallet to another account, as the wallet is told to send it.
///
/// The chain fills in the source, the fees and the times, so the message in the transaction has
/// another hash; what stays the same is destination, value and body.
package struct InternalMessage: Hashable, Sendable {
    package let destination: TONAddress
    /// Whether what can't be taken comes back.
    package let isBounceable: Bool
    package let nanotons: UInt64
    package let body: Cell

    package init(destination: TONAddress, isBounceable: Bool, nanotons: UInt64, body: Cell) {
        self.destination = destination
        self.isBounceable = isBounceable
        self.nanotons = nanotons
        self.body = body
    }

    /// `MessageRelaxed`; the body stands in the same cell when it fits.
    ///
    /// - Throws: `tooDeep`.
    package func cell() throws(CellError) -> Cell {
        var builder = CellBuilder()
        // int_msg_info$0, IHR disabled, bounce, not bounced; the source is left to the chain.
        try builder.store(isBounceable ? 0b0110 : 0b0100, bits: 4)
        try builder.store(nil)
        try builder.store(destination)
        try builder.store(coins: nanotons)
        // No extra currencies, no IHR fee, no forward fee, no logical and no real time.
        try builder.store(0, bits: 1 + 4 + 4)
        try builder.store(0, bits: 64)
        try builder.store(0, bits: 32)
        // No state init.
        try builder.store(bit: false)
        if body.kind == .ordinary, body.bitCount < builder.freeBits {
            try builder.store(bit: false)
            try builder.store(CellSlice(body))
        } else {
            try builder.store(bit: true)
            try builder.store(reference: body)
        }
        return try builder.cell()
    }
}
