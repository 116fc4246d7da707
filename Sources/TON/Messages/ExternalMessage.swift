// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A message from outside to a wallet.
package struct ExternalMessage: Hashable, Sendable {
    package let destination: TONAddress
    /// Deploys the wallet when it isn't yet.
    package let stateInit: StateInit?
    package let body: Cell

    package init(destination: TONAddress, stateInit: StateInit? = nil, body: Cell) {
        self.destination = destination
        self.stateInit = stateInit
        self.body = body
    }

    /// The message with state init and body in cells of their own.
    ///
    /// - Throws: `tooDeep`.
    package func cell() throws(CellError) -> Cell {
        try Self.cell(destination: destination, stateInit: stateInit?.cell(), body: body)
    }

    /// The hash of TEP-467, which stays the same whatever relays do to the fields that the
    /// signature doesn't cover: it depends on destination and body alone.
    package func normalizedHash() throws(CellError) -> Hash256 {
        try Self.cell(destination: destination, stateInit: nil, body: body).hash
    }

    private static func cell(
        destination: TONAddress, stateInit: Cell?, body: Cell
    ) throws(CellError) -> Cell {
        var builder = CellBuilder()
        // ext_in_msg_info$10, no source.
        try builder.store(0b10, bits: 2)
        try builder.store(nil)
        try builder.store(destination)
        try builder.store(coins: 0)
        if let stateInit {
            try builder.store(0b11, bits: 2)
            try builder.store(reference: stateInit)
        } else {
            try builder.store(bit: false)
        }
        try builder.store(bit: true)
        try builder.store(reference: body)
        return try builder.cell()
    }
}
